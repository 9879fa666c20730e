#include "server/api/capture_service.h"

#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "core/base/status_details.h"
#include "core/tasks/classification/decoder.h"
#include "server/api/capture_policy_message.h"
#include "server/api/run_handler.h"
#include "tests/unit/server/capture/capture_fixture.h"
#include "wire/time.h"

namespace graft::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CaptureServiceTest : public CaptureTest {
 protected:
  void SetUp() override {
    CaptureTest::SetUp();
    ASSERT_FALSE(HasFatalFailure());
    CaptureRecorder::Options by_hand;
    by_hand.thread = CaptureRecorder::Thread::kByHand;
    recorder_ = std::make_unique<CaptureRecorder>(by_hand, &policies_, pictures_.get(),
                                                  metrics_.get(), logger_.get());
    MakeService(recorder_.get());
    PublishPets("job-1", "p", R"({"labels":["cat","dog"]})");
  }
  void MakeService(CaptureRecorder* recorder) {
    service_ = std::make_unique<CaptureService>(CaptureService::Environment{
        store_.get(), &policies_, pictures_.get(), recorder, logger_.get()});
  }

  static v1::SetCapturePolicyRequest Policy(const std::string& model = "") {
    v1::SetCapturePolicyRequest request;
    request.set_project("p");
    request.set_model(model);
    request.mutable_policy()->set_max_confidence(0.6);
    request.mutable_policy()->set_retention_days(30);
    return request;
  }
  absl::StatusOr<v1::SetCapturePolicyResponse> Set(const v1::SetCapturePolicyRequest& request) {
    return Call(gate_, {}, *service_, &CaptureService::SetCapturePolicy, request);
  }
  absl::StatusOr<v1::GetCapturePolicyResponse> Get(const std::string& model = "") {
    v1::GetCapturePolicyRequest request;
    request.set_project("p");
    request.set_model(model);
    return Call(gate_, {}, *service_, &CaptureService::GetCapturePolicy, request);
  }
  absl::StatusOr<v1::ListCapturedPicturesResponse> List(v1::ListCapturedPicturesRequest request) {
    request.set_project("p");
    return Call(gate_, {}, *service_, &CaptureService::ListCapturedPictures, request);
  }
  absl::StatusOr<v1::GetCapturedPictureResponse> Fetch(const std::string& id) {
    v1::GetCapturedPictureRequest request;
    request.set_project("p");
    request.set_picture_id(id);
    return Call(gate_, {}, *service_, &CaptureService::GetCapturedPicture, request);
  }
  absl::StatusOr<v1::DeleteCapturedPicturesResponse> Delete(
      v1::DeleteCapturedPicturesRequest request) {
    request.set_project("p");
    return Call(gate_, {}, *service_, &CaptureService::DeleteCapturedPictures, request);
  }
  static std::string WrongField(const absl::Status& status) {
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    const std::vector<FieldError> fields = InvalidFieldsOf(status);
    return fields.empty() ? "" : fields[0].field;
  }

  const Gate gate_;
  CapturePolicies policies_{{}};
  std::unique_ptr<CaptureRecorder> recorder_;
  std::unique_ptr<CaptureService> service_;
};

TEST_F(CaptureServiceTest, APolicyIsSetShownReplacedAndTakenAway) {
  v1::SetCapturePolicyRequest request = Policy();
  request.mutable_policy()->set_share(0.25);
  auto set = Set(request);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->policy().max_pictures(), 1'000) << "what was left out is said";
  ASSERT_TRUE(Set(Policy("pets")).ok());
  auto shown = Get();
  ASSERT_EQ(shown->policies_size(), 2);
  EXPECT_EQ(shown->policies(0).model(), "");
  EXPECT_EQ(shown->policies(0).share(), 0.25);
  EXPECT_EQ(shown->policies(0).retention_days(), 30);
  EXPECT_EQ(shown->policies(1).model(), "pets");
  EXPECT_EQ(shown->policies(1).share(), 1);
  EXPECT_TRUE(shown->allowed());
  EXPECT_EQ(Get("pets")->policies(0).model(), "pets") << "its own, not the project's";
  EXPECT_EQ(policies_.Find("p", "pets")->max_confidence, 0.6);
  EXPECT_EQ(store_->ListAllCapturePolicies()->size(), 2u);

  request = Policy("pets");
  request.clear_policy();
  set = Set(request);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_FALSE(set->has_policy());
  EXPECT_EQ(Get("pets")->policies(0).model(), "") << "the project's holds again";
  EXPECT_EQ(store_->ListAllCapturePolicies()->size(), 1u);
  EXPECT_TRUE(Set(request).ok()) << "twice is once";
}

