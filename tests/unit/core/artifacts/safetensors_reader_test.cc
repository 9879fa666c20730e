#include <cstring>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/artifacts/safetensors/safetensors.h"

namespace graft::artifacts {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

// A file of the given header and so many bytes of data.
std::string File(absl::string_view header, size_t data_bytes) {
  const uint64_t size = header.size();
  std::string file(reinterpret_cast<const char*>(&size), sizeof(size));
  absl::StrAppend(&file, header);
  for (size_t i = 0; i < data_bytes; ++i) file.push_back(static_cast<char>(i));
  return file;
}

std::string Tensor(absl::string_view name, absl::string_view dtype, absl::string_view shape,
                   absl::string_view offsets) {
  return absl::StrCat("\"", name, "\":{\"dtype\":\"", dtype, "\",\"shape\":", shape,
                      ",\"data_offsets\":", offsets, "}");
}

std::string Header(const std::vector<std::string>& members) {
  return absl::StrCat("{", absl::StrJoin(members, ","), "}");
}

TEST(SafetensorsReaderTest, ReadsTensorsInTheOrderOfTheirBytes) {
  const std::string bytes = File(
      Header({R"("__metadata__":{"format":"pt","made by":"hand"})",
              Tensor("a", "I16", "[3]", "[8,14]"), Tensor("z", "F32", "[2,1]", "[0,8]"),
              Tensor("empty", "F64", "[0,7]", "[14,14]"), Tensor("scalar", "U8", "[]", "[14,15]")}),
      15);
  const auto file = SafetensorsFile::Parse(bytes);
  ASSERT_TRUE(file.ok()) << file.status();
  const std::vector<TensorView>& tensors = (*file)->tensors();
  ASSERT_EQ(tensors.size(), 4u);
  EXPECT_EQ(tensors[0].name, "z");
  EXPECT_EQ(tensors[0].dtype, DType::kF32);
  EXPECT_THAT(tensors[0].shape, ElementsAre(2, 1));
  EXPECT_EQ(tensors[0].bytes, std::string("\0\1\2\3\4\5\6\7", 8));
  EXPECT_EQ(tensors[1].name, "a");
  EXPECT_EQ(tensors[1].bytes, "\x08\x09\x0a\x0b\x0c\x0d");
  EXPECT_EQ(tensors[2].name, "empty");
  EXPECT_THAT(tensors[2].bytes, IsEmpty());
  EXPECT_EQ(tensors[3].name, "scalar");
  EXPECT_THAT(tensors[3].shape, IsEmpty());
  EXPECT_EQ(tensors[3].bytes, "\x0e");
  EXPECT_EQ((*file)->Find("a"), &tensors[1]);
  EXPECT_EQ((*file)->Find("b"), nullptr);
  EXPECT_EQ((*file)->Find("__metadata__"), nullptr);
  EXPECT_THAT((*file)->metadata(), ElementsAre(Pair("format", "pt"), Pair("made by", "hand")));
  EXPECT_EQ((*file)->bytes(), bytes);
}

TEST(SafetensorsReaderTest, KnowsEveryDtypeAndItsSize) {
  const struct {
    const char* name;
    DType dtype;
    size_t size;
  } cases[] = {{"F64", DType::kF64, 8},   {"F32", DType::kF32, 4}, {"F16", DType::kF16, 2},
               {"BF16", DType::kBF16, 2}, {"I64", DType::kI64, 8}, {"I32", DType::kI32, 4},
               {"I16", DType::kI16, 2},   {"I8", DType::kI8, 1},   {"U8", DType::kU8, 1},
               {"BOOL", DType::kBool, 1}};
  for (const auto& [name, dtype, size] : cases) {
    const std::string bytes =
        File(Header({Tensor("a", name, "[3]", absl::StrCat("[0,", 3 * size, "]"))}), 3 * size);
    const auto file = SafetensorsFile::Parse(bytes);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ((*file)->Find("a")->dtype, dtype);
    EXPECT_EQ(DTypeName(dtype), name);
    EXPECT_EQ(DTypeSize(dtype), size);
  }
}

TEST(SafetensorsReaderTest, TakesNoTensorsAndPaddedHeaders) {
  EXPECT_TRUE(SafetensorsFile::Parse(File("{}", 0)).ok());
  EXPECT_TRUE(SafetensorsFile::Parse(File("{}      ", 0)).ok());
  const std::string twice_empty =
      Header({Tensor("a", "F32", "[0]", "[0,0]"), Tensor("b", "F32", "[0]", "[0,0]")});
  EXPECT_TRUE(SafetensorsFile::Parse(File(twice_empty, 0)).ok());
}

struct Malformed {
  const char* what;
  std::string bytes;
  std::string named;  // what the message must say
};

std::vector<Malformed> MalformedFiles() {
  const auto one = [](absl::string_view dtype, absl::string_view shape, absl::string_view offsets,
                      size_t data_bytes) {
    return File(Header({Tensor("a", dtype, shape, offsets)}), data_bytes);
  };
  const auto sized = [](uint64_t size, absl::string_view rest) {
    return absl::StrCat(absl::string_view(reinterpret_cast<const char*>(&size), sizeof(size)),
                        rest);
  };
  const std::string two_to_63 = "9223372036854775808";
  const std::string two_to_62 = "4611686018427387904";
  const std::string long_name(1 << 20, 'n');
  std::string large;
  large.resize(100'000'001, ' ');
  std::string many_sizes = "[1";
  for (int i = 0; i < 100'000; ++i) many_sizes += ",1";
  many_sizes += "]";
  return {
      {"empty file", "", "shorter"},
      {"seven bytes", "1234567", "shorter"},
      {"header size 0", sized(0, ""), "begin with '{'"},
      {"header longer than the file", sized(100, "{}"), "does not fit"},
      {"header longer than the file by one", sized(3, "{}"), "does not fit"},
      {"header of 2^64 - 1 bytes", sized(UINT64_MAX, "{}"), "does not fit"},
      {"header of 2^63 bytes", sized(uint64_t{1} << 63, "{}"), "does not fit"},
      {"header larger than any", sized(large.size(), large), "does not fit"},
      {"not JSON", File("{nonsense}", 0), "not a JSON object"},
      {"cut JSON", File("{\"a\":", 0), "not a JSON object"},
      {"two documents", File("{}{}", 0), "not a JSON object"},
      {"a list", File("[]", 0), "begin with '{'"},
      {"a number", File("1", 0), "begin with '{'"},
      {"blanks before", File(" {}", 0), "begin with '{'"},
      {"a byte order mark", File("\xef\xbb\xbf{}", 0), "begin with '{'"},
      {"name in bad UTF-8", File("{\"\xff\":1}", 0), "not a JSON object"},
      {"deep nesting", File("{\"a\":" + std::string(1'000'000, '['), 0), "deep"},
      {"deep objects", File("{\"a\":{\"b\":{\"c\":{\"d\":{}}}}}", 0), "deep"},
      {"entry not an object", File("{\"a\":1}", 0), "'a'"},
      {"entry empty", File("{\"a\":{}}", 0), "needs dtype, shape and data_offsets"},
      {"no shape", File(R"({"a":{"dtype":"U8","data_offsets":[0,0]}})", 0), "needs dtype"},
      {"a field more", File(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}})", 0),
       "nothing else"},
      {"dtype given twice",
       File(R"({"a":{"dtype":"F32","dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 0), "twice"},
      {"dtype unknown", one("F8_E4M3", "[1]", "[0,1]", 1), "'F8_E4M3'"},
      {"dtype in lower case", one("f32", "[1]", "[0,4]", 4), "'f32'"},
      {"dtype not a string", File(R"({"a":{"dtype":1,"shape":[0],"data_offsets":[0,0]}})", 0),
       "dtype"},
      {"shape not a list", one("U8", "1", "[0,1]", 1), "shape"},
      {"shape null", one("U8", "null", "[0,1]", 1), "shape"},
      {"negative size", one("U8", "[-1]", "[0,1]", 1), "shape"},
      {"two negative sizes", one("U8", "[-1,-1]", "[0,1]", 1), "shape"},
      {"fraction as size", one("U8", "[1.0]", "[0,1]", 1), "shape"},
      {"string as size", one("U8", "[\"1\"]", "[0,1]", 1), "shape"},
      {"list as size", one("U8", "[[]]", "[0,1]", 1), "shape"},
      {"size of 2^63", one("U8", absl::StrCat("[", two_to_63, "]"), "[0,1]", 1), "shape"},
      {"size of 2^64", one("U8", "[18446744073709551616]", "[0,1]", 1), "shape"},
      {"product of 2^64", one("U8", absl::StrCat("[", two_to_62, ",4]"), "[0,0]", 0), "larger"},
      {"product of 2^64 by dtype", one("F32", absl::StrCat("[", two_to_62, "]"), "[0,0]", 0),
       "larger"},
      {"product of 2^64 + 1", one("U8", "[274177,67280421310721]", "[0,1]", 1), "larger"},
      {"17 sizes", one("U8", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,1]", 1), "16"},
      {"100,000 sizes", one("U8", many_sizes, "[0,1]", 1), "16"},
      {"offsets not a list", one("U8", "[1]", "1", 1), "data_offsets"},
      {"one offset", one("U8", "[1]", "[0]", 1), "data_offsets"},
      {"three offsets", one("U8", "[1]", "[0,1,1]", 1), "data_offsets"},
      {"negative offset", one("U8", "[1]", "[-1,0]", 1), "data_offsets"},
      {"fraction as offset", one("U8", "[1]", "[0,1.5]", 1), "data_offsets"},
      {"end before begin", one("U8", "[1]", "[1,0]", 1), "outside"},
      {"end behind the file", one("U8", "[2]", "[0,2]", 1), "outside"},
      {"end of 2^64 - 1", one("U8", "[1]", "[0,18446744073709551615]", 1), "outside"},
      {"begin and end behind the file", one("U8", "[1]", "[100,101]", 1), "outside"},
      {"fewer bytes than the shape", one("F32", "[2]", "[0,4]", 4), "need 8"},
      {"more bytes than the shape", one("F32", "[2]", "[0,12]", 12), "need 8"},
      {"scalar without bytes", one("F32", "[]", "[0,0]", 0), "need 4"},
      {"data without tensors", File("{}", 1), "1 bytes behind"},
      {"bytes behind the last", one("U8", "[1]", "[0,1]", 3), "2 bytes behind"},
      {"hole at the beginning", one("U8", "[1]", "[1,2]", 2), "hole"},
      {"hole between",
       File(Header({Tensor("a", "U8", "[1]", "[0,1]"), Tensor("b", "U8", "[1]", "[2,3]")}), 3),
       "'b': leaves a hole"},
      {"overlap",
       File(Header({Tensor("a", "U8", "[2]", "[0,2]"), Tensor("b", "U8", "[2]", "[1,3]")}), 3),
       "'b': overlaps"},
      {"the same bytes twice",
       File(Header({Tensor("a", "U8", "[2]", "[0,2]"), Tensor("b", "U8", "[2]", "[0,2]")}), 2),
       "overlaps"},
      {"an empty tensor inside another",
       File(Header({Tensor("a", "U8", "[2]", "[0,2]"), Tensor("b", "U8", "[0]", "[1,1]")}), 2),
       "'b': overlaps"},
      {"a name twice",
       File(Header({Tensor("a", "U8", "[1]", "[0,1]"), Tensor("a", "U8", "[1]", "[1,2]")}), 2),
       "'a' is there twice"},
      {"no name twice",
       File(Header({Tensor("", "U8", "[1]", "[0,1]"), Tensor("", "U8", "[1]", "[1,2]")}), 2),
       "'' is there twice"},
      {"a name twice, escaped once",
       File(Header({Tensor("a", "U8", "[1]", "[0,1]"), Tensor("\\u0061", "U8", "[1]", "[1,2]")}),
            2),
       "'a' is there twice"},
      {"metadata twice", File(R"({"__metadata__":{},"__metadata__":{}})", 0), "twice"},
      {"metadata not an object", File(R"({"__metadata__":"x"})", 0), "__metadata__"},
      {"metadata not strings", File(R"({"__metadata__":{"epoch":1}})", 0), "'epoch'"},
      {"a name of a megabyte", File(Header({absl::StrCat("\"", long_name, "\":1")}), 0), "nnn..."},
      {"a name with a line break", File("{\"a\\nb\":1}", 0), "'a\\nb'"},
  };
}

TEST(SafetensorsReaderTest, NamesWhatIsWrongInEveryMalformedFile) {
  for (const Malformed& malformed : MalformedFiles()) {
    // On the heap, exactly as long as it is: a read behind it is one the sanitizer sees.
    const std::unique_ptr<char[]> exact(new char[malformed.bytes.size()]);
    std::memcpy(exact.get(), malformed.bytes.data(), malformed.bytes.size());
    const absl::Status status =
        SafetensorsFile::Parse(absl::string_view(exact.get(), malformed.bytes.size())).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << malformed.what << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(malformed.named)) << malformed.what;
    EXPECT_LT(status.message().size(), 1000u) << malformed.what;
  }
}

