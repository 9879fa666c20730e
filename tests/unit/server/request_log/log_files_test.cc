#include "server/request_log/log_files.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "core/base/files.h"

namespace graft::server {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

class LogFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempDirectory::Create();
    ASSERT_TRUE(folder.ok());
    folder_ = std::make_unique<TempDirectory>(*std::move(folder));
    options_.folder = folder_->path() / "log";
    options_.max_bytes = 8'000;
  }
  void Open() {
    files_.reset();
    auto files = LogFiles::Open(options_);
    ASSERT_TRUE(files.ok()) << files.status();
    files_ = *std::move(files);
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(options_.folder)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  uint64_t Bytes() const {
    uint64_t bytes = 0;
    for (const auto& entry : fs::directory_iterator(options_.folder)) bytes += entry.file_size();
    return bytes;
  }
  std::string Text() const {
    std::ostringstream text;
    for (const std::string& name : Names()) text << std::ifstream(options_.folder / name).rdbuf();
    return text.str();
  }

  std::unique_ptr<TempDirectory> folder_;
  LogFiles::Options options_;
  std::unique_ptr<LogFiles> files_;
};

TEST_F(LogFilesTest, TheOldestGoBeforeThereIsMoreThanTheBound) {
  Open();
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(files_->Append(absl::StrCat(100'000 + i, std::string(92, '.'), "\n")).ok());
    ASSERT_LE(Bytes(), options_.max_bytes);
  }
  EXPECT_GT(Bytes(), options_.max_bytes * 3 / 4) << "no more than an eighth goes at once";
  const std::vector<std::string> lines = absl::StrSplit(Text(), '\n', absl::SkipEmpty());
  for (size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i].substr(0, 6), absl::StrCat(101'000 - lines.size() + i)) << "none is missing";
  }
}

TEST_F(LogFilesTest, GoesOnBehindWhatIsThereAndDropsALineThatACrashCutOff) {
  Open();
  ASSERT_TRUE(files_->Append("one\n").ok());
  files_.reset();
  std::ofstream(options_.folder / "requests-00000001.jsonl", std::ios::app) << "two\nthr";
  std::ofstream(options_.folder / "notes.txt") << "somebody else's";
  Open();
  ASSERT_TRUE(files_->Append("four\n").ok());
  EXPECT_THAT(Names(), ElementsAre("notes.txt", "requests-00000001.jsonl"));
  EXPECT_EQ(Text(), "somebody else'sone\ntwo\nfour\n");
}

TEST_F(LogFilesTest, ASmallerBoundHoldsForWhatIsThere) {
  Open();
  for (int i = 0; i < 70; ++i) ASSERT_TRUE(files_->Append(std::string(99, '.') + "\n").ok());
  options_.max_bytes = 2'000;
  Open();
  ASSERT_TRUE(files_->Append("new\n").ok());
  EXPECT_LE(Bytes(), 2'000u);
}

TEST_F(LogFilesTest, AFullDiskIsLeftAloneUntilThereIsRoom) {
  uint64_t free = 1'000;
  options_.min_free_bytes = 998;
  options_.free = [&](const fs::path&) -> absl::StatusOr<uint64_t> { return free; };
  Open();
  EXPECT_TRUE(absl::IsResourceExhausted(files_->Append("line\n")));
  EXPECT_THAT(Names(), ElementsAre());
  free = 1'003;
  EXPECT_TRUE(files_->Append("line\n").ok());
  EXPECT_EQ(Text(), "line\n");
}

TEST_F(LogFilesTest, WhatCannotBeWrittenIsAnErrorWithoutAPath) {
  options_.free = [](const fs::path&) -> absl::StatusOr<uint64_t> { return 1 << 30; };
  Open();
  ASSERT_TRUE(fs::remove(options_.folder));
  const absl::Status gone = files_->Append("line\n");
  EXPECT_TRUE(absl::IsInternal(gone)) << gone;
  EXPECT_THAT(std::string(gone.message()),
              ::testing::Not(::testing::HasSubstr(folder_->path().string())));
  fs::create_directory(options_.folder);
  EXPECT_TRUE(files_->Append("line\n").ok());
  EXPECT_TRUE(absl::IsInternal(files_->Append(std::string(1'001, 'x'))));
}

TEST_F(LogFilesTest, NobodyElseMayReadIt) {
  Open();
  ASSERT_TRUE(files_->Append("line\n").ok());
  EXPECT_EQ(fs::status(options_.folder / "requests-00000001.jsonl").permissions() & fs::perms::mask,
            fs::perms::owner_read | fs::perms::owner_write);
}

}  // namespace
}  // namespace graft::server
