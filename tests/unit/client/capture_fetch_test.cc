#include "client/cli/capture_fetch.h"

#include <map>

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"

#include "core/base/files.h"
#include "tests/fakes/fake_client.h"

namespace graft::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// A server with pictures in pages of two.
class FakeCaptures final : public FakeClient {
 public:
  void Add(const std::string& id, const std::string& model, const std::string& answer) {
    v1::CapturedPicture picture;
    picture.set_picture_id(id);
    picture.set_model(model);
    picture.set_answer(answer);
    picture.set_probability(0.5f);
    pictures.push_back(picture);
  }
  absl::StatusOr<v1::ListCapturedPicturesResponse> ListCapturedPictures(
      v1::ListCapturedPicturesRequest request) override {
    size_t next = 0;
    if (!request.page_token().empty()) next = std::stoul(request.page_token());
    v1::ListCapturedPicturesResponse page;
    for (; next < pictures.size() && page.pictures_size() < 2; ++next) {
      if (request.model().empty() || request.model() == pictures[next].model()) {
        *page.add_pictures() = pictures[next];
      }
    }
    if (next < pictures.size()) page.set_next_page_token(absl::StrCat(next));
    return page;
  }
  absl::StatusOr<v1::GetCapturedPictureResponse> GetCapturedPicture(
      const std::string& id) override {
    fetched.push_back(id);
    if (id == gone) return absl::NotFoundError("gone");
    v1::GetCapturedPictureResponse response;
    response.set_image("\xFF\xD8\xFF picture of " + id);
    return response;
  }

  std::vector<v1::CapturedPicture> pictures;
  std::vector<std::string> fetched;
  std::string gone;
};

std::string Id(int number) { return absl::StrCat(100 + number, std::string(61, 'e')); }
std::string Name(int number) { return Id(number).substr(0, 16) + ".jpg"; }

class FetchPicturesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempDirectory::Create();
    ASSERT_TRUE(folder.ok());
    folder_ = std::make_unique<TempDirectory>(*std::move(folder));
    client_.Add(Id(1), "pets", "cat");
    client_.Add(Id(2), "cars", "../../out");
    client_.Add(Id(3), "pets", "dog");
    client_.Add(Id(4), "pets", "cat");
    client_.Add(Id(5), "pets", "cat");
  }
  FetchResult Fetch(const std::string& model = "", int64_t limit = 100) {
    const auto result =
        FetchPictures(client_, model, folder_->path() / "new", limit, [](int64_t) {});
    EXPECT_TRUE(result.ok()) << result.status();
    return result.value_or(FetchResult());
  }
  std::filesystem::path Below(const std::string& name) const {
    return folder_->path() / "new" / name;
  }

  std::unique_ptr<TempDirectory> folder_;
  FakeCaptures client_;
};

TEST_F(FetchPicturesTest, WritesPicturesIntoFoldersByTheirAnswers) {
  const FetchResult result = Fetch();
  EXPECT_EQ(result.written, 5);
  EXPECT_THAT(result.folders, ElementsAre(Pair("_._.._out", 1), Pair("cat", 3), Pair("dog", 1)));
  EXPECT_EQ(*ReadFile(Below("dog") / Name(3), 100), "\xFF\xD8\xFF picture of " + Id(3));
  EXPECT_FALSE(std::filesystem::exists(folder_->path().parent_path() / "out"));
}

TEST_F(FetchPicturesTest, WhatAPersonHasMovedIsNotFetchedAgain) {
  Fetch();
  std::filesystem::create_directories(Below("wolf"));
  std::filesystem::rename(Below("dog") / Name(3), Below("wolf") / Name(3));
  client_.fetched.clear();
  client_.Add(Id(6), "pets", "dog");
  const FetchResult result = Fetch();
  EXPECT_EQ(result.written, 1);
  EXPECT_EQ(result.there, 5);
  EXPECT_THAT(client_.fetched, ElementsAre(Id(6)));
}

TEST_F(FetchPicturesTest, AModelsAloneAndTheNewestSoMany) {
  EXPECT_EQ(Fetch("cars").written, 1);
  EXPECT_EQ(Fetch("pets", 2).written, 2);
  EXPECT_THAT(client_.fetched, ElementsAre(Id(2), Id(1), Id(3)));
}

TEST_F(FetchPicturesTest, OneThatIsDeletedMeanwhileIsLeftOut) {
  client_.gone = Id(3);
  EXPECT_EQ(Fetch().written, 4);
}

TEST_F(FetchPicturesTest, AFolderThatCannotBeMadeIsAnError) {
  ASSERT_TRUE(WriteFileAtomically(folder_->path() / "new", "a file").ok());
  const auto result = FetchPictures(client_, "", folder_->path() / "new", 9, [](int64_t) {});
  EXPECT_TRUE(absl::IsInvalidArgument(result.status())) << result.status();
}

TEST_F(FetchPicturesTest, IdsAreFoundByTheirBeginnings) {
  EXPECT_THAT(*WholeIds(client_, {"103", Id(1)}), ElementsAre(Id(1), Id(3)));
  EXPECT_TRUE(absl::IsNotFound(WholeIds(client_, {"103", "2"}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(WholeIds(client_, {"10"}).status()));
}

}  // namespace
}  // namespace graft::cli
