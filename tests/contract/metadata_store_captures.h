#ifndef GRAFT_TESTS_CONTRACT_METADATA_STORE_CAPTURES_H_
#define GRAFT_TESTS_CONTRACT_METADATA_STORE_CAPTURES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "tests/contract/metadata_store_fixture.h"

namespace graft {

inline store::CapturePolicy NewCapturePolicy(const std::string& model = "",
                                             const std::string& project = "p") {
  store::CapturePolicy policy;
  policy.project = project;
  policy.model = model;
  policy.max_confidence = 0.625;
  policy.unknown = true;
  policy.share = 0.5;
  policy.max_pictures = 7;
  policy.retention_days = 3;
  return policy;
}

inline store::CapturedPicture NewCapture(const std::string& digest,
                                         const std::string& model = "pets",
                                         const std::string& project = "p") {
  store::CapturedPicture picture;
  picture.project = project;
  picture.digest = digest;
  picture.model = model;
  picture.version = 4;
  picture.answer = "c\u00e4t";
  picture.probability = 0.375;
  picture.bytes = 100;
  return picture;
}

TEST_P(MetadataStoreContract, ACapturePolicyComesBackWholeAndIsReplaced) {
  const store::CapturePolicy policy = NewCapturePolicy("pets");
  const auto set = store_->SetCapturePolicy(policy);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->update_time, clock_.Now());
  ASSERT_TRUE(store_->SetCapturePolicy(NewCapturePolicy("", "a")).ok());
  Reopen(1000);
  auto all = store_->ListAllCapturePolicies();
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[0].project, "a");
  const store::CapturePolicy& got = (*all)[1];
  EXPECT_EQ(got.project, "p");
  EXPECT_EQ(got.model, "pets");
  EXPECT_EQ(got.max_confidence, policy.max_confidence);
  EXPECT_TRUE(got.unknown);
  EXPECT_EQ(got.share, policy.share);
  EXPECT_EQ(got.max_pictures, 7);
  EXPECT_EQ(got.retention_days, 3);
  EXPECT_EQ(got.update_time, clock_.Now());

  store::CapturePolicy other = policy;
  other.unknown = false;
  ASSERT_TRUE(store_->SetCapturePolicy(other).ok());
  all = store_->ListAllCapturePolicies();
  ASSERT_EQ(all->size(), 2u);
  EXPECT_FALSE((*all)[1].unknown);
  EXPECT_TRUE(store_->DeleteCapturePolicy("p", "pets").ok());
  EXPECT_TRUE(store_->DeleteCapturePolicy("p", "pets").ok()) << "there is none any more";
  EXPECT_EQ(store_->ListAllCapturePolicies()->size(), 1u);
}

TEST_P(MetadataStoreContract, ACapturedPictureComesBackWholeAndIsKeptOnceAProject) {
  store::CapturedPicture picture = NewCapture("x");
  picture.policy_model = "pets";
  EXPECT_TRUE(*store_->AddCapturedPicture(picture, absl::Hours(2)));
  Reopen(1000);
  const absl::Time kept = clock_.Now();
  clock_.Advance(absl::Minutes(1));
  EXPECT_FALSE(*store_->AddCapturedPicture(NewCapture("x", "cars"), absl::Hours(9)));
  EXPECT_TRUE(*store_->AddCapturedPicture(NewCapture("x", "pets", "q"), absl::Hours(1)));
  const auto got = store_->GetCapturedPicture("p", "x");
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->project, "p");
  EXPECT_EQ(got->digest, "x");
  EXPECT_EQ(got->policy_model, "pets");
  EXPECT_EQ(got->model, "pets");
  EXPECT_EQ(got->version, 4);
  EXPECT_EQ(got->answer, picture.answer);
  EXPECT_EQ(got->probability, 0.375);
  EXPECT_EQ(got->unknown_score, std::nullopt);
  EXPECT_EQ(got->bytes, 100);
  EXPECT_EQ(got->create_time, kept);
  EXPECT_EQ(got->expire_time, kept + absl::Hours(2));
  EXPECT_THAT(store_->GetCapturedPicture("p", "y").status(), HasCode(absl::StatusCode::kNotFound));
  EXPECT_THAT(store_->GetCapturedPicture("r", "x").status(), HasCode(absl::StatusCode::kNotFound));
}

TEST_P(MetadataStoreContract, CapturedPicturesAreListedNewestFirstByModel) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(store_
                    ->AddCapturedPicture(NewCapture(absl::StrCat(i), i == 2 ? "cars" : "pets"),
                                         absl::Hours(1))
                    .ok());
  }
  const auto first = store_->ListCapturedPictures("p", "pets", {3, ""});
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(store_->AddCapturedPicture(NewCapture("late"), absl::Hours(1)).ok());
  const auto second = store_->ListCapturedPictures("p", "pets", {3, first->next_page_token});
  ASSERT_EQ(first->items.size(), 3u);
  EXPECT_EQ(first->items[0].digest, "4");
  EXPECT_EQ(first->items[2].digest, "1");
  ASSERT_EQ(second->items.size(), 1u);
  EXPECT_EQ(second->items[0].digest, "0");
  EXPECT_EQ(second->next_page_token, "");
  EXPECT_EQ(store_->ListCapturedPictures("p", "", {10, ""})->items.size(), 6u);
  EXPECT_TRUE(store_->ListCapturedPictures("q", "", {10, ""})->items.empty());
  EXPECT_THAT(store_->ListCapturedPictures("p", "", {3, "nonsense"}).status(),
              HasCode(absl::StatusCode::kInvalidArgument));
}

