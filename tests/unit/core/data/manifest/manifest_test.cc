#include "core/data/manifest/manifest.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace graft::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Manifest Parse(const std::string& name, const std::string& bytes,
               const ManifestOptions& options = {}) {
  absl::StatusOr<Manifest> manifest = ParseManifest(name, bytes, options);
  EXPECT_TRUE(manifest.ok()) << manifest.status();
  return manifest.ok() ? *std::move(manifest) : Manifest();
}

constexpr char kPets[] = "path,label\ncats/1.jpg,cat\ndogs/1.jpg,dog\n";

TEST(ManifestTest, OneLabelAnImage) {
  for (const char* name : {"manifest.csv", "labels.CSV"}) {
    const Manifest manifest = Parse(name, kPets);
    EXPECT_EQ(manifest.kind, TargetKind::kClass);
    EXPECT_THAT(manifest.labels, ElementsAre("cat", "dog"));
    ASSERT_EQ(manifest.rows.size(), 2u);
    EXPECT_EQ(manifest.rows[1].path, "dogs/1.jpg");
    EXPECT_THAT(manifest.rows[1].labels, ElementsAre(1));
    EXPECT_EQ(manifest.rows[1].line, 3);
  }
}

TEST(ManifestTest, IsReadAsProgramsWriteIt) {
  const std::string cafe =
      "file_name;label;Split\r\nCafe\xCC\x81/1.jpg;cat; Train \r\n.\\b.jpg;dog;\r\n";
  const Manifest manifest = Parse("x.csv", "\xEF\xBB\xBF" + cafe);
  EXPECT_EQ(manifest.rows[0].path, "Caf\xC3\xA9/1.jpg");
  EXPECT_EQ(manifest.rows[0].split, Split::kTrain);
  EXPECT_EQ(manifest.rows[1].path, "b.jpg");
  EXPECT_EQ(manifest.rows[1].split, Split::kUnassigned);
  EXPECT_EQ(Parse("x.tsv", "image\tlabel\n1.jpg\ta\n2.jpg\tb").rows.size(), 2u);
  // As Hugging Face's datasets have it.
  EXPECT_EQ(Parse("metadata.jsonl",
                  "{\"file_name\": \"1.png\", \"label\": 0}\n"
                  "{\"file_name\": \"2.png\", \"label\": 1}\r\n\n")
                .labels,
            (std::vector<std::string>{"0", "1"}));
}

TEST(ManifestTest, SeveralLabelsInEveryWriting) {
  const std::string csv =
      "path,labels\n1.jpg,sea;sky\n2.jpg,sky|sea|boat\n3.jpg,\"[\"\"boat\"\", "
      "\"\"a;b\"\"]\"\n4.jpg,[]\n"
      "5.jpg,sea;sea\n";
  const std::string json =
      "{\"path\": \"1.jpg\", \"labels\": [\"sea\", \"sky\"]}\n{\"path\": \"2.jpg\", \"labels\": "
      "\"sky;sea;boat\"}\n{\"labels\": [\"boat\", \"a;b\"], \"path\": \"3.jpg\"}\n"
      "{\"path\": \"4.jpg\", \"labels\": []}\n{\"path\": \"5.jpg\", \"labels\": [\"sea\"]}";
  for (const Manifest& manifest : {Parse("m.csv", csv), Parse("m.jsonl", json)}) {
    EXPECT_EQ(manifest.kind, TargetKind::kLabels);
    EXPECT_THAT(manifest.labels, ElementsAre("a;b", "boat", "sea", "sky"));
    ASSERT_EQ(manifest.rows.size(), 5u);
    EXPECT_THAT(manifest.rows[0].labels, ElementsAre(2, 3));
    EXPECT_THAT(manifest.rows[1].labels, ElementsAre(1, 2, 3));
    EXPECT_THAT(manifest.rows[2].labels, ElementsAre(0, 1));
    EXPECT_THAT(manifest.rows[3].labels, IsEmpty());
    EXPECT_THAT(manifest.rows[4].labels, ElementsAre(2));
  }
}