TEST_F(CaptureServiceTest, APolicyThatMakesNoSenseIsNamedByItsFields) {
  struct Case {
    std::function<void(v1::CapturePolicy&)> spoil;
    const char* field;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const Case cases[] = {
      {[=](auto& p) { p.set_max_confidence(nan); }, "policy.max_confidence"},
      {[=](auto& p) { p.set_max_confidence(-0.1); }, "policy.max_confidence"},
      {[=](auto& p) { p.set_max_confidence(60); }, "policy.max_confidence"},
      {[=](auto& p) { p.set_max_confidence(0); }, "policy.max_confidence"},
      {[=](auto& p) { p.set_share(nan); }, "policy.share"},
      {[=](auto& p) { p.set_share(infinity); }, "policy.share"},
      {[=](auto& p) { p.set_share(-1); }, "policy.share"},
      {[=](auto& p) { p.set_max_pictures(-1); }, "policy.max_pictures"},
      {[=](auto& p) { p.set_max_pictures(1'000'001); }, "policy.max_pictures"},
      {[=](auto& p) { p.set_retention_days(0); }, "policy.retention_days"},
      {[=](auto& p) { p.set_retention_days(-7); }, "policy.retention_days"},
      {[=](auto& p) { p.set_retention_days(3'651); }, "policy.retention_days"},
      {[=](auto& p) { p.set_retention_days(std::numeric_limits<int>::max()); },
       "policy.retention_days"},
  };
  for (const Case& each : cases) {
    v1::SetCapturePolicyRequest request = Policy();
    each.spoil(*request.mutable_policy());
    EXPECT_EQ(WrongField(Set(request).status()), each.field) << request.ShortDebugString();
  }
  EXPECT_EQ(WrongField(Set(Policy("No Name")).status()), "model");
  const absl::Status unknown = Set(Policy("cars")).status();
  EXPECT_TRUE(absl::IsNotFound(unknown)) << unknown;
  EXPECT_EQ(ErrorReason(unknown), "MODEL_NOT_FOUND");
  EXPECT_TRUE(absl::IsNotFound(Get("cars").status()));
  EXPECT_EQ(Get()->policies_size(), 0) << "nothing was set";
  // To leave a model out of the project's policy.
  v1::SetCapturePolicyRequest none = Policy("pets");
  none.mutable_policy()->set_max_confidence(0);
  none.mutable_policy()->set_share(0);
  EXPECT_TRUE(Set(none).ok());
}

TEST_F(CaptureServiceTest, WhatIsKeptIsListedFetchedAndDeleted) {
  for (const char* bytes : {"one", "two", "three"}) ASSERT_TRUE(Kept(bytes));
  EXPECT_EQ(Get()->pictures(), 3);
  EXPECT_EQ(Get()->bytes(), 11);
  v1::ListCapturedPicturesRequest page;
  page.set_page_size(2);
  const auto first = List(page);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->pictures_size(), 2);
  const v1::CapturedPicture& three = first->pictures(0);
  EXPECT_EQ(three.picture_id(), Sha256Hex("three"));
  EXPECT_EQ(three.model(), "pets");
  EXPECT_EQ(three.answer(), "cat");
  EXPECT_EQ(three.probability(), 0.5f);
  EXPECT_FALSE(three.has_unknown_score());
  EXPECT_EQ(three.bytes(), 5);
  EXPECT_EQ(wire::FromProto(three.expire_time()) - wire::FromProto(three.create_time()),
            absl::Hours(48));
  page.set_page_token(first->next_page_token());
  EXPECT_EQ(List(page)->pictures_size(), 1);
  page.Clear();
  page.set_model("cars");
  EXPECT_EQ(List(page)->pictures_size(), 0) << "no such model, or not any more";

  const auto fetched = Fetch(Sha256Hex("two"));
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(fetched->image(), "two");
  EXPECT_EQ(fetched->picture().bytes(), 3);

  v1::DeleteCapturedPicturesRequest request;
  request.add_picture_ids(Sha256Hex("two"));
  request.add_picture_ids(Sha256Hex("none"));
  EXPECT_EQ(Delete(request)->deleted(), 1);
  const absl::Status gone = Fetch(Sha256Hex("two")).status();
  EXPECT_TRUE(absl::IsNotFound(gone)) << gone;
  EXPECT_EQ(ErrorReason(gone), "PICTURE_NOT_FOUND");
  request.Clear();
  request.set_all(true);
  EXPECT_EQ(Delete(request)->deleted(), 2);
  EXPECT_EQ(Blobs(), 0u);
}

TEST_F(CaptureServiceTest, DeletesByModelAndByTime) {
  ASSERT_TRUE(Kept("old"));
  clock_.Advance(absl::Hours(1));
  const absl::Time between = clock_.Now();
  ASSERT_TRUE(Kept("new"));
  v1::DeleteCapturedPicturesRequest request;
  request.set_model("cars");
  EXPECT_EQ(Delete(request)->deleted(), 0);
  request.set_model("pets");
  *request.mutable_before() = wire::ToProto(between);
  EXPECT_EQ(Delete(request)->deleted(), 1);
  EXPECT_THAT(Pictures(), ElementsAre("new"));
}

TEST_F(CaptureServiceTest, WhatWaitsToBeKeptIsDeletedToo) {
  policies_.Set(policy_);
  serving::ModelAnswer answer;
  answer.model = "pets";
  answer.outputs.push_back(std::make_unique<tasks::ClassificationOutput>(
      tasks::ClassificationOutput::Parts{{{"cat", 0.1f, 0}}}));
  answer.unknown_scores.resize(1);
  const std::vector<std::shared_ptr<const serving::PredictInput>> inputs = {
      std::make_shared<const serving::PredictInput>(serving::EncodedImage{"waiting"})};
  recorder_->OnAnswered("p", answer, inputs);
  ASSERT_TRUE(recorder_->KeepOne()) << "there is something to be forgotten";
  recorder_->OnAnswered("p", answer, inputs);
  ASSERT_TRUE(Kept("one"));
  v1::DeleteCapturedPicturesRequest request;
  request.set_all(true);
  EXPECT_EQ(Delete(request)->deleted(), 2);
  EXPECT_FALSE(recorder_->KeepOne());
}

TEST_F(CaptureServiceTest, BadRequestsAreNamed) {
  const auto wrong = [&](const std::function<void(v1::DeleteCapturedPicturesRequest&)>& spoil) {
    v1::DeleteCapturedPicturesRequest request;
    spoil(request);
    return WrongField(Delete(request).status());
  };
  EXPECT_EQ(wrong([](auto&) {}), "all");
  EXPECT_EQ(wrong([](auto& r) {
              r.set_all(true);
              r.set_model("pets");
            }),
            "all");
  EXPECT_EQ(wrong([](auto& r) {
              r.add_picture_ids(Sha256Hex("x"));
              r.set_all(true);
            }),
            "picture_ids");
  EXPECT_EQ(wrong([](auto& r) { r.add_picture_ids("../x"); }), "picture_ids[0]");
  EXPECT_EQ(wrong([](auto& r) {
              for (int i = 0; i < 1'001; ++i) r.add_picture_ids(Sha256Hex(absl::StrCat(i)));
            }),
            "picture_ids");
  EXPECT_EQ(wrong([](auto& r) { r.set_model("No Name"); }), "model");
  for (const char* id : {"", "abc", "../../graft.db"}) {
    EXPECT_EQ(WrongField(Fetch(id).status()), "picture_id") << id;
  }
  v1::ListCapturedPicturesRequest page;
  page.set_page_token("nonsense");
  EXPECT_EQ(WrongField(List(page).status()), "page_token");
  page.set_page_token(store_->ListDatasets("p", {})->next_page_token);
  page.set_page_size(1'001);
  EXPECT_EQ(WrongField(List(page).status()), "page_size");
  page.Clear();
  page.set_model("No Name");
  EXPECT_EQ(WrongField(List(page).status()), "model");
}

TEST_F(CaptureServiceTest, AServerThatKeepsNoneTakesNoPolicyAndLetsWhatIsThereGo) {
  ASSERT_TRUE(Set(Policy()).ok());
  ASSERT_TRUE(Kept("one"));
  MakeService(nullptr);
  const absl::Status off = Set(Policy()).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(off)) << off;
  EXPECT_EQ(ErrorReason(off), "CAPTURE_OFF");
  EXPECT_FALSE(Get()->allowed());
  EXPECT_EQ(Get()->policies_size(), 1);
  v1::SetCapturePolicyRequest none;
  none.set_project("p");
  EXPECT_TRUE(Set(none).ok());
  v1::DeleteCapturedPicturesRequest all;
  all.set_all(true);
  EXPECT_EQ(Delete(all)->deleted(), 1);
}

}  // namespace
}  // namespace graft::server