TEST(SafetensorsReaderTest, RefusesEveryFileThatWasCut) {
  const std::string bytes =
      File(Header({Tensor("a", "F32", "[2]", "[0,8]"), Tensor("b", "U8", "[3]", "[8,11]")}), 11);
  ASSERT_TRUE(SafetensorsFile::Parse(bytes).ok());
  for (size_t length = 0; length < bytes.size(); ++length) {
    const std::unique_ptr<char[]> exact(new char[length]);
    std::memcpy(exact.get(), bytes.data(), length);
    EXPECT_FALSE(SafetensorsFile::Parse(absl::string_view(exact.get(), length)).ok()) << length;
  }
}

TEST(SafetensorsReaderTest, MapsAFile) {
  const TempDirectory folder = *TempDirectory::Create();
  const std::filesystem::path path = folder.path() / "a.safetensors";
  const std::string bytes = File(Header({Tensor("a", "U8", "[3]", "[0,3]")}), 3);
  ASSERT_TRUE(WriteFileAtomically(path, bytes).ok());
  const auto file = SafetensorsFile::Open(path);
  ASSERT_TRUE(file.ok()) << file.status();
  // The map outlives the name.
  std::filesystem::remove(path);
  EXPECT_EQ((*file)->Find("a")->bytes, std::string("\0\1\2", 3));

  const absl::Status missing = SafetensorsFile::Open(path).status();
  EXPECT_TRUE(absl::IsNotFound(missing)) << missing;
  EXPECT_THAT(std::string(missing.message()),
              ::testing::Not(HasSubstr(folder.path().filename().string())));
  ASSERT_TRUE(WriteFileAtomically(path, "").ok());
  EXPECT_TRUE(absl::IsInvalidArgument(SafetensorsFile::Open(path).status()));
}

TEST(SafetensorsReaderTest, IsReadByManyThreadsAtOnce) {
  std::vector<std::string> members;
  for (int i = 0; i < 100; ++i) {
    members.push_back(
        Tensor(absl::StrCat("t", i), "U8", "[1]", absl::StrCat("[", i, ",", i + 1, "]")));
  }
  const std::string bytes = File(Header(members), 100);
  const auto file = SafetensorsFile::Parse(bytes);
  ASSERT_TRUE(file.ok()) << file.status();
  std::atomic<int> right = 0;
  std::vector<std::thread> readers;
  for (int r = 0; r < 4; ++r) {
    readers.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        const TensorView* view = (*file)->Find(absl::StrCat("t", i));
        if (view != nullptr && view->bytes[0] == static_cast<char>(i)) ++right;
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(right, 400);
}

}  // namespace
}  // namespace graft::artifacts