TEST_P(MetadataStoreContract, CapturedPicturesAreCountedAndDeletedByWhatTheyHaveInCommon) {
  const auto digests = [](const absl::StatusOr<std::vector<store::CapturedPicture>>& pictures) {
    std::vector<std::string> all;
    for (const store::CapturedPicture& picture : pictures.value()) all.push_back(picture.digest);
    return all;
  };
  store::CapturedPicture old = NewCapture("old");
  old.policy_model = "pets";
  ASSERT_TRUE(store_->AddCapturedPicture(old, absl::Hours(1)).ok());
  clock_.Advance(absl::Minutes(10));
  const absl::Time between = clock_.Now();
  ASSERT_TRUE(store_->AddCapturedPicture(NewCapture("cars", "cars"), absl::Hours(1)).ok());
  ASSERT_TRUE(store_->AddCapturedPicture(NewCapture("other", "pets", "q"), absl::Hours(5)).ok());
  ASSERT_TRUE(store_->AddCapturedPicture(NewCapture("new"), absl::Hours(5)).ok());
  using Filter = store::CaptureFilter;
  EXPECT_EQ(*store_->CountCapturedPictures({}), (store::CaptureTotals{4, 400}));
  EXPECT_EQ(*store_->CountCapturedPictures(Filter{.project = "p"}), (store::CaptureTotals{3, 300}));
  EXPECT_EQ(store_->CountCapturedPictures(Filter{.project = "p", .policy_model = ""})->pictures, 2);
  EXPECT_EQ(store_->CountCapturedPictures(Filter{.project = "p", .model = "pets"})->pictures, 2);
  EXPECT_EQ(store_->CountCapturedPictures(Filter{.created_before = between})->pictures, 1);
  EXPECT_EQ(*store_->CountCapturedPictures(Filter{.project = "r"}), store::CaptureTotals());

  const Filter expired{.expired_by = between + absl::Hours(1)};
  EXPECT_THAT(digests(store_->DeleteCapturedPictures(expired, 1)), ::testing::ElementsAre("old"))
      << "the oldest first";
  EXPECT_THAT(digests(store_->DeleteCapturedPictures(expired, 10)), ::testing::ElementsAre("cars"));
  EXPECT_THAT(digests(store_->DeleteCapturedPictures(Filter{.project = "p", .model = "pets"}, 10)),
              ::testing::ElementsAre("new"));
  EXPECT_EQ(store_->DeleteCapturedPicture("q", "other")->digest, "other");
  EXPECT_THAT(store_->DeleteCapturedPicture("q", "other").status(),
              HasCode(absl::StatusCode::kNotFound));
  Reopen(1000);
  EXPECT_EQ(*store_->CountCapturedPictures({}), store::CaptureTotals());
  EXPECT_TRUE(*store_->AddCapturedPicture(NewCapture("old"), absl::Hours(1)))
      << "it may come again";
}

TEST_P(MetadataStoreContract, ANewRetentionHoldsForWhatThePolicyHasKept) {
  store::CapturedPicture of_policy = NewCapture("x");
  of_policy.policy_model = "pets";
  ASSERT_TRUE(store_->AddCapturedPicture(of_policy, absl::Hours(24) * 30).ok());
  ASSERT_TRUE(store_->AddCapturedPicture(NewCapture("y"), absl::Hours(24) * 30).ok());
  const absl::Time kept = clock_.Now();
  clock_.Advance(absl::Hours(5));
  ASSERT_TRUE(store_->SetCapturePolicy(NewCapturePolicy("pets")).ok());
  EXPECT_EQ(store_->GetCapturedPicture("p", "x")->expire_time, kept + absl::Hours(24) * 3);
  EXPECT_EQ(store_->GetCapturedPicture("p", "y")->expire_time, kept + absl::Hours(24) * 30);
  ASSERT_TRUE(store_->DeleteCapturePolicy("p", "pets").ok());
  EXPECT_EQ(store_->GetCapturedPicture("p", "x")->expire_time, kept + absl::Hours(24) * 3);
}

TEST_P(MetadataStoreContract, BlobsMayBelongToCapturedPictures) {
  ASSERT_TRUE(store_->AddCapturedPicture(NewCapture("x"), absl::Hours(1)).ok());
  ASSERT_TRUE(store_->AddCapturedPicture(NewCapture("gone"), absl::Hours(1)).ok());
  ASSERT_TRUE(store_->DeleteCapturedPicture("p", "gone").ok());
  EXPECT_THAT(store_->ListBlobReferences()->captures,
              ::testing::ElementsAre(::testing::Pair("p", "x")));
}

}  // namespace graft

#endif  // GRAFT_TESTS_CONTRACT_METADATA_STORE_CAPTURES_H_
