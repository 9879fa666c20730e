#include "server/api/list_page.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "graft/v1/dataset.pb.h"

namespace graft::server {
namespace {

using ::testing::ElementsAre;

// A list of items that are known by their sizes; a token is the index of the next one.
class FakeList {
 public:
  explicit FakeList(std::vector<int> sizes) : sizes_(std::move(sizes)) {}

  absl::StatusOr<store::Page<int>> Read(const store::PageOptions& options) {
    EXPECT_GE(options.page_size, 1);
    EXPECT_LE(options.page_size, kRowsARead);
    int from = 0;
    if (!options.page_token.empty() && !absl::SimpleAtoi(options.page_token, &from)) {
      return absl::InvalidArgumentError("no token");
    }
    store::Page<int> page;
    for (int i = from; i < Size() && i < from + options.page_size; ++i) {
      page.items.push_back(sizes_[static_cast<size_t>(i)]);
    }
    const int next = from + static_cast<int>(page.items.size());
    if (next < Size()) page.next_page_token = absl::StrCat(next);
    return page;
  }

  // The names' lengths page by page, with pages of `size` items and `bytes`.
  std::vector<std::vector<size_t>> Pages(int size, size_t bytes) {
    std::vector<std::vector<size_t>> pages;
    std::string token;
    do {
      google::protobuf::RepeatedPtrField<v1::SkippedFile> shown;
      const auto next = FillPage(
          size, token, [this](const store::PageOptions& options) { return Read(options); },
          [](int length) -> absl::StatusOr<std::optional<v1::SkippedFile>> {
            if (length == 0) return std::nullopt;
            v1::SkippedFile made;
            made.set_name(std::string(static_cast<size_t>(length), 'x'));
            return made;
          },
          &shown, bytes);
      EXPECT_TRUE(next.ok()) << next.status();
      if (!next.ok()) return pages;
      token = *next;
      size_t total = 0;
      for (const v1::SkippedFile& file : shown) total += file.ByteSizeLong();
      EXPECT_TRUE(total <= bytes || shown.size() == 1) << total;
      pages.emplace_back();
      for (const v1::SkippedFile& file : shown) pages.back().push_back(file.name().size());
    } while (!token.empty());
    return pages;
  }

 private:
  int Size() const { return static_cast<int>(sizes_.size()); }
  const std::vector<int> sizes_;
};

TEST(FillPage, GivesAsManyAsAreAskedFor) {
  EXPECT_THAT(FakeList({1, 2, 3, 4, 5}).Pages(2, 1000),
              ElementsAre(ElementsAre(1, 2), ElementsAre(3, 4), ElementsAre(5)));
  EXPECT_THAT(FakeList({}).Pages(2, 1000), ElementsAre(ElementsAre()));
}

TEST(FillPage, EndsEarlyWhereTheBytesDo) {
  // An item has two bytes beside its name.
  EXPECT_THAT(
      FakeList({48, 48, 48, 10, 98, 1}).Pages(50, 100),
      ElementsAre(ElementsAre(48, 48), ElementsAre(48, 10), ElementsAre(98), ElementsAre(1)));
}

TEST(FillPage, AnItemThatIsTooLargeComesAlone) {
  EXPECT_THAT(FakeList({500, 5, 500}).Pages(50, 100),
              ElementsAre(ElementsAre(500), ElementsAre(5), ElementsAre(500)));
}

TEST(FillPage, AllOfALongPageComesAlsoWhenItIsReadInParts) {
  std::vector<int> sizes(1'234, 7);
  const auto pages = FakeList(sizes).Pages(1'000, 1 << 20);
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_EQ(pages[0].size(), 1'000u);
  EXPECT_EQ(pages[1].size(), 234u);
  size_t total = 0;
  for (const auto& page : FakeList(sizes).Pages(1'000, 1'000)) total += page.size();
  EXPECT_EQ(total, 1'234u);
}

TEST(FillPage, WhatHasGoneIsLeftOut) {
  EXPECT_THAT(FakeList({1, 0, 3}).Pages(2, 1000), ElementsAre(ElementsAre(1), ElementsAre(3)));
}

TEST(FillPage, ABadTokenIsNamed) {
  google::protobuf::RepeatedPtrField<v1::SkippedFile> shown;
  FakeList list({1});
  const auto next = FillPage(
      1, "x", [&](const store::PageOptions& options) { return list.Read(options); },
      [](int) -> absl::StatusOr<std::optional<v1::SkippedFile>> { return v1::SkippedFile(); },
      &shown);
  ASSERT_EQ(InvalidFieldsOf(next.status()).size(), 1u) << next.status();
  EXPECT_EQ(InvalidFieldsOf(next.status())[0].field, "page_token");
}

}  // namespace
}  // namespace graft::server