TEST(ManifestTest, NumbersAreNamedByTheirColumnsOrByTheUpload) {
  ManifestOptions options;
  options.number_columns = {"Age"};
  options.ignored_columns = {"comment"};
  const std::string csv = "path,number:height,age,comment\n1.jpg,1.5,-3e2,hm\n2.jpg,.25,7,\n";
  const std::string json =
      "{\"path\": \"1.jpg\", \"numbers\": {\"height\": 1.5, \"age\": -300}, \"comment\": null}\n"
      "{\"path\": \"2.jpg\", \"numbers\": {\"height\": 0.25, \"age\": 7}}\n";
  for (const Manifest& manifest : {Parse("m.csv", csv, options), Parse("m.jsonl", json, options)}) {
    EXPECT_EQ(manifest.kind, TargetKind::kNumbers);
    EXPECT_THAT(manifest.numbers, ElementsAre("height", "age"));
    EXPECT_THAT(manifest.rows[0].numbers, ElementsAre(1.5, -300));
    EXPECT_THAT(manifest.rows[1].numbers, ElementsAre(0.25, 7));
    EXPECT_THAT(manifest.labels, IsEmpty());
  }
}

TEST(ManifestTest, AGroupIsOnOneSide) {
  const Manifest manifest = Parse("m.csv",
                                  "path,label,group,split\n1,a,p1,train\n2,b,p1,\n3,a,p2,test\n"
                                  "4,b,p2,\n5,a,,\n6,b,,train\n");
  EXPECT_EQ(manifest.rows[0].group, "p1");
  EXPECT_EQ(manifest.rows[1].split, Split::kTrain);
  EXPECT_EQ(manifest.rows[3].split, Split::kTest);
  EXPECT_EQ(manifest.rows[4].split, Split::kUnassigned);
}

TEST(ManifestTest, IsKnownByNameAndHeader) {
  for (const char* name : {"manifest.csv", "Manifest.JSONL", "labels.csv", "metadata.jsonl",
                           "metadata.csv", "labels.tsv"}) {
    EXPECT_TRUE(IsManifestName(name)) << name;
  }
  for (const char* name : {"train.csv", "manifest.json", "manifest", "my manifest.csv"}) {
    EXPECT_FALSE(IsManifestName(name)) << name;
  }
  EXPECT_TRUE(LooksLikeManifest("labels.csv", kPets));
  EXPECT_TRUE(LooksLikeManifest("m.jsonl", "{\"image\": \"1.jpg\"}"));
  EXPECT_FALSE(LooksLikeManifest("labels.csv", "id,breed\n1,pug\n"));
  EXPECT_FALSE(LooksLikeManifest("m.jsonl", "not JSON"));
}

struct BadTable {
  const char* title;
  std::string name;
  std::string bytes;
  const char* message;
};

void PrintTo(const BadTable& bad, std::ostream* out) { *out << bad.title; }

class BadManifestFileTest : public testing::TestWithParam<BadTable> {};

TEST_P(BadManifestFileTest, IsRefusedWithTheCauseAndThePlace) {
  const absl::Status status = ParseManifest(GetParam().name, GetParam().bytes, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().name));
}

std::string Utf16(const std::string& text, bool mark) {
  std::string wide = mark ? "\xFF\xFE" : "";
  for (const char c : text) wide += std::string(1, c) + '\0';
  return wide;
}

