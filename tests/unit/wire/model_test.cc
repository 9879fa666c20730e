#include "wire/model.h"

#include <gmock/gmock.h>

#include "core/base/sha256.h"

namespace graft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

worker::v1::FinishRequest Finished() {
  worker::v1::FinishRequest finish;
  auto* artifact = finish.mutable_artifact();
  artifact->set_prefix("jobs/job-1/2");
  artifact->set_manifest_sha256(Sha256Hex("manifest"));
  artifact->set_cut_point("features");
  artifact->add_changed_stages("blocks.6");
  artifact->set_head("linear");
  artifact->mutable_input_spec()->set_height(224);
  artifact->mutable_input_spec()->add_mean(0.5F);
  artifact->add_labels("cat");
  artifact->add_labels("dog");
  (*artifact->mutable_card()->mutable_fields()->mutable_fields())["licence"].set_string_value(
      "MIT");
  artifact->set_bytes(1234);
  finish.mutable_report()->set_accuracy(0.75);
  auto* metric = finish.add_metrics();
  metric->set_name("validation_accuracy");
  metric->set_value(0.97);
  return finish;
}

TEST(WireModel, WhatAWorkerPublishedIsWhatGetModelSays) {
  const auto row = VersionToPublish(Finished());
  ASSERT_TRUE(row.ok()) << row.status();
  const auto proto = ToProto(*row);
  ASSERT_TRUE(proto.ok()) << proto.status();
  EXPECT_EQ(proto->input_spec().height(), 224);
  EXPECT_THAT(proto->labels(), ElementsAre("cat", "dog"));
  EXPECT_THAT(proto->changed_stages(), ElementsAre("blocks.6"));
  EXPECT_DOUBLE_EQ(proto->report().accuracy(), 0.75);
  ASSERT_EQ(proto->metrics_size(), 1);
  EXPECT_DOUBLE_EQ(proto->metrics(0).value(), 0.97);
  EXPECT_EQ(proto->card().fields().fields().at("licence").string_value(), "MIT");
  EXPECT_EQ(proto->bytes(), 1234);
}

TEST(WireModel, AVersionWithoutManifestOrLabelsIsNotPublished) {
  auto no_hash = Finished();
  no_hash.mutable_artifact()->set_manifest_sha256("abc");
  EXPECT_THAT(std::string(VersionToPublish(no_hash).status().message()),
              HasSubstr("manifest_sha256"));
  auto no_labels = Finished();
  no_labels.mutable_artifact()->clear_labels();
  EXPECT_THAT(std::string(VersionToPublish(no_labels).status().message()), HasSubstr("labels"));
  auto no_prefix = Finished();
  no_prefix.mutable_artifact()->clear_prefix();
  EXPECT_FALSE(VersionToPublish(no_prefix).ok());
}

TEST(WireModel, DamagedJsonIsDataLoss) {
  auto row = *VersionToPublish(Finished());
  row.metrics = "{";
  EXPECT_EQ(ToProto(row).status().code(), absl::StatusCode::kDataLoss);
}

TEST(WireModel, VersionsAreAscending) {
  Model model;
  model.name = "pets";
  model.latest_version = 3;
  EXPECT_THAT(ToProto(model, {3, 1, 2}).versions(), ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace graft
