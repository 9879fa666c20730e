#include "core/data/manifest/csv_reader.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr CsvReader::Limits kLimits = {100, 10};

using Rows = std::vector<std::vector<std::string>>;

Rows Read(const std::string& text, std::vector<int64_t>* lines = nullptr) {
  CsvReader reader(text, kLimits);
  Rows rows;
  CsvRecord record;
  while (true) {
    const absl::StatusOr<bool> more = reader.Next(record);
    EXPECT_TRUE(more.ok()) << more.status();
    if (!more.ok() || !*more) return rows;
    rows.push_back(record.fields);
    if (lines != nullptr) lines->push_back(record.line);
  }
}

std::string Error(const std::string& text) {
  CsvReader reader(text, kLimits);
  CsvRecord record;
  while (true) {
    const absl::StatusOr<bool> more = reader.Next(record);
    if (!more.ok()) return std::string(more.status().message());
    if (!*more) return "";
  }
}

const Rows kTwo = {{"path", "label"}, {"1.jpg", "cat"}};

TEST(CsvReaderTest, LinesEndAsTheyDoAnywhere) {
  for (const char* text : {"path,label\n1.jpg,cat\n", "path,label\r\n1.jpg,cat\r\n",
                           "path,label\r1.jpg,cat", "\n\npath,label\n\n\n1.jpg,cat\n\n"}) {
    EXPECT_EQ(Read(text), kTwo) << text;
  }
}

TEST(CsvReaderTest, TheDelimiterIsToldFromTheFirstLine) {
  for (const char* text : {"path;label\n1.jpg;cat", "path\tlabel\n1.jpg\tcat",
                           "sep=;\r\npath;label\r\n1.jpg;cat", "\"path\";\"label\"\n1.jpg;cat"}) {
    EXPECT_EQ(Read(text), kTwo) << text;
  }
  EXPECT_THAT(Read("path;label\na,b;c"),
              ElementsAre(ElementsAre("path", "label"), ElementsAre("a,b", "c")));
  EXPECT_THAT(Read("\"a;b;c\",d"), ElementsAre(ElementsAre("a;b;c", "d")));
}

TEST(CsvReaderTest, QuotesHoldWhatWouldEndAField) {
  std::vector<int64_t> lines;
  EXPECT_THAT(Read("\"a,\"\"b\"\"\",\"c\nd\"\ne,f\n,\n\"\",5\" disc", &lines),
              ElementsAre(ElementsAre("a,\"b\"", "c\nd"), ElementsAre("e", "f"),
                          ElementsAre("", ""), ElementsAre("", "5\" disc")));
  EXPECT_THAT(lines, ElementsAre(1, 3, 4, 5));
}

TEST(CsvReaderTest, ErrorsNameLineAndColumn) {
  EXPECT_EQ(Error("a,b\nc,\"d\ne,f\n"), "line 2, column 2: a quote opens here and never closes");
  EXPECT_THAT(Error("a,b\nc,\"d" + std::string(200, 'x') + "\""),
              HasSubstr("line 2, column 2: a quote opens here and does not close within 100"));
  EXPECT_THAT(Error("a,b\n\"c\"d,e"), HasSubstr("line 2, column 1: something follows the quote"));
  EXPECT_THAT(Error("a\nb\n" + std::string(101, 'x')),
              HasSubstr("line 3, column 1: a field of more than 100 bytes"));
  EXPECT_THAT(Error(std::string(20, ',')), HasSubstr("line 1: more than 10 fields"));
}

}  // namespace
}  // namespace graft::data
