#include "server/app/prediction_records.h"

#include <filesystem>

#include "tests/unit/server/capture/capture_fixture.h"

namespace graft::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PredictionRecordsTest : public CaptureTest {
 protected:
  void Open() {
    config_.data_dir = folder_->path() / "data";
    config_.min_free_disk_bytes = 0;
    auto records = PredictionRecords::Open(
        config_, {store_.get(), blobs_.get(), metrics_.get(), &clock_, logger_.get()});
    ASSERT_TRUE(records.ok()) << records.status();
    records_ = *std::move(records);
  }

  ServerConfig config_;
  std::unique_ptr<PredictionRecords> records_;
};

TEST_F(PredictionRecordsTest, WithoutASettingThereIsNoLogAndNoFolderForIt) {
  Open();
  EXPECT_EQ(records_->request_log(), nullptr);
  EXPECT_NE(records_->recorder(), nullptr);
  EXPECT_FALSE(std::filesystem::exists(config_.data_dir / "request-log"));
}

TEST_F(PredictionRecordsTest, TheLogIsInTheDataFolder) {
  config_.request_log_share = 1;
  Open();
  ASSERT_NE(records_->request_log(), nullptr);
  records_->request_log()->Write({});
  records_.reset();
  EXPECT_TRUE(
      std::filesystem::exists(config_.data_dir / "request-log" / "requests-00000001.jsonl"));
}

TEST_F(PredictionRecordsTest, PoliciesOfBeforeHoldAndAServerMayKeepNone) {
  ASSERT_TRUE(store_->SetCapturePolicy(policy_).ok());
  Open();
  EXPECT_TRUE(records_->recorder()->Wants("p", "pets"));
  config_.capture = false;
  Open();
  EXPECT_EQ(records_->recorder(), nullptr);
  EXPECT_NE(records_->policies()->Find("p", "pets"), nullptr) << "they can be shown";
}

TEST_F(PredictionRecordsTest, PicturesGoWhenTheirDaysAreOver) {
  Open();
  ASSERT_TRUE(Kept("one"));
  clock_.WaitForWaiters(1);
  clock_.Advance(absl::Hours(48) - absl::Minutes(1));
  clock_.WaitForWaiters(1);
  EXPECT_THAT(Pictures(), ElementsAre("one"));
  clock_.Advance(absl::Minutes(1));
  clock_.WaitForWaiters(1);
  EXPECT_THAT(Pictures(), IsEmpty());
}

TEST_F(PredictionRecordsTest, ThoseWhoseDaysEndedWhileNoServerRanGoAtTheStart) {
  ASSERT_TRUE(Kept("one"));
  clock_.Advance(absl::Hours(49));
  Open();
  EXPECT_THAT(Pictures(), IsEmpty());
}

}  // namespace
}  // namespace graft::server
