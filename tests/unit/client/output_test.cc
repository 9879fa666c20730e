#include "client/cli/output.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::cli {
namespace {

TEST(FormatTableTest, AlignsByCharactersNotBytes) {
  EXPECT_EQ(FormatTable({{"CLASS", "IMAGES"}, {"Käfer", "3"}, {"Ox", "12"}}),
            "CLASS  IMAGES\n"
            "Käfer  3\n"
            "Ox     12\n");
}

TEST(FormatTableTest, TakesRowsOfDifferentLength) {
  EXPECT_EQ(FormatTable({{"a"}, {"bb", "c", "d"}}), "a\nbb  c  d\n");
  EXPECT_EQ(FormatTable({}), "");
}

TEST(FormatCountTest, SaysLargeNumbersInWords) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(2'052), "2,052");
  EXPECT_EQ(FormatCount(9'994), "9,994");
  EXPECT_EQ(FormatCount(9'995), "10 thousand");
  EXPECT_EQ(FormatCount(999'499), "999 thousand");
  EXPECT_EQ(FormatCount(999'500), "1.0 million");
  EXPECT_EQ(FormatCount(138'357'544), "138.4 million");
}

TEST(FormatBytesTest, RoundsIntoTheNextUnit) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1000), "1.0 kB");
  EXPECT_EQ(FormatBytes(999'499), "999.5 kB");
  EXPECT_EQ(FormatBytes(999'500), "1.0 MB");
  EXPECT_EQ(FormatBytes(12'300'000), "12.3 MB");
  EXPECT_EQ(FormatBytes(5'000'000'000'000'000), "5000.0 TB");
}

TEST(FormatTimeTest, ShowsADashWhereNothingHappenedYet) {
  EXPECT_EQ(FormatTime(google::protobuf::Timestamp()), "-");
  google::protobuf::Timestamp noon;
  noon.set_seconds(1'700'000'000);
  EXPECT_THAT(FormatTime(noon), testing::MatchesRegex("2023-11-1[45] ..:..:20"));
}

TEST(StateNameTest, LeavesThePrefixOut) { EXPECT_EQ(StateName(v1::JOB_STATE_QUEUED), "QUEUED"); }

TEST(FormatTableTest, KeepsACellInItsPlace) {
  EXPECT_EQ(FormatTable({{"cat\n", "1"}, {"\x1b[2J", "2"}}),
            "cat?  1\n"
            "?[2J  2\n");
}

TEST(PrintFieldTest, IsOneLine) {
  testing::internal::CaptureStdout();
  PrintField("model", "pets\nstate     SUCCEEDED");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "model     pets?state     SUCCEEDED\n");
}

TEST(PrintJsonLineTest, IsOneLineWithEveryField) {
  v1::JobEvent event;
  event.set_sequence(7);
  event.mutable_log()->set_text("a\nb");
  event.mutable_state();
  testing::internal::CaptureStdout();
  PrintJsonLine(event);
  EXPECT_EQ(
      testing::internal::GetCapturedStdout(),
      "{\"sequence\":\"7\",\"state\":{\"state\":\"JOB_STATE_UNSPECIFIED\",\"detail\":\"\"}}\n");
}

}  // namespace
}  // namespace graft::cli
