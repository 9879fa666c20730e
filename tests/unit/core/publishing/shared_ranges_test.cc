#include "core/publishing/shared_ranges.h"

#include "gtest/gtest.h"

#include "core/base/files.h"

namespace graft::publishing {
namespace {

TEST(SharedRangesTest, AreFoundByWhatModelsHaveInCommon) {
  const TempDirectory folder = *TempDirectory::Create();
  const SharedRanges shared(folder.path() / "new");
  EXPECT_EQ(shared.Find("backbone/7"), std::nullopt);
  const std::vector<model::ActivationRange> ranges = {{"conv1", 0, 6}, {"conv2", -1.5f, 2}};
  shared.Keep("backbone/7", ranges);
  EXPECT_EQ(shared.Find("backbone/7"), ranges);
  EXPECT_EQ(shared.Find("backbone/6"), std::nullopt);
  EXPECT_EQ(SharedRanges(folder.path() / "new").Find("backbone/7"), ranges) << "another process";
}

TEST(SharedRangesTest, WhatCannotBeReadIsNotThere) {
  const TempDirectory folder = *TempDirectory::Create();
  const SharedRanges shared(folder.path());
  shared.Keep("backbone/7", {{"conv1", 0, 6}});
  for (const auto& file : std::filesystem::directory_iterator(folder.path())) {
    ASSERT_TRUE(WriteFileAtomically(file.path(), "[[\"conv1\",0,-6]]").ok());
  }
  EXPECT_EQ(shared.Find("backbone/7"), std::nullopt);
}

TEST(SharedRangesTest, WhatCannotBeWrittenIsLeftOut) {
  const TempDirectory folder = *TempDirectory::Create();
  ASSERT_TRUE(WriteFileAtomically(folder.path() / "file", "").ok());
  const SharedRanges shared(folder.path() / "file");
  shared.Keep("backbone/7", {{"conv1", 0, 6}});
  EXPECT_EQ(shared.Find("backbone/7"), std::nullopt);
}

}  // namespace
}  // namespace graft::publishing
