#include "wire/model.h"

#include <gmock/gmock.h>

#include "core/base/sha256.h"

namespace graft::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

worker::v1::FinishRequest Finished() {
  worker::v1::FinishRequest finish;
  finish.mutable_artifact()->set_prefix("jobs/job-1/2");
  finish.mutable_artifact()->set_manifest_sha256(Sha256Hex("manifest"));
  auto* metric = finish.add_metrics();
  metric->set_name("validation_accuracy");
  metric->set_value(0.97);
  return finish;
}

VerifiedArtifact Artifact() {
  VerifiedArtifact artifact;
  model::ModelDescription& description = artifact.description;
  description.backbone = "efficientnet_lite0";
  description.backbone_digest = Sha256Hex("weights");
  description.cut_point = "features";
  description.changed_stages = {"blocks.6"};
  description.head = {model::HeadKind::kMlp, {8, 7, 7}, 16, 0.5, 2};
  description.task = "classification";
  description.outputs = R"({"labels":["cat","dog"],"temperature":1.5})";
  artifact.card = R"({"licence":"MIT"})";
  artifact.bytes = 1234;
  return artifact;
}

store::ModelVersionDetails Details() {
  v1::Report report;
  report.mutable_classification()->set_accuracy(0.75);
  return {report.SerializeAsString(), Artifact().card};
}

TEST(WireModel, WhatAWorkerPublishedIsWhatGetModelSays) {
  const auto row = VersionToPublish(Finished(), Artifact());
  ASSERT_TRUE(row.ok()) << row.status();
  const auto proto = ToProto(*row, Details());
  ASSERT_TRUE(proto.ok()) << proto.status();
  EXPECT_EQ(proto->backbone(), "efficientnet_lite0");
  EXPECT_EQ(proto->backbone_digest(), Sha256Hex("weights"));
  EXPECT_EQ(proto->cut_point(), "features");
  EXPECT_EQ(proto->head(), "mlp");
  EXPECT_EQ(proto->input_spec().height(), 224);
  EXPECT_EQ(proto->input_spec().mean_size(), 3);
  EXPECT_THAT(proto->outputs().classification().labels(), ElementsAre("cat", "dog"));
  EXPECT_DOUBLE_EQ(proto->outputs().classification().temperature(), 1.5);
  EXPECT_THAT(proto->changed_stages(), ElementsAre("blocks.6"));
  EXPECT_DOUBLE_EQ(proto->report().classification().accuracy(), 0.75);
  ASSERT_EQ(proto->metrics_size(), 1);
  EXPECT_DOUBLE_EQ(proto->metrics(0).value(), 0.97);
  EXPECT_EQ(proto->card().fields().fields().at("licence").string_value(), "MIT");
  EXPECT_EQ(proto->bytes(), 1234);
}

TEST(WireModel, OutputsMustBeOfTheTasksForm) {
  VerifiedArtifact no_labels = Artifact();
  no_labels.description.outputs = "{}";
  EXPECT_THAT(std::string(VersionToPublish(Finished(), no_labels).status().message()),
              HasSubstr("labels"));
  VerifiedArtifact no_task = Artifact();
  no_task.description.task = "alchemy";
  EXPECT_THAT(std::string(VersionToPublish(Finished(), no_task).status().message()),
              HasSubstr("alchemy"));
}

TEST(WireModel, WhatCannotBeReadIsDataLoss) {
  const auto row = VersionToPublish(Finished(), Artifact());
  ASSERT_TRUE(row.ok()) << row.status();
  for (std::string store::ModelVersion::*bytes :
       {&store::ModelVersion::metrics, &store::ModelVersion::description}) {
    store::ModelVersion damaged = *row;
    damaged.*bytes = "\xff{";
    EXPECT_EQ(ToProto(damaged, Details()).status().code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_EQ(ToProto(*row, {"\xff", "{}"}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ToProto(*row, {"", "{"}).status().code(), absl::StatusCode::kDataLoss);
}

TEST(WireModel, VersionsAreAscending) {
  store::Model model;
  model.name = "pets";
  model.latest_version = 3;
  EXPECT_THAT(ToProto(model, {3, 1, 2}).versions(), ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace graft::wire
