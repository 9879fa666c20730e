#include "wire/stored_spec.h"

#include <string>

#include "absl/strings/escaping.h"
#include "graft/v1/finetune.pb.h"
#include "gtest/gtest.h"

#include "wire/fine_tune_spec.h"

namespace graft {
namespace {

// Written by the messages of before, when ClassificationTask had head = 1, hidden_units = 2 and
// dropout = 3:
//   dataset "d", backbone "net", model "pets", TOP_LAYERS, 7 epochs, augment false; MLP, 64 units,
//   dropout 0.25, label_smoothing 0.1, BALANCED
constexpr char kMlp[] =
    "0a320a016412036e65741a047065747322180802104019000000000000d03f219a9999999999b93f280228023202"
    "08073a021800";
//   FEATURE_EXTRACTION; LINEAR, label_smoothing 0, class weighting NONE
constexpr char kLinear[] = "0a1f0a016412036e65741a0470657473220d080121000000000000000028012801";

v1::JobSpec Upgraded(const std::string& bytes) {
  const auto upgraded = UpgradeStoredSpec(bytes);
  EXPECT_TRUE(upgraded.ok()) << upgraded.status();
  v1::JobSpec spec;
  EXPECT_TRUE(upgraded.ok() && spec.ParseFromString(*upgraded));
  return spec;
}

TEST(StoredSpec, AHeadOfBeforeMovesToItsOwnMessage) {
  const v1::FineTuneSpec spec = Upgraded(absl::HexStringToBytes(kMlp)).fine_tune();
  EXPECT_EQ(spec.head().kind(), v1::HEAD_KIND_MLP);
  EXPECT_EQ(spec.head().hidden_units(), 64);
  EXPECT_EQ(spec.head().dropout(), 0.25);
  EXPECT_EQ(spec.classification().label_smoothing(), 0.1);
  EXPECT_EQ(spec.classification().class_weighting(), v1::CLASS_WEIGHTING_BALANCED);
  EXPECT_EQ(spec.strategy(), v1::STRATEGY_TOP_LAYERS);
  EXPECT_EQ(spec.training().epochs(), 7);
  EXPECT_TRUE(spec.data().has_augment());
  EXPECT_EQ(spec.dataset_id() + spec.backbone() + spec.model(), "dnetpets");
  EXPECT_TRUE(
      spec.classification().GetReflection()->GetUnknownFields(spec.classification()).empty());
  EXPECT_TRUE(ResolveFineTuneSpec(spec).ok()) << ResolveFineTuneSpec(spec).status();
}

TEST(StoredSpec, WhatWasNotSetStaysSo) {
  const v1::FineTuneSpec spec = Upgraded(absl::HexStringToBytes(kLinear)).fine_tune();
  EXPECT_EQ(spec.head().kind(), v1::HEAD_KIND_LINEAR);
  EXPECT_FALSE(spec.head().has_hidden_units());
  EXPECT_FALSE(spec.head().has_dropout());
  EXPECT_TRUE(ResolveFineTuneSpec(spec).ok()) << ResolveFineTuneSpec(spec).status();
}

TEST(StoredSpec, UpgradingAgainChangesNothing) {
  for (const char* const hex : {kMlp, kLinear}) {
    const std::string once = *UpgradeStoredSpec(absl::HexStringToBytes(hex));
    EXPECT_EQ(*UpgradeStoredSpec(once), once);
  }
  EXPECT_EQ(*UpgradeStoredSpec(""), "");
}

TEST(StoredSpec, AHeadOfTodayAndFieldsOfTomorrowAreKept) {
  v1::JobSpec spec;
  ASSERT_TRUE(spec.ParseFromString(absl::HexStringToBytes(kMlp)));
  spec.mutable_fine_tune()->mutable_head()->set_kind(v1::HEAD_KIND_ARTICLE);
  v1::ClassificationTask* const task = spec.mutable_fine_tune()->mutable_classification();
  task->GetReflection()->MutableUnknownFields(task)->AddVarint(99, 5);
  const v1::FineTuneSpec upgraded = Upgraded(spec.SerializeAsString()).fine_tune();
  EXPECT_EQ(upgraded.head().kind(), v1::HEAD_KIND_ARTICLE);
  EXPECT_EQ(upgraded.head().hidden_units(), 64);
  const auto& kept =
      upgraded.classification().GetReflection()->GetUnknownFields(upgraded.classification());
  ASSERT_EQ(kept.field_count(), 1);
  EXPECT_EQ(kept.field(0).number(), 99);
}

TEST(StoredSpec, WhatIsNoSpecificationIsDataLoss) {
  EXPECT_EQ(UpgradeStoredSpec("\x0a\x7f").status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace graft
