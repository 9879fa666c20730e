#include "server/api/fine_tune_request.h"

#include <functional>
#include <string>

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"

#include "wire/status.h"
#include "wire/worker_limits.h"

namespace graft::server {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(FilterOf, TakesEachStateOnce) {
  v1::ListJobsRequest request;
  for (int i = 0; i < 100'000; ++i) {
    request.add_states(i % 2 == 0 ? v1::JOB_STATE_QUEUED : v1::JOB_STATE_FAILED);
  }
  (*request.mutable_labels())["team"] = "a";
  request.set_model("pets");
  const auto filter = FilterOf(request);
  ASSERT_TRUE(filter.ok()) << filter.status();
  EXPECT_THAT(filter->states, ElementsAre(jobs::JobState::kQueued, jobs::JobState::kFailed));
  EXPECT_THAT(filter->labels, SizeIs(1));
  EXPECT_EQ(filter->model_name, "pets");
}

// The report of a job with more would not fit into what its worker may send: all of the training
// would be for nothing.
TEST(CheckDataset, RefusesMoreClassesThanAReportHolds) {
  v1::Task task;
  task.mutable_classification();
  v1::Dataset dataset;
  v1::ClassificationSummary& summary = *dataset.mutable_summary()->mutable_classification();
  const auto add = [&] {
    v1::ClassCounts& counts = *summary.add_classes();
    counts.set_name(absl::StrCat("class ", summary.classes_size()));
    counts.set_images(2);
  };
  while (summary.classes_size() < wire::kMaxReportClasses) add();
  EXPECT_TRUE(CheckDataset(task, dataset).ok());
  add();
  const absl::Status status = CheckDataset(task, dataset).status();
  ASSERT_EQ(InvalidFieldsOf(status).size(), 1u) << status;
  EXPECT_EQ(InvalidFieldsOf(status)[0].field, "spec.dataset_id");
  EXPECT_THAT(InvalidFieldsOf(status)[0].description, ::testing::HasSubstr("25001 classes"));
}

TEST(CheckNetwork, RefusesStagesThatTheBackboneLacks) {
  InstalledBackbone backbone;
  backbone.stage_parameters = {10, 20, 30};
  backbone.stages = {{"low", {8, 7, 7}}, {"middle", {16, 7, 7}}, {"high", {512, 7, 7}}};
  recipes::FineTuneConfig config;
  config.strategy = recipes::Strategy::kTopLayers;
  config.training.trainable_stages = 3;
  EXPECT_TRUE(CheckNetwork(config, backbone, 2).ok());
  config.training.trainable_stages = 4;
  const auto fields = InvalidFieldsOf(CheckNetwork(config, backbone, 2));
  ASSERT_THAT(fields, SizeIs(1));
  EXPECT_EQ(fields[0].field, "spec.training.trainable_stages");
}

TEST(CheckNetwork, RefusesAHeadThatCannotBeTrained) {
  InstalledBackbone backbone;
  backbone.stage_parameters = {10};
  backbone.stages = {{"only", {512, 7, 7}}};
  recipes::FineTuneConfig config;
  config.head.kind = model::HeadKind::kArticle;
  config.head.hidden_units = 256;
  EXPECT_TRUE(CheckNetwork(config, backbone, 10).ok());
  config.head.hidden_units = 65'536;
  const auto fields = InvalidFieldsOf(CheckNetwork(config, backbone, 10));
  ASSERT_THAT(fields, SizeIs(1));
  EXPECT_EQ(fields[0].field, "spec.head.hidden_units");
}

TEST(CheckNetwork, RefusesTapsAndLayersByTheirPathInTheRequest) {
  InstalledBackbone backbone;
  backbone.description.set_id("net");
  backbone.stage_parameters = {10, 20};
  backbone.stages = {{"low", {8, 7, 7}}, {"high", {16, 7, 7}}};
  recipes::FineTuneConfig config;
  config.head.taps = {"low", "top"};
  auto fields = InvalidFieldsOf(CheckNetwork(config, backbone, 2));
  ASSERT_THAT(fields, SizeIs(1));
  EXPECT_EQ(fields[0].field, "spec.head.taps");
  EXPECT_THAT(fields[0].description, ::testing::HasSubstr("on net: "));
  config.head.taps = {};
  config.head.kind = model::HeadKind::kLayers;
  config.head.layers = {"conv 8", "dense 4"};
  fields = InvalidFieldsOf(CheckNetwork(config, backbone, 2));
  ASSERT_THAT(fields, SizeIs(1));
  EXPECT_EQ(fields[0].field, "spec.head.layers");
}

struct BadList {
  const char* name;
  std::function<void(v1::ListJobsRequest&)> spoil;
  const char* field;
};

class BadLists : public ::testing::TestWithParam<BadList> {};

TEST_P(BadLists, AreRefusedByTheFieldsName) {
  v1::ListJobsRequest request;
  GetParam().spoil(request);
  const absl::Status status = FilterOf(request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const auto fields = InvalidFieldsOf(status);
  ASSERT_THAT(fields, SizeIs(1));
  EXPECT_EQ(fields[0].field, GetParam().field);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadLists,
    ::testing::Values(
        BadList{"NoState", [](auto& r) { r.add_states(v1::JOB_STATE_UNSPECIFIED); }, "states[0]"},
        BadList{"StateOfANewerApi",
                [](auto& r) {
                  r.add_states(v1::JOB_STATE_QUEUED);
                  r.add_states(static_cast<v1::JobState>(77));
                },
                "states[1]"},
        BadList{"TooManyLabels",
                [](auto& r) {
                  for (int i = 0; i < 5000; ++i) (*r.mutable_labels())[absl::StrCat(i)] = "v";
                },
                "labels"},
        BadList{"EmptyLabelKey", [](auto& r) { (*r.mutable_labels())[""] = "v"; }, "labels"},
        BadList{"LongLabelKey", [](auto& r) { (*r.mutable_labels())[std::string(64, 'k')] = "v"; },
                "labels"},
        BadList{"LongLabelValue",
                [](auto& r) { (*r.mutable_labels())["k"] = std::string(256, 'v'); },
                "labels[\"k\"]"},
        BadList{"ModelIsAPath", [](auto& r) { r.set_model("../etc"); }, "model"}),
    [](const auto& bad) { return bad.param.name; });

}  // namespace
}  // namespace graft::server
