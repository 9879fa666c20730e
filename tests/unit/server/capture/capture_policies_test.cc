#include "server/capture/capture_policies.h"

#include <gtest/gtest.h>

namespace graft::server {
namespace {

store::CapturePolicy Policy(const std::string& project, const std::string& model, int days) {
  store::CapturePolicy policy;
  policy.project = project;
  policy.model = model;
  policy.retention_days = days;
  return policy;
}

TEST(CapturePolicies, AModelsOwnHoldsElseItsProjects) {
  CapturePolicies policies({Policy("p", "pets", 1), Policy("p", "", 2), Policy("q", "pets", 3)});
  EXPECT_EQ(policies.Find("p", "pets")->retention_days, 1);
  EXPECT_EQ(policies.Find("p", "cars")->retention_days, 2);
  EXPECT_EQ(policies.Find("q", "pets")->retention_days, 3);
  EXPECT_EQ(policies.Find("q", "cars"), nullptr);
  EXPECT_EQ(policies.Find("r", "pets"), nullptr);
  ASSERT_EQ(policies.Of("p").size(), 2u);
  EXPECT_EQ(policies.Of("p")[0].model, "") << "the project's first";
  EXPECT_TRUE(policies.Of("r").empty());
}

TEST(CapturePolicies, ChangesAreSeenAndWhoeverHasOneKeepsIt) {
  CapturePolicies policies({});
  EXPECT_EQ(policies.Find("p", "pets"), nullptr);
  policies.Set(Policy("p", "", 2));
  const auto held = policies.Find("p", "pets");
  policies.Set(Policy("p", "", 5));
  EXPECT_EQ(policies.Find("p", "pets")->retention_days, 5);
  policies.Remove("p", "");
  policies.Remove("p", "");
  EXPECT_EQ(policies.Find("p", "pets"), nullptr);
  EXPECT_EQ(held->retention_days, 2);
}

}  // namespace
}  // namespace graft::server
