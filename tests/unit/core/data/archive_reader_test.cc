#include "core/data/archive_reader.h"

#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/files.h"
#include "core/data/archive_names.h"
#include "core/data/unicode.h"
#include "tests/fakes/archive_builder.h"

namespace graft::data {
namespace {

using testing::HasSubstr;

constexpr ArchiveFormat kFormats[] = {ArchiveFormat::kTar, ArchiveFormat::kTarGz,
                                      ArchiveFormat::kZip};

constexpr size_t kZeros = 70 << 20;  // past where ratios begin to matter

struct Result {
  absl::Status status;
  std::vector<ArchiveEntry> entries;
};

Result ReadBytes(const std::string& bytes, const ArchiveLimits& limits = {}) {
  const TempDirectory folder = TempDirectory::Create().value();
  WriteTestFile(folder.path() / "upload", bytes);
  Result result;
  result.status = ReadArchive(folder.path() / "upload", limits, [&](ArchiveEntry&& entry) {
    result.entries.push_back(std::move(entry));
    return absl::OkStatus();
  });
  return result;
}

std::string OneTar(const std::string& name) { return TarEntry(name, "x") + TarEnd(); }

std::string Noise(size_t size) {
  std::string bytes(size, '\0');
  uint32_t state = 1;
  for (char& c : bytes) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

TEST(ArchiveReaderTest, EveryFormatGivesTheSameEntries) {
  const std::string large = Noise(300'000);
  for (const ArchiveFormat format : kFormats) {
    const Result result = ReadBytes(MakeArchive(
        format, {{"cats", "", FakeEntryType::kFolder},
                 {"./cats/1.jpg", "one"},
                 {"cats//2.jpg", large},
                 {"cats/empty.jpg", ""},
                 {"cats/.DS_Store", "junk"},
                 {"__MACOSX/cats/._1.jpg", "junk"},
                 {"cats/Thumbs.db", "junk"},
                 {"more.zip", "PK"},
                 {std::string(200, 'd') + "/" + std::string(200, 'f') + ".jpg", "long name"}}));
    ASSERT_TRUE(result.status.ok()) << result.status;
    const struct {
      std::string name;
      ArchiveEntryKind kind;
      std::string bytes;
    } expected[] = {
        {"cats", ArchiveEntryKind::kFolder, ""},
        {"cats/1.jpg", ArchiveEntryKind::kFile, "one"},
        {"cats/2.jpg", ArchiveEntryKind::kFile, large},
        {"cats/empty.jpg", ArchiveEntryKind::kFile, ""},
        {"cats/.DS_Store", ArchiveEntryKind::kHidden, ""},
        {"__MACOSX/cats/._1.jpg", ArchiveEntryKind::kHidden, ""},
        {"cats/Thumbs.db", ArchiveEntryKind::kHidden, ""},
        {"more.zip", ArchiveEntryKind::kArchive, ""},
        {std::string(200, 'd') + "/" + std::string(200, 'f') + ".jpg", ArchiveEntryKind::kFile,
         "long name"},
    };
    ASSERT_EQ(result.entries.size(), std::size(expected));
    for (size_t i = 0; i < result.entries.size(); ++i) {
      EXPECT_EQ(result.entries[i].name, expected[i].name);
      EXPECT_EQ(result.entries[i].kind, expected[i].kind) << expected[i].name;
      EXPECT_EQ(result.entries[i].bytes, expected[i].bytes) << expected[i].name;
    }
  }
}

// What is hidden is nobody's picture, whatever it is.
TEST(ArchiveReaderTest, HiddenLinksAndPipesAreHiddenAndNoMore) {
  for (const std::string& bytes :
       {MakeArchive(ArchiveFormat::kTar,
                    {{"cats/1.jpg", "one"}, {".cache", "/etc", FakeEntryType::kSymlink}}),
        MakeArchive(ArchiveFormat::kZip,
                    {{"cats/1.jpg", "one"}, {"__MACOSX/x", "/etc", FakeEntryType::kSymlink}}),
        TarEntry("cats/1.jpg", "one") + TarHeader(".pipe", TarSize(0), '6') + TarEnd()}) {
    const Result result = ReadBytes(bytes);
    ASSERT_TRUE(result.status.ok()) << result.status;
    ASSERT_EQ(result.entries.size(), 2u);
    EXPECT_EQ(result.entries[0].bytes, "one");
    EXPECT_EQ(result.entries[1].kind, ArchiveEntryKind::kHidden);
    EXPECT_EQ(result.entries[1].bytes, "");
  }
}

TEST(ArchiveReaderTest, TwiceWithoutAccentsIsNotPutDownToAccents) {
  const Result result =
      ReadBytes(TarEntry("./cats/1.jpg", "x") + TarEntry("cats/1.jpg", "y") + TarEnd());
  EXPECT_EQ(result.status.message(), "'cats/1.jpg' is there twice");
}

// The process runs in the C locale, in which libarchive converts no name to "multibyte".
TEST(ArchiveReaderTest, NamesInUtf8AreReadInAnyLocale) {
  const std::string name = "K\xC3\xB6ln/\xE7\x8C\xAB.jpg";
  std::string zip = MakeArchive(ArchiveFormat::kZip, {{name, "x"}});
  std::string flagged = zip;
  SetZipFlags(flagged, kZipUtf8);
  const std::string pax = PaxHeader({{"path", name}}) + TarEntry("ascii", "x") + TarEnd();
  for (const std::string& bytes : {OneTar(name), pax, zip, flagged}) {
    const Result result = ReadBytes(bytes);
    ASSERT_TRUE(result.status.ok()) << result.status;
    ASSERT_EQ(result.entries.size(), 1u);
    EXPECT_EQ(result.entries[0].name, name);
    EXPECT_EQ(result.entries[0].bytes, "x");
  }
}

TEST(ArchiveReaderTest, HolesOfASparseFileAreZeros) {
  // GNU sparse 1.0: the map (one piece of 3 bytes at 1,000) stands before the data.
  std::string map = "1\n1000\n3\n";
  map.resize(512);
  const std::string tar = PaxHeader({{"GNU.sparse.major", "1"},
                                     {"GNU.sparse.minor", "0"},
                                     {"GNU.sparse.name", "cats/1.jpg"},
                                     {"GNU.sparse.realsize", "1003"}}) +
                          TarEntry("GNUSparseFile.0/1.jpg", map + "abc") + TarEnd();
  const Result result = ReadBytes(tar);
  ASSERT_TRUE(result.status.ok()) << result.status;
  ASSERT_EQ(result.entries.size(), 1u);
  EXPECT_EQ(result.entries[0].name, "cats/1.jpg");
  EXPECT_EQ(result.entries[0].bytes, std::string(1000, '\0') + "abc");
}

TEST(ArchiveReaderTest, AnErrorOfTheVisitorEndsTheReading) {
  const TempDirectory folder = TempDirectory::Create().value();
  WriteTestFile(folder.path() / "upload",
                MakeArchive(ArchiveFormat::kTar, {{"a", "1"}, {"b", "2"}, {"c", "3"}}));
  int visited = 0;
  const absl::Status status = ReadArchive(folder.path() / "upload", {}, [&](ArchiveEntry&&) {
    return ++visited == 2 ? absl::CancelledError("enough") : absl::OkStatus();
  });
  EXPECT_EQ(status, absl::CancelledError("enough"));
  EXPECT_EQ(visited, 2);
}

TEST(ArchiveReaderTest, AnAbandonedReadingEndsWhereverItIs) {
  const TempDirectory folder = TempDirectory::Create().value();
  const std::vector<FakeEntry> hidden = {{".a", Noise(1 << 20)}, {"b", "x"}};
  for (const std::string& bytes :
       {Gzip(TarEntry("a", "x") + TarEnd() + std::string(kZeros, '\0')),
        TarEntry("a", "x") + TarEnd() + std::string(1 << 20, '\0'),
        MakeArchive(ArchiveFormat::kZip, hidden), MakeArchive(ArchiveFormat::kTar, hidden)}) {
    WriteTestFile(folder.path() / "upload", bytes);
    int polled = 0;
    const absl::Status status = ReadArchive(
        folder.path() / "upload", {}, [](ArchiveEntry&&) { return absl::OkStatus(); },
        [&] { return ++polled == 2; });
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
    EXPECT_EQ(polled, 2);
  }
}

TEST(ArchiveReaderTest, ConcatenatedTarsAreReadToTheEnd) {
  const Result result = ReadBytes(TarEntry("a", "1") + TarEnd() + TarEntry("b", "2") + TarEnd());
  ASSERT_TRUE(result.status.ok()) << result.status;
  EXPECT_EQ(result.entries.size(), 2u);
}

// What one file of an archive turns out to be.
ArchiveEntry OnlyEntry(const std::string& bytes, const ArchiveLimits& limits = {}) {
  Result result = ReadBytes(bytes, limits);
  EXPECT_TRUE(result.status.ok()) << result.status;
  EXPECT_EQ(result.entries.size(), 1u);
  return result.entries.empty() ? ArchiveEntry() : std::move(result.entries[0]);
}

TEST(ArchiveReaderTest, AFileOfANameThatCannotBeIsLeftOutNotTheArchive) {
  const auto zip = [](const std::string& name) {
    return MakeArchive(ArchiveFormat::kZip, {{name, "x"}});
  };
  std::string deep;
  for (int i = 0; i < 32; ++i) deep += "d/";
  const struct {
    std::string bytes;
    const char* name;
    const char* reason;
  } cases[] = {
      {OneTar("cats/\xFF\xFE.jpg"), "cats/??.jpg", "not in UTF-8"},
      {OneTar("cats/\xC0\xAF.jpg"), "cats/??.jpg", "not in UTF-8"},
      {zip("K\x94ter/1.jpg"), "K?ter/1.jpg", "zips with UTF-8 names"},  // code page 850
      {OneTar("cats/a\\b.jpg"), "cats/a\\b.jpg", "backslash"},
      {OneTar("cats/\x1B[31m.jpg"), "cats/?[31m.jpg", "control characters"},
      {zip("cats/" + std::string(766, 'n')), "", "more than 765 bytes"},
      {zip(deep + "x.jpg"), "", "more than 32 folders"},
  };
  for (const auto& [bytes, name, reason] : cases) {
    const ArchiveEntry entry = OnlyEntry(bytes);
    EXPECT_EQ(entry.kind, ArchiveEntryKind::kUnusable);
    if (*name != '\0') {
      EXPECT_EQ(entry.name, name);
    }
    EXPECT_THAT(entry.reason, HasSubstr(reason));
    EXPECT_TRUE(IsValidUtf8(entry.name));
    EXPECT_EQ(entry.bytes, "");
  }
}

TEST(ArchiveReaderTest, NamesAreAsLongAsSystemsMakeThem) {
  std::string cats;
  for (int i = 0; i < 255; ++i) cats += "\xE7\x8C\xAB";
  for (const ArchiveFormat format : kFormats) {
    const ArchiveEntry entry = OnlyEntry(MakeArchive(format, {{cats + "/" + cats, "x"}}));
    EXPECT_EQ(entry.kind, ArchiveEntryKind::kFile) << entry.reason;
    EXPECT_EQ(entry.name, cats + "/" + cats);
  }
}

TEST(ArchiveReaderTest, BackslashesOfAZipAreSlashes) {
  EXPECT_EQ(OnlyEntry(MakeArchive(ArchiveFormat::kZip, {{"photos/cats\\0.jpg", "x"}})).name,
            "photos/cats/0.jpg");
}

TEST(ArchiveReaderTest, AnEntryForTheRootIsPassedOver) {
  for (const char* root : {"/", "//", "./", "/./"}) {
    const Result result = ReadBytes(MakeArchive(
        ArchiveFormat::kZip, {{root, "", FakeEntryType::kFolder}, {"cats/1.jpg", "x"}}));
    ASSERT_TRUE(result.status.ok()) << result.status;
    EXPECT_EQ(result.entries.size(), 1u);
  }
}

TEST(ArchiveReaderTest, NamesThatDifferInCaseOnlyAreTwoFiles) {
  const Result result =
      ReadBytes(TarEntry("a/IMG_1.jpg", "x") + TarEntry("a/IMG_1.JPG", "y") + TarEnd());
  ASSERT_TRUE(result.status.ok()) << result.status;
  EXPECT_EQ(result.entries.size(), 2u);
}

TEST(ArchiveReaderTest, NamesComeInOneNormalForm) {
  for (const ArchiveFormat format : kFormats) {
    EXPECT_EQ(OnlyEntry(MakeArchive(format, {{"Cafe\xCC\x81/1.jpg", "x"}})).name,
              "Caf\xC3\xA9/1.jpg");
  }
}

TEST(ArchiveReaderTest, AFileThatIsTooLargeIsLeftOutNotTheArchive) {
  ArchiveLimits limits;
  limits.max_entry_bytes = 1'000;
  for (const ArchiveFormat format : kFormats) {
    const Result result = ReadBytes(
        MakeArchive(format, {{"a.mov", std::string(1'001, 'x')}, {"b.jpg", "good"}}), limits);
    ASSERT_TRUE(result.status.ok()) << result.status;
    ASSERT_EQ(result.entries.size(), 2u);
    EXPECT_EQ(result.entries[0].kind, ArchiveEntryKind::kUnusable);
    EXPECT_THAT(result.entries[0].reason, HasSubstr("has 1001 bytes, at most 1000 are allowed"));
    EXPECT_EQ(result.entries[1].bytes, "good");
  }
}

TEST(ArchiveReaderTest, AHardLinkSaysWhatItIsALinkTo) {
  const Result result = ReadBytes(MakeArchive(
      ArchiveFormat::kTar, {{"a.jpg", "x"}, {"b.jpg", "./a.jpg", FakeEntryType::kHardLink}}));
  ASSERT_TRUE(result.status.ok()) << result.status;
  ASSERT_EQ(result.entries.size(), 2u);
  EXPECT_EQ(result.entries[1].kind, ArchiveEntryKind::kHardLink);
  EXPECT_EQ(result.entries[1].name, "b.jpg");
  EXPECT_EQ(result.entries[1].target, "a.jpg");
  EXPECT_FALSE(ReadBytes(MakeArchive(ArchiveFormat::kTar,
                                     {{"b.jpg", "../../a.jpg", FakeEntryType::kHardLink}}))
                   .status.ok());
}

// Method 9 is Deflate64, which Windows takes for files of more than 2 GB.
TEST(ArchiveReaderTest, APackingThatIsNotKnownIsNamedWithAdvice) {
  std::string zip = MakeArchive(ArchiveFormat::kZip, {{"a.mov", "film"}, {"b.jpg", "good"}});
  zip[zip.find("PK\x03\x04") + 8] = 9;
  zip[zip.find("PK\x01\x02") + 10] = 9;
  const Result result = ReadBytes(zip);
  ASSERT_TRUE(result.status.ok()) << result.status;
  ASSERT_EQ(result.entries.size(), 2u);
  EXPECT_EQ(result.entries[0].kind, ArchiveEntryKind::kUnusable);
  EXPECT_THAT(result.entries[0].reason, HasSubstr("as a tar or as a zip with the method Deflate"));
  EXPECT_EQ(result.entries[1].bytes, "good");
}

// A zip64 whose locator says 0 disks, as OneDrive's, is read; see zip64_locator.h.
TEST(ArchiveReaderTest, AZip64OfOneDriveIsRead) {
  const std::string zip = MakeArchive(ArchiveFormat::kZip, {{"cats/1.jpg", "x"}});
  const size_t end = zip.rfind("PK\5\6");
  const auto number = [](uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text.push_back(static_cast<char>(value >> (8 * i)));
    return text;
  };
  const auto field = [&](size_t at, int bytes) {
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; --i)
      value = value << 8 | static_cast<uint8_t>(zip[end + at + i]);
    return value;
  };
  for (const int disks : {0, 1}) {
    std::string wide = zip.substr(0, end);
    wide += "PK\6\6" + number(44, 8) + number(45, 2) + number(45, 2) + number(0, 8) +
            number(field(10, 2), 8) + number(field(10, 2), 8) + number(field(12, 4), 8) +
            number(field(16, 4), 8);
    wide += "PK\6\7" + number(0, 4) + number(end, 8) + number(disks, 4);
    wide += "PK\5\6" + number(0, 4) + number(0xFFFF, 2) + number(0xFFFF, 2) +
            number(0xFFFFFFFF, 4) + number(0xFFFFFFFF, 4) + number(0, 2);
    const ArchiveEntry entry = OnlyEntry(wide);
    EXPECT_EQ(entry.name, "cats/1.jpg") << disks;
    EXPECT_EQ(entry.bytes, "x");
  }
}

// An archive that is made when it is read: every case of the program would wait for large ones that
// are made with the list of cases.
class MadeLate {
 public:
  MadeLate(std::string bytes)  // NOLINT(google-explicit-constructor): a small archive is itself
      : make_([bytes = std::move(bytes)] { return bytes; }) {}
  MadeLate(const char* bytes)  // NOLINT(google-explicit-constructor): likewise
      : MadeLate(std::string(bytes)) {}
  explicit MadeLate(std::function<std::string()> make) : make_(std::move(make)) {}
  std::string bytes() const { return make_(); }

 private:
  std::function<std::string()> make_;
};

struct BadArchive {
  const char* title;
  MadeLate archive;
  const char* message;
  absl::StatusCode code = absl::StatusCode::kInvalidArgument;
  ArchiveLimits limits = {};
};

void PrintTo(const BadArchive& bad, std::ostream* out) { *out << bad.title; }

class BadArchiveTest : public testing::TestWithParam<BadArchive> {};

TEST_P(BadArchiveTest, IsRefusedWithTheCause) {
  const Result result = ReadBytes(GetParam().archive.bytes(), GetParam().limits);
  EXPECT_EQ(result.status.code(), GetParam().code) << result.status;
  EXPECT_THAT(std::string(result.status.message()), HasSubstr(GetParam().message));
  for (const char c : result.status.message()) EXPECT_GE(static_cast<unsigned char>(c), ' ');
  EXPECT_TRUE(IsValidUtf8(result.status.message()));
}

std::vector<BadArchive> BadNames() {
  const auto tar = [](const char* title, const std::string& name, const char* message) {
    return BadArchive{title, OneTar(name), message};
  };
  const auto zip = [](const char* title, const std::string& name, const char* message) {
    return BadArchive{title, MakeArchive(ArchiveFormat::kZip, {{name, "x"}}), message};
  };
  return {
      zip("ZipSlip", "../../etc/passwd", "'../../etc/passwd' leads out of the archive"),
      tar("TarSlip", "cats/../../x.jpg", "leads out of the archive"),
      zip("AbsoluteInZip", "/etc/passwd", "is an absolute path"),
      tar("AbsoluteInTar", "/etc/passwd", "is an absolute path"),
      zip("DriveLetter", "C:/windows/x.jpg", "is an absolute path"),
      tar("BackslashSlip", "..\\..\\x.jpg", "leads out of the archive"),
      zip("BackslashSlipInZip", "cats\\..\\..\\x.jpg", "leads out of the archive"),
      zip("BackslashRoot", "\\windows\\x.jpg", "is an absolute path"),
      {"Twice", TarEntry("a/1.jpg", "x") + TarEntry("./a//1.jpg", "y") + TarEnd(),
       "is there twice"},
      {"TwiceInZip", MakeArchive(ArchiveFormat::kZip, {{"a/1.jpg", "x"}, {"a/1.jpg", "y"}}),
       "'a/1.jpg' is there twice"},
      {"TwiceByItsAccents",
       TarEntry("Caf\xC3\xA9/1.jpg", "x") + TarEntry("Cafe\xCC\x81/1.jpg", "y") + TarEnd(),
       "is there twice, its accents written in two ways"},
  };
}

std::vector<BadArchive> BadTypes() {
  std::vector<BadArchive> all = {
      {"Symlink", MakeArchive(ArchiveFormat::kTar, {{"cats", "/etc", FakeEntryType::kSymlink}}),
       "'cats' is a symbolic link"},
      {"SymlinkInZip",
       MakeArchive(ArchiveFormat::kZip, {{"cats", "/etc", FakeEntryType::kSymlink}}),
       "'cats' is a symbolic link"},
      {"Device", MakeArchive(ArchiveFormat::kTar, {{"null", "", FakeEntryType::kDevice}}),
       "'null' is neither a file nor a folder"},
      {"Fifo", TarHeader("pipe", TarSize(0), '6') + TarEnd(), "is neither a file nor a folder"},
  };
  std::string encrypted = MakeArchive(ArchiveFormat::kZip, {{"cats/1.jpg", "secret"}});
  SetZipFlags(encrypted, kZipEncrypted);
  all.push_back({"Encrypted", encrypted, "'cats/1.jpg' is encrypted"});
  return all;
}

std::vector<BadArchive> BadBytes() {
  const std::vector<FakeEntry> two = {{"a/1.jpg", Noise(5'000)}, {"b/1.jpg", Noise(5'000)}};
  const std::string tar = MakeArchive(ArchiveFormat::kTar, two);
  const std::string gz = MakeArchive(ArchiveFormat::kTarGz, two);
  const std::string zip = MakeArchive(ArchiveFormat::kZip, two);
  std::string flipped = zip;
  flipped[2'000] = static_cast<char>(flipped[2'000] ^ 0x40);
  // Base-256: the top bit of the first byte marks it, the rest is two's complement.
  const std::string minus_one(12, '\xFF');
  std::string huge = std::string("\x80", 1) + std::string(11, '\0');
  huge[4] = 0x7F;
  std::string chain;
  for (int i = 0; i < 10'000; ++i) chain += PaxHeader({{"comment", "x"}});
  return {
      {"NotAnArchive", "this is a text and no archive, whatever its name says",
       "not a tar, tar.gz or zip archive"},
      {"Xz",
       std::string("\xFD"
                   "7zXZ\0",
                   6) +
           Noise(2'000),
       "it looks like xz; pack the folder as one"},
      {"SevenZip", "7z\xBC\xAF\x27\x1C" + Noise(2'000), "it looks like 7-Zip"},
      {"GzipOfSomethingElse", Gzip(Noise(2'000)), "not a tar, tar.gz or zip archive"},
      {"Empty", "", "the archive is empty"},
      {"NoEntriesInTar", MakeArchive(ArchiveFormat::kTar, {}), "the archive is empty"},
      {"NoEntriesInTarGz", Gzip(TarEnd()), "the archive is empty"},
      {"NoEntriesInZip", MakeArchive(ArchiveFormat::kZip, {}), "the archive is empty"},
      {"TruncatedTar", tar.substr(0, 3'000), "the archive is truncated"},
      {"TruncatedInAHeader", tar.substr(0, 512 + 5'120 + 100), "the archive is truncated"},
      {"CutBetweenEntries", TarEntry("a.jpg", "x") + TarEntry("b.jpg", "x"),
       "the archive is truncated: the end of the tar is missing"},
      {"CutBehindAFolder", TarEntry("a.jpg", "x") + TarHeader("b/", TarSize(0), '5'),
       "the end of the tar is missing"},
      {"CutBetweenEntriesOfATarGz", Gzip(TarEntry("a.jpg", "x") + TarEntry("b.jpg", "x")),
       "the end of the tar is missing"},
      {"CutBetweenEntriesOfZeros", TarEntry("a.jpg", std::string(2'048, '\0')),
       "the end of the tar is missing"},
      {"TruncatedTarGz", gz.substr(0, gz.size() / 2), "the archive is truncated"},
      {"TruncatedZip", zip.substr(0, 3'000), "the archive is truncated"},
      {"BitFlippedInZip", flipped, "the archive is damaged"},
      {"NegativeSize", TarHeader("a.jpg", minus_one) + TarEnd(), "negative size"},
      {"HugeSize", TarHeader("a.jpg", huge) + TarEnd(), "unpacks to more than",
       absl::StatusCode::kResourceExhausted},
      {"HugeSparseFile",
       PaxHeader({{"GNU.sparse.major", "1"},
                  {"GNU.sparse.minor", "0"},
                  {"GNU.sparse.name", "a.jpg"},
                  {"GNU.sparse.realsize", "1099511627776"}}) +
           TarEntry("x", std::string("1\n1099511627775\n1\n") + std::string(495, '\0')) + TarEnd(),
       "unpacks to more than", absl::StatusCode::kResourceExhausted},
      {"ChecksumOfHeader",
       [] {
         std::string bytes = TarEntry("a.jpg", "x") + TarEntry("b.jpg", "x") + TarEnd();
         bytes[1'024] = 'c';
         return bytes;
       }(),
       "the archive is damaged"},
      {"PaxChain", chain + TarEntry("a.jpg", "x") + TarEnd(), "the archive is damaged"},
      {"PaxHeaderOfGigabytes", TarHeader("pax", TarSize(uint64_t{4} << 30), 'x') + TarEnd(),
       "the archive is"},
      {"ZipWithoutItsEnd", zip.substr(0, zip.size() - 22), "the archive is truncated"},
      {"GzipInGzip", Gzip(gz), "the archive is compressed twice"},
      {"ManyGzipsInGzip", Gzip(Gzip(Gzip(Gzip(tar)))), "the archive is compressed twice"},
      {"ZipInGzip", Gzip(zip), "not a tar, tar.gz or zip archive"},
      {"ChecksumOfGzip",
       [&] {
         std::string bytes = gz;
         bytes[bytes.size() - 8] = static_cast<char>(bytes[bytes.size() - 8] ^ 1);
         return bytes;
       }(),
       "the archive is damaged: incorrect data check"},
      {"GarbageBehindAGzip", gz + std::string(3, '\0') + "x", "bytes behind the end of the gzip"},
      {"ZipBehindAPicture", "\xFF\xD8\xFF" + zip, "not a tar, tar.gz or zip archive"},
      {"GarbageBehindTheEnd", TarEntry("a.jpg", "x") + TarEnd() + Noise(2'048),
       "the archive is damaged"},
  };
}

std::vector<BadArchive> TooMuch() {
  ArchiveLimits few;
  few.max_entries = 3;
  ArchiveLimits small_entry;
  small_entry.max_entry_bytes = 1'000;
  ArchiveLimits small_total;
  small_total.max_total_bytes = 1'500;
  const std::vector<FakeEntry> four = {
      {"a", "", FakeEntryType::kFolder}, {"b", "", FakeEntryType::kFolder}, {".c", ""}, {"d", ""}};
  const std::vector<FakeEntry> two = {{"a", std::string(900, 'x')}, {"b", std::string(900, 'x')}};
  std::vector<BadArchive> all;
  const auto add = [&](const char* title, const std::vector<FakeEntry>& entries,
                       ArchiveFormat format, const char* message, const ArchiveLimits& limits) {
    all.push_back({title, MadeLate([format, entries] { return MakeArchive(format, entries); }),
                   message, absl::StatusCode::kResourceExhausted, limits});
  };
  // 80 MiB of zeros: in two entries, or in a first one that is no picture.
  const auto bomb = [&](const char* title, const char* first, ArchiveFormat format) {
    all.push_back({title,
                   MadeLate([format, first = std::string(first)] {
                     const std::string half(40 << 20, '\0');
                     return first == "a" ? MakeArchive(format, {{first, half}, {"b", half}})
                                         : MakeArchive(format, {{first, half + half}, {"b", "x"}});
                   }),
                   "times its size",
                   absl::StatusCode::kResourceExhausted,
                   {}});
  };
  add("TooManyEntries", four, ArchiveFormat::kTar, "holds more than 3 entries", few);
  add("TooManyEntriesInZip", four, ArchiveFormat::kZip, "holds more than 3 entries", few);
  ArchiveLimits small_both = small_entry;
  small_both.max_total_bytes = 1'500;
  add("LargeFilesInAll", {{"a", std::string(1'001, 'x')}, {"b", std::string(1'001, 'x')}},
      ArchiveFormat::kTar, "the archive unpacks to more than 1500 bytes", small_both);
  add("LargeInAll", two, ArchiveFormat::kTarGz, "the archive unpacks to more than 1500 bytes",
      small_total);
  ArchiveLimits short_names;
  short_names.max_name_bytes = 5;
  add("NamesInAll", {{"a1", ""}, {"b2", ""}, {"c3", ""}}, ArchiveFormat::kTar,
      "the names in the archive have more than 5 bytes in all", short_names);
  const auto bytes = [&](const char* title, const MadeLate& archive, const char* message,
                         const ArchiveLimits& limits) {
    all.push_back({title, archive, message, absl::StatusCode::kResourceExhausted, limits});
  };
  std::vector<FakeEntry> many(20'000);
  for (size_t i = 0; i < many.size(); ++i) many[i].name = std::to_string(i);
  add("TableOfContentsOfAZip", many, ArchiveFormat::kZip, "table of contents is longer", few);
  // What is no content counts as well: zeros behind the end, and headers that lead to nothing.
  bytes("ZerosBehindTheEnd",
        MadeLate([] { return Gzip(TarEntry("a", "x") + TarEnd() + std::string(kZeros, '\0')); }),
        "times its size", {});
  ArchiveLimits small_stream;
  small_stream.max_total_bytes = 1 << 20;
  small_stream.max_entries = 1;
  bytes("ZerosBehindTheEndUpToALimit",
        Gzip(TarEntry("a", "x") + TarEnd() + std::string(2 << 20, '\0')),
        "the archive unpacks to more than", small_stream);
  std::string headers;
  while (headers.size() < 2 << 20) headers += PaxHeader({{"comment", std::string(900'000, 'x')}});
  bytes("HeadersOnly", Gzip(headers), "the archive unpacks to more than", small_stream);
  bomb("BombInTarGz", "a", ArchiveFormat::kTarGz);
  bomb("BombInZip", "a", ArchiveFormat::kZip);
  bomb("BombInAHiddenFile", ".a", ArchiveFormat::kTarGz);
  bomb("BombInANestedArchive", "a.zip", ArchiveFormat::kTarGz);
  return all;
}

std::string TitleOf(const testing::TestParamInfo<BadArchive>& info) { return info.param.title; }

INSTANTIATE_TEST_SUITE_P(Names, BadArchiveTest, testing::ValuesIn(BadNames()), TitleOf);
INSTANTIATE_TEST_SUITE_P(Types, BadArchiveTest, testing::ValuesIn(BadTypes()), TitleOf);
INSTANTIATE_TEST_SUITE_P(Bytes, BadArchiveTest, testing::ValuesIn(BadBytes()), TitleOf);
INSTANTIATE_TEST_SUITE_P(Limits, BadArchiveTest, testing::ValuesIn(TooMuch()), TitleOf);

TEST(ArchiveReaderTest, MissingFileIsNotFound) {
  EXPECT_EQ(ReadArchive("/nonexistent/archive", {}, nullptr).code(), absl::StatusCode::kNotFound);
}

TEST(PrintableNameTest, IsShortAndHarmless) {
  EXPECT_EQ(PrintableName("cats/1.jpg"), "cats/1.jpg");
  EXPECT_EQ(PrintableName("a\nb\x7F"), "a?b?");
  EXPECT_EQ(PrintableName("\xFFx"), "?x");
  EXPECT_EQ(PrintableName("K\xC3\xB6ln"), "K\xC3\xB6ln");
  EXPECT_EQ(PrintableName(std::string(121, 'a')), std::string(120, 'a') + "...");
  // A character of two bytes across the cut.
  const std::string cut = PrintableName(std::string(119, 'a') + "\xC3\xB6" + "b");
  EXPECT_EQ(cut, std::string(119, 'a') + "...");
  // Characters that end at the cut stay, though none of them is ASCII.
  std::string cats;
  for (int i = 0; i < 50; ++i) cats += "\xE7\x8C\xAB";
  EXPECT_EQ(PrintableName(cats), cats.substr(0, 120) + "...");
  EXPECT_EQ(PrintableName("ab" + cats), "ab" + cats.substr(0, 117) + "...");
  EXPECT_EQ(PrintableName(std::string(200, '\x80')), std::string(116, '?') + "...");
}

}  // namespace
}  // namespace graft::data