std::vector<BadTable> BadTables() {
  const auto csv = [](const char* title, const std::string& text, const char* message) {
    return BadTable{title, "m.csv", text, message};
  };
  const auto json = [](const char* title, const std::string& text, const char* message) {
    return BadTable{title, "m.jsonl", text, message};
  };
  const std::string good = "{\"path\": \"1\", \"label\": \"a\"}\n";
  return {
      csv("Empty", "", "m.csv: is empty"),
      csv("BlankLinesOnly", "\n\n", "is empty"),
      csv("HeaderOnly", "path,label\n", "no rows"),
      csv("NoHeader", "1.jpg,cat\n2.jpg,dog\n", "line 1: no column says which file is meant"),
      csv("NoPath", "name,label\n1,a\n", "no column says which file"),
      csv("NoTarget", "path,split\n1,train\n", "no column says what to learn"),
      csv("TwoPaths", "path,image,label\n1,1,a\n", "two columns say which file"),
      csv("TwoKinds", "path,label,number:age\n1,a,2\n", "only one of label, labels and numbers"),
      csv("ColumnTwice", "path,label,Label\n1,a,b\n", "column 'Label' is there twice"),
      csv("NumberTwice", "path,number:a,numbers:a\n1,2,3\n", "number 'a' is there twice"),
      csv("UnknownColumn", "path,breed,label\n1,pug,dog\n",
          "m.csv: line 1, column 2: unknown column 'breed'"),
      csv("NoLabel", "path,label\n1,a\n2,\n", "line 3, column 2 (label): no label"),
      csv("BlankLabel", "path,label\n1,a\n2,  \n", "line 3, column 2 (label): no label"),
      csv("NoLabels", "path,labels\n1,a\n2,\n", "line 3, column 2 (labels): no labels: write []"),
      csv("LabelWithoutName", "path,labels\n1,a;;b\n", "a label without a name"),
      csv("NoPathInARow", "path,label\n,a\n", "line 2, column 1 (path): no path"),
      csv("ShortRow", "path,label\n1\n", "line 2: 1 fields, but the header has 2"),
      csv("LongRow", "path,label\n1,a,b\n", "line 2: 3 fields, but the header has 2"),
      csv("TwiceTheSame", "path,label\na/1,a\nb,b\n./a//1,b\n",
          "line 4: 'a/1' is in line 2 already"),
      csv("LeavesTheArchive", "path,label\n../1.jpg,a\n",
          "line 2, column 1 (path): '../1.jpg' leads out of the archive"),
      csv("AbsolutePath", "path,label\n/etc/passwd,a\n", "is an absolute path"),
      csv("WindowsPath", "path,label\nC:\\me\\1.jpg,a\n", "is an absolute path"),
      csv("NumberForALabel", "path,label\n1,3.75\n2,4.5\n",
          "line 2, column 2 (label): '3.75' is a number where a label should be"),
      csv("NumberAmongWords", "path,label\n1,cat\n2,7\n", "labels are words ('cat' in line 2) or"),
      csv("ListForALabel", "path,label\n1,cat;dog\n", "looks like several labels"),
      csv("OneClass", "path,label\n1,cat\n2,cat\n", "only one label, 'cat'"),
      csv("OneSpelling", "path,label\n1,cat\n2,Cat\n", "labels 'Cat' and 'cat' differ in case"),
      csv("NoLabelAtAll", "path,labels\n1,[]\n", "no row has a label"),
      csv("WordForANumber", "path,number:age\n1,old\n",
          "line 2, column 2 (number:age): 'old' is no number"),
      csv("NoNumber", "path,number:age\n1,\n", "no number"),
      csv("DecimalComma", "path;number:age\n1;3,5\n", "'3,5' is no number: write 3.5"),
      csv("NaN", "path,number:age\n1,NaN\n", "'NaN' is no number that can be learned"),
      csv("Infinity", "path,number:age\n1,-inf\n", "is no number that can be learned"),
      csv("TooLargeANumber", "path,number:age\n1,1e999\n", "is no number that can be learned"),
      csv("UnknownSplit", "path,label,split\n1,a,holdout\n",
          "line 2, column 3 (split): 'holdout' is no part"),
      csv("OnlyHeldOut", "path,label,split\n1,a,train\n2,b,test\n",
          "label 'b' is in no row to train on"),
      csv("GroupOnTwoSides", "path,label,split,group\n1,a,train,p\n2,b,test,p\n",
          "line 3: group 'p' is in test, but in line 2 in train"),
      csv("QuoteThatNeverCloses", "path,label\n1,\"cat\n2,dog\n",
          "m.csv: line 2, column 2: a quote opens here and never closes"),
      csv("HugeField", "path,label\n1," + std::string(100'000, 'x') + "\n",
          "line 2, column 2: a field of more than 65536 bytes"),
      csv("HugeLabel", "path,label\n1," + std::string(2'000, 'x') + "\n", "more than 1024 bytes"),
      csv("ManyColumns", std::string(1'000, ',') + "\n", "more than 256 fields"),
      csv("Latin1", "path,label\n1,K\xF6ter\n", "line 2: not UTF-8: save the file as UTF-8"),
      csv("Utf16", Utf16(kPets, true), "is in UTF-16: save it as UTF-8"),
      csv("Utf16WithoutMark", Utf16(kPets, false), "is in UTF-16"),
      csv("ControlCharacters", "path,label\n1,a\x1B[31m\n", "holds control characters"),
      csv("ZeroBytes",
          std::string(kPets) + "a-name-that-is-long-enough.jpg,cat\n" +
              std::string("3.jpg,a\0b\n", 10),
          "line 5: not UTF-8"),
      json("NoJson", good + "path,label\n", "m.jsonl: line 2: not proper JSON"),
      json("AnArray", "[\"path\"]\n", "line 1: a line must be an object"),
      json("OneLineArray", "[{\"path\": \"1\"}]\n", "line 1: a line must be an object"),
      json("ANumber", "7\n", "line 1: a line must be an object"),
      json("Deep", "{\"path\": {\"a\": {\"b\": 1}}}\n", "that deep"),
      json("DeepList", "{\"labels\": [[[[[[[[1]]]]]]]]}\n", "that deep"),
      json("KeyTwice", "{\"path\": \"1\", \"path\": \"2\"}\n", "key 'path' is there twice"),
      json("UnknownKey", good + "{\"path\": \"2\", \"breed\": \"pug\"}\n",
           "m.jsonl: line 2: unknown column 'breed'"),
      json("PathIsANumber", "{\"path\": 1, \"label\": \"a\"}\n", "no path: a text is needed"),
      json("LabelIsAFraction", "{\"path\": \"1\", \"label\": 1.5}\n",
           "'1.5' is a number where a label should be"),
      json("LabelIsMissing", good + "{\"path\": \"2\"}\n", "line 2, column 2 (label): no label"),
      json("LabelIsNull", good + "{\"path\": \"2\", \"label\": null}\n", "no label"),
      json("LabelIsAList", "{\"path\": \"1\", \"label\": [\"a\"]}\n", "call the column labels"),
      json("TextForANumber", "{\"path\": \"1\", \"number:age\": \"7\"}\n",
           "'7' is no number: in JSON numbers have no quotes"),
      json("FractionsForLabels", "{\"path\": \"1\", \"labels\": [0.5]}\n",
           "a number where a label should be"),
      json("NaN2", "{\"path\": \"1\", \"number:age\": NaN}\n", "NaN and Infinity are no numbers"),
      json("Unclosed", "{\"path\": \"1\n", "line 1: not proper JSON"),
      json("HugeText", "{\"path\": \"" + std::string(100'000, 'x') + "\"}\n",
           "a text of more than"),
      json("NotUtf8", "{\"path\": \"\xFF\"}\n", "line 1: not UTF-8"),
  };
}

INSTANTIATE_TEST_SUITE_P(All, BadManifestFileTest, testing::ValuesIn(BadTables()),
                         [](const testing::TestParamInfo<BadTable>& bad) {
                           return std::string(bad.param.title);
                         });

TEST(ManifestTest, IsBounded) {
  const auto refused = [](const ManifestOptions& options, const std::string& bytes) {
    return std::string(ParseManifest("m.csv", bytes, options).status().message());
  };
  ManifestOptions options;
  options.max_rows = 1;
  EXPECT_EQ(refused(options, kPets), "m.csv: line 3: more than 1 rows, the most that are allowed");
  options = {};
  options.max_bytes = 10;
  EXPECT_THAT(refused(options, kPets), HasSubstr("at most 10 are allowed"));
  options = {};
  options.max_labels = 1;
  EXPECT_THAT(refused(options, kPets), HasSubstr("more than 1 different labels"));
  options = {};
  options.max_labels_per_row = 2;
  EXPECT_THAT(refused(options, "path,labels\n1,a;b;c\n"), HasSubstr("more than 2 labels"));
}

// Refused at the first row too many, whatever follows.
TEST(ManifestTest, TenMillionRowsAreRefusedEarly) {
  std::string bytes = "path,label\n";
  for (int i = 0; bytes.size() < 60'000'000; ++i) absl::StrAppend(&bytes, i, ",\n");
  EXPECT_THAT(std::string(ParseManifest("m.csv", bytes, {}).status().message()),
              HasSubstr("line 2, column 2 (label): no label"));
  std::string rows = "path,label\n";
  for (int i = 0; i < 200'002; ++i) absl::StrAppend(&rows, i, ",", i % 2 == 0 ? "a\n" : "b\n");
  EXPECT_THAT(std::string(ParseManifest("m.csv", rows, {}).status().message()),
              HasSubstr("line 200002: more than 200000 rows"));
}

}  // namespace
}  // namespace graft::data
