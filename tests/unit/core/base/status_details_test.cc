#include "core/base/status_details.h"

#include <gmock/gmock.h>

#include "core/base/status_macros.h"

namespace graft {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

TEST(StatusDetails, AnInvalidFieldIsNamedInTheMessageAndForPrograms) {
  const absl::Status status = InvalidField("spec.training.epochs", "must be 1 to 10,000, not 0");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "spec.training.epochs: must be 1 to 10,000, not 0");
  EXPECT_THAT(InvalidFieldsOf(status),
              ElementsAre(FieldError{"spec.training.epochs", "must be 1 to 10,000, not 0"}));
}

TEST(StatusDetails, SeveralFieldsAreListed) {
  const absl::Status status = InvalidFields({{"a", "is empty"}, {"b", "is too long"}});
  EXPECT_EQ(status.message(), "a: is empty; b: is too long");
  EXPECT_THAT(InvalidFieldsOf(status), SizeIs(2));
  EXPECT_TRUE(InvalidFields({}).ok());
}

TEST(StatusDetails, TheMessageSaysHowManyFieldsMoreThereAre) {
  const absl::Status status = InvalidFields(std::vector<FieldError>(12, {"f", "is bad"}));
  EXPECT_THAT(InvalidFieldsOf(status), SizeIs(10));
  EXPECT_THAT(std::string(status.message()), EndsWith("f: is bad; and 2 more"));
}

TEST(StatusDetails, TextsOfAnyBytesComeBackAsTheyWere) {
  const FieldError odd = {std::string("a:3\0;", 5), "12:\xff, \xe2\x82\xac 5:"};
  EXPECT_THAT(InvalidFieldsOf(InvalidFields({odd, {"", ""}})), ElementsAre(odd, FieldError{}));
  const absl::Status status =
      WithReason(absl::InternalError("x"), "R", {{"a key", "3:abc"}, {"b", ""}});
  EXPECT_THAT(ErrorMetadata(status), ElementsAre(Pair("a key", "3:abc"), Pair("b", "")));
  EXPECT_EQ(ErrorReason(status), "R");
}

TEST(StatusDetails, EachKindIsKeptBesideTheOthersAndByAnnotate) {
  const absl::Status status = Annotate(
      WithRetryDelay(WithReason(InvalidField("f", "d"), "QUEUE_FULL"), absl::Milliseconds(1500)),
      "context");
  EXPECT_EQ(status.message(), "context: f: d");
  EXPECT_EQ(ErrorReason(status), "QUEUE_FULL");
  EXPECT_EQ(RetryDelay(status), absl::Milliseconds(1500));
  EXPECT_THAT(InvalidFieldsOf(status), SizeIs(1));
}

TEST(StatusDetails, ALaterReasonReplacesAnEarlier) {
  EXPECT_EQ(ErrorReason(WithReason(WithReason(absl::InternalError("x"), "A", {{"k", "v"}}), "B")),
            "B");
}

TEST(StatusDetails, AStatusWithoutThemCarriesNone) {
  for (const absl::Status& status : {absl::InternalError("x"), WithReason(absl::OkStatus(), "R"),
                                     WithRetryDelay(absl::OkStatus(), absl::Seconds(1))}) {
    EXPECT_EQ(ErrorReason(status), "");
    EXPECT_THAT(ErrorMetadata(status), IsEmpty());
    EXPECT_THAT(InvalidFieldsOf(status), IsEmpty());
    EXPECT_FALSE(RetryDelay(status).has_value());
  }
}

TEST(StatusDetails, MapTextsReachesTheDetailsToo) {
  const absl::Status status =
      MapTexts(WithReason(InvalidField("a", "x"), "R", {{"k", "x"}}),
               [](absl::string_view text) { return text == "x" ? "y" : std::string(text) + "!"; });
  EXPECT_EQ(status.message(), "a: x!");
  EXPECT_THAT(InvalidFieldsOf(status), ElementsAre(FieldError{"a!", "y"}));
  EXPECT_EQ(ErrorReason(status), "R");
  EXPECT_THAT(ErrorMetadata(status), ElementsAre(Pair("k", "y")));
}

}  // namespace
}  // namespace graft
