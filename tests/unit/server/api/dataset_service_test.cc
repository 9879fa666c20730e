#include <set>
#include <string>

#include <gmock/gmock.h>

#include "tests/unit/server/server_fixture.h"

namespace graft::server {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DatasetServiceTest : public ServerTest {
 protected:
  absl::StatusOr<v1::Dataset> Get(const std::string& id) {
    grpc::ClientContext context;
    v1::GetDatasetRequest request;
    request.set_dataset_id(id);
    v1::GetDatasetResponse response;
    const absl::Status status =
        wire::FromGrpcStatus(datasets_->GetDataset(&context, request, &response));
    if (!status.ok()) return status;
    return response.dataset();
  }

  v1::ListDatasetsResponse List() {
    grpc::ClientContext context;
    v1::ListDatasetsResponse response;
    EXPECT_TRUE(datasets_->ListDatasets(&context, {}, &response).ok());
    return response;
  }

  absl::Status Delete(const std::string& id) {
    grpc::ClientContext context;
    v1::DeleteDatasetRequest request;
    request.set_dataset_id(id);
    v1::DeleteDatasetResponse response;
    return wire::FromGrpcStatus(datasets_->DeleteDataset(&context, request, &response));
  }
};

TEST_F(DatasetServiceTest, AnUploadIsListedAndKeptWithItsFiles) {
  const auto uploaded = Upload("cat 40\ndog 60\n");
  ASSERT_TRUE(uploaded.ok()) << uploaded.status();
  EXPECT_TRUE(uploaded->created());
  const auto dataset = Get(uploaded->dataset().id());
  ASSERT_TRUE(dataset.ok());
  EXPECT_EQ(dataset->images(), 100);
  EXPECT_EQ(dataset->headline(), "2 classes");
  EXPECT_EQ(dataset->summary().classification().classes(1).name(), "dog");
  EXPECT_EQ(dataset->display_name(), "a dataset");
  ASSERT_THAT(List().datasets(), SizeIs(1));
  EXPECT_EQ(List().datasets(0).headline(), "2 classes");
  EXPECT_FALSE(List().datasets(0).has_summary()) << "it can be megabytes";
  EXPECT_THAT(Files(), SizeIs(1));
  EXPECT_THAT(Files()[0], HasSubstr(absl::StrCat("datasets/default/", dataset->digest())));
}

// A default page of such was 4.5 MB, and Python's default client takes 4 MiB.
TEST_F(DatasetServiceTest, PagesOfLongNamesArriveAtADefaultClient) {
  constexpr int kDatasets = 24;
  for (int i = 0; i < kDatasets; ++i) {
    std::string list;
    for (int c = 0; c < 900; ++c) {
      absl::StrAppend(&list, std::string(200, 'x'), c, " ", i + 1, "\n");
    }
    ASSERT_TRUE(Upload(list).ok());
  }
  std::set<std::string> seen;
  int pages = 0;
  v1::ListDatasetsRequest request;
  do {
    grpc::ClientContext context;
    v1::ListDatasetsResponse response;
    const grpc::Status status = datasets_->ListDatasets(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_FALSE(response.datasets().empty());
    EXPECT_LT(response.ByteSizeLong(), size_t{4} << 20);
    for (const v1::Dataset& dataset : response.datasets()) {
      EXPECT_TRUE(seen.insert(dataset.id()).second) << "shown twice";
    }
    request.set_page_token(response.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(seen.size(), size_t{kDatasets});
  EXPECT_EQ(pages, 1) << "the names are in GetDataset, not in lists";
}

TEST_F(DatasetServiceTest, TheSameContentIsTheSameDataset) {
  const auto first = Upload("cat 40\ndog 60\n");
  const auto second = Upload("cat 40\ndog 60\n");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_FALSE(second->created());
  EXPECT_EQ(second->dataset().id(), first->dataset().id());
  ASSERT_THAT(List().datasets(), SizeIs(1));
  EXPECT_EQ(List().datasets(0).headline(), "2 classes");
  EXPECT_FALSE(List().datasets(0).has_summary()) << "it can be megabytes";
  EXPECT_THAT(Files(), SizeIs(1));
}

TEST_F(DatasetServiceTest, ARefusedArchiveLeavesNothing) {
  const auto refused = Upload("what is this");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("not a list"));
  EXPECT_THAT(List().datasets(), IsEmpty());
  EXPECT_THAT(Files(), IsEmpty());
  EXPECT_TRUE(Upload("cat 40\ndog 60\n").ok());
}

TEST_F(DatasetServiceTest, ADatasetInUseStaysUntilItsJobEnds) {
  const auto request = GoodRequest();
  const auto started = Start(request);
  ASSERT_TRUE(started.ok());
  const absl::Status refused = Delete(request.spec().dataset_id());
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(refused), "DATASET_IN_USE");
  grpc::ClientContext context;
  v1::CancelJobRequest cancel;
  cancel.set_job_id(started->job().id());
  v1::CancelJobResponse response;
  ASSERT_TRUE(jobs_->CancelJob(&context, cancel, &response).ok());
  EXPECT_TRUE(Delete(request.spec().dataset_id()).ok());
  EXPECT_THAT(Files(), IsEmpty());
  EXPECT_EQ(Get(request.spec().dataset_id()).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(DatasetServiceTest, AStartSweepsWhatACrashLeft) {
  ASSERT_TRUE(Upload("cat 40\ndog 60\n").ok());
  const auto files = Files();
  server_.reset();
  std::filesystem::create_directories(config_.data_dir / "tmp" / "upload-1");
  ASSERT_TRUE(WriteFileAtomically(config_.data_dir / "tmp" / "upload-1" / "archive", "half").ok());
  const auto orphan = config_.data_dir / files[0];
  const auto gone = orphan.parent_path().parent_path() / std::string(64, 'a');
  std::filesystem::create_directories(gone);
  ASSERT_TRUE(WriteFileAtomically(gone / "images.bin", "orphan").ok());
  StartServer();
  EXPECT_EQ(Files(), files);
}

TEST_F(DatasetServiceTest, BadPagesAreNamed) {
  grpc::ClientContext first_context;
  v1::ListDatasetsRequest request;
  request.set_page_size(-1);
  v1::ListDatasetsResponse response;
  absl::Status status =
      wire::FromGrpcStatus(datasets_->ListDatasets(&first_context, request, &response));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(InvalidFieldsOf(status).at(0).field, "page_size");
  grpc::ClientContext second_context;
  request.set_page_size(5);
  request.set_page_token("forged");
  status = wire::FromGrpcStatus(datasets_->ListDatasets(&second_context, request, &response));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(InvalidFieldsOf(status).at(0).field, "page_token");
}

TEST_F(DatasetServiceTest, TheRequestIdComesBackInTheHeaders) {
  grpc::ClientContext chosen;
  chosen.AddMetadata("x-request-id", "mine-1");
  v1::ListDatasetsResponse response;
  ASSERT_TRUE(datasets_->ListDatasets(&chosen, {}, &response).ok());
  EXPECT_EQ(chosen.GetServerInitialMetadata().find("x-request-id")->second, "mine-1");
  grpc::ClientContext made;
  ASSERT_TRUE(datasets_->ListDatasets(&made, {}, &response).ok());
  const auto header = made.GetServerInitialMetadata().find("x-request-id");
  ASSERT_NE(header, made.GetServerInitialMetadata().end());
  EXPECT_THAT(std::string(header->second.data(), header->second.size()), HasSubstr("req-"));
}

TEST_F(DatasetServiceTest, TwoServersCannotShareADataFolder) {
  const auto second = Application::Start(config_, logger_.get());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition) << second.status();
}

}  // namespace
}  // namespace graft::server
