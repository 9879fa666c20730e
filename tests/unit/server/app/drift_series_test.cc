#include "server/app/drift_series.h"

#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "core/serving/drift_watch.h"
#include "tests/fakes/fake_serving.h"

namespace graft::server {
namespace {

using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::UnorderedElementsAre;

using Labels = std::vector<std::string>;

constexpr absl::Duration kNow = absl::Hours(100);

// A version that has answered so often, and always the same.
serving::ModelStatus Watched(std::string model, int64_t version, int answers) {
  auto watch = std::make_shared<serving::DriftWatch>(
      model::DriftRecord{.pictures = {{.of = "brightness", .edges = {0.5}, .counts = {9, 9}}},
                         .answers = {{.counts = {20, 20, 20}}}},
      std::make_shared<FakeDecoder>(), 400);
  for (int i = 0; i < answers; ++i) watch->Count({0, 0, 1}, std::nullopt);
  return {.key = {"p", std::move(model), version},
          .state = serving::ModelState::kReady,
          .drift_watch = std::move(watch),
          .last_used = kNow};
}

TEST(DriftSeries, SaysHowMuchIsCountedAndFromAHundredOnHowItDiffers) {
  const DriftSeries few = DriftSeriesOf({Watched("m", 2, 99)}, kNow, 10);
  EXPECT_EQ(few.inputs.at({"m", "p", "2", "answers"}), 99);
  EXPECT_EQ(few.inputs.at({"m", "p", "2", "brightness"}), 0);
  EXPECT_THAT(few.index, IsEmpty());
  const DriftSeries enough = DriftSeriesOf({Watched("m", 2, 100)}, kNow, 10);
  EXPECT_THAT(enough.index, UnorderedElementsAre(Key(Labels{"m", "p", "2", "answers"})));
  EXPECT_GT(enough.index.begin()->second, 1);
}

TEST(DriftSeries, VersionsThatAreNotAskedOrNotWatchedHaveNone) {
  serving::ModelStatus unused = Watched("m", 1, 200);
  unused.last_used = kNow - kDriftShownFor - absl::Seconds(1);
  serving::ModelStatus leaving = Watched("m", 2, 200);
  leaving.state = serving::ModelState::kUnloading;
  serving::ModelStatus unwatched = Watched("m", 3, 200);
  unwatched.drift_watch = nullptr;
  EXPECT_EQ(DriftSeriesOf({unused, leaving, unwatched}, kNow, 10), DriftSeries());
  unused.last_used = kNow - kDriftShownFor;
  EXPECT_EQ(DriftSeriesOf({unused, leaving, unwatched}, kNow, 10).inputs.size(), 2u);
}

TEST(DriftSeries, OfTooManyThoseUsedLastAreShown) {
  std::vector<serving::ModelStatus> models;
  for (int i = 0; i < 5; ++i) {
    models.push_back(Watched(absl::StrCat("m", i), 1, 200));
    models.back().last_used = kNow - absl::Minutes(i == 3 ? 0 : 10 + i);
  }
  const DriftSeries series = DriftSeriesOf(models, kNow, 5);
  EXPECT_THAT(series.index, UnorderedElementsAre(Key(Labels{"m0", "p", "1", "answers"}),
                                                 Key(Labels{"m3", "p", "1", "answers"})));
  EXPECT_EQ(series.inputs.size(), 4u);
}

}  // namespace
}  // namespace graft::server
