#include "client/cli/predict_files.h"

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "client/cli/ask_about_files.h"
#include "core/base/files.h"
#include "tests/fakes/fake_client.h"

namespace graft::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<size_t> Counts(const std::vector<uint64_t>& sizes, size_t max_count,
                           uint64_t max_bytes) {
  std::vector<size_t> counts;
  size_t next = 0;
  for (const FileRange& range : PlanRequests(sizes, max_count, max_bytes)) {
    EXPECT_EQ(range.first, next);
    next += range.count;
    counts.push_back(range.count);
  }
  EXPECT_EQ(next, sizes.size());
  return counts;
}

TEST(PlanRequestsTest, KeepsToCountAndBytes) {
  EXPECT_THAT(Counts({}, 2, 10), IsEmpty());
  EXPECT_THAT(Counts({1, 1, 1, 1, 1}, 2, 10), ElementsAre(2, 2, 1));
  EXPECT_THAT(Counts({6, 4, 1, 9, 9}, 64, 10), ElementsAre(2, 2, 1));
  EXPECT_THAT(Counts({1, 11, 1, 1}, 64, 10), ElementsAre(1, 1, 2));
  EXPECT_THAT(Counts({11, 11}, 64, 10), ElementsAre(1, 1));
}

// A server that names each picture after its bytes, and takes so many bytes a message.
class FakePredictions final : public FakeClient {
 public:
  absl::StatusOr<v1::PredictResponse> Predict(v1::PredictRequest request) override {
    requests.push_back(request);
    if (request.ByteSizeLong() > max_bytes) {
      return absl::ResourceExhaustedError("Received message larger than max (30 vs. 20)");
    }
    v1::PredictResponse response;
    for (int i = 0; i < request.inputs_size(); ++i) {
      const std::string& image = request.inputs(i).image();
      if (image == "bad") {
        return absl::InvalidArgumentError(absl::StrCat("inputs[", i, "]: not an image"));
      }
      response.add_outputs()->mutable_classification()->add_labels()->set_label(image);
    }
    response.set_model(request.model());
    response.set_version(request.version() == 0 ? static_cast<int64_t>(6 + requests.size())
                                                : request.version());
    response.mutable_timing()->mutable_total()->set_nanos(700'000'000);
    return response;
  }

  size_t max_bytes = 1 << 20;
  std::vector<v1::PredictRequest> requests;
};

class PredictFilesTest : public ::testing::Test {
 protected:
  void Put(const std::string& name, const std::string& bytes) {
    const std::string path = (folder_.path() / name).string();
    std::ofstream(path, std::ios::binary) << bytes;
    files_.push_back(path);
  }
  absl::StatusOr<v1::PredictResponse> Ask() {
    v1::PredictRequest question;
    question.set_model("m");
    return PredictFiles(predictions_, question, files_);
  }
  static std::vector<std::string> Labels(const v1::PredictResponse& response) {
    std::vector<std::string> labels;
    for (const v1::TaskOutput& output : response.outputs()) {
      labels.push_back(output.classification().labels(0).label());
    }
    return labels;
  }

  TempDirectory folder_ = *TempDirectory::Create();
  std::vector<std::string> files_;
  FakePredictions predictions_;
};

TEST_F(PredictFilesTest, JoinsAnswersInOrder) {
  std::vector<std::string> expected;
  for (int i = 0; i < 130; ++i) {
    expected.push_back(absl::StrCat("picture ", i));
    Put(absl::StrCat(i, ".jpg"), expected.back());
  }
  const auto response = Ask();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(Labels(*response), expected);
  ASSERT_EQ(predictions_.requests.size(), 3u);
  // Though a newer one may have come meanwhile.
  EXPECT_EQ(response->version(), 7);
  EXPECT_EQ(predictions_.requests[0].version(), 0);
  EXPECT_EQ(predictions_.requests[1].version(), 7);
  EXPECT_EQ(response->timing().total().seconds(), 2);
  EXPECT_EQ(response->timing().total().nanos(), 100'000'000);
}

TEST_F(PredictFilesTest, WhatALabelNamesAtFirstAnswersForAll) {
  for (int i = 0; i < 70; ++i) Put(absl::StrCat(i, ".jpg"), "p");
  v1::PredictRequest question;
  question.set_model("m");
  question.set_label("stable");
  ASSERT_TRUE(PredictFiles(predictions_, question, files_).ok());
  ASSERT_EQ(predictions_.requests.size(), 2u);
  EXPECT_EQ(predictions_.requests[0].label(), "stable");
  EXPECT_EQ(predictions_.requests[1].label(), "") << "one of the two, label or version";
  EXPECT_EQ(predictions_.requests[1].version(), 7);
}

TEST_F(PredictFilesTest, AsksASmallerServerForLessAtATime) {
  predictions_.max_bytes = 40;
  for (const char* const name : {"a", "b", "c", "d", "e"}) Put(name, std::string(9, name[0]));
  const auto response = Ask();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_THAT(Labels(*response),
              ElementsAre("aaaaaaaaa", "bbbbbbbbb", "ccccccccc", "ddddddddd", "eeeeeeeee"));
}

TEST_F(PredictFilesTest, NamesTheFileThatIsTooLarge) {
  predictions_.max_bytes = 40;
  Put("small.jpg", "s");
  Put("large.jpg", std::string(100, 'l'));
  const absl::Status status = Ask().status();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(absl::StrCat("'", files_[1], "' (100 B) is larger than the server takes")));
}

TEST_F(PredictFilesTest, NamesTheFileThatIsNoPicture) {
  for (int i = 0; i < 70; ++i) Put(absl::StrCat(i, ".jpg"), i == 66 ? "bad" : "good");
  EXPECT_EQ(Ask().status(),
            absl::InvalidArgumentError(absl::StrCat("'", files_[66], "': not an image")));
}

TEST_F(PredictFilesTest, LooksAtEveryFileBeforeItAsks) {
  Put("a.jpg", "good");
  Put("empty.jpg", "");
  EXPECT_THAT(std::string(Ask().status().message()), HasSubstr("empty.jpg' is empty"));
  files_[1] = (folder_.path() / "none.jpg").string();
  const absl::Status none = Ask().status();
  EXPECT_TRUE(absl::IsInvalidArgument(none)) << none;
  EXPECT_THAT(std::string(none.message()), HasSubstr("none.jpg': No such file or directory"));
  EXPECT_THAT(predictions_.requests, IsEmpty());
}

}  // namespace
}  // namespace graft::cli
