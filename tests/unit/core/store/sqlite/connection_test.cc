#include "core/store/sqlite/connection.h"

#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/base/error_reasons.h"
#include "core/base/files.h"
#include "core/base/status_details.h"
#include "core/store/sqlite/sqlite_metadata_store.h"
#include "core/store/sqlite/statement.h"

namespace graft::store::sqlite {
namespace {

using ::testing::HasSubstr;

class ConnectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempDirectory::Create();
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_ = std::make_unique<TempDirectory>(std::move(*folder));
    path_ = folder_->path() / "graft.db";
  }

  absl::StatusOr<std::unique_ptr<MetadataStore>> OpenStore() {
    SqliteMetadataStoreOptions options;
    options.path = path_;
    return SqliteMetadataStore::Open(options);
  }

  std::unique_ptr<TempDirectory> folder_;
  std::filesystem::path path_;
};

TEST_F(ConnectionTest, SyncsEveryCommitAndLocksTheFile) {
  auto connection = Connection::Open(path_);
  ASSERT_TRUE(connection.ok()) << connection.status();
  const auto pragma = [&](const char* sql) {
    Statement statement(**connection, sql);
    EXPECT_TRUE(*statement.Step());
    return statement.Text(0);
  };
  EXPECT_EQ(pragma("PRAGMA synchronous"), "2");  // FULL
  EXPECT_EQ(pragma("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(pragma("PRAGMA locking_mode"), "exclusive");
  EXPECT_EQ(pragma("PRAGMA foreign_keys"), "1");
}

TEST_F(ConnectionTest, ASecondConnectionIsRefusedInClearWords) {
  auto first = OpenStore();
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = OpenStore();
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("another process"));
  first->reset();
  EXPECT_TRUE(OpenStore().ok());
}

TEST_F(ConnectionTest, AFileThatIsNoDatabaseIsNamed) {
  std::ofstream(path_) << std::string(8192, 'x');
  const auto store = OpenStore();
  EXPECT_EQ(store.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(store.status().message()), HasSubstr("metadata database is damaged"));
}

TEST_F(ConnectionTest, AMissingFolderIsNamedWithoutItsPath) {
  path_ = folder_->path() / "missing" / "graft.db";
  const auto store = OpenStore();
  EXPECT_EQ(store.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(store.status().message()),
              ::testing::Not(HasSubstr(folder_->path().string())));
}

// Fills pages with garbage, one after the other: each is found at open or harmless, none is served.
TEST_F(ConnectionTest, ADamagedPageIsDetectedAtOpen) {
  {
    auto store = OpenStore();
    ASSERT_TRUE(store.ok());
    for (int i = 0; i < 50; ++i) {
      jobs::Job job;
      job.id = "job" + std::to_string(i);
      job.project = "p";
      job.spec = std::string(500, 's');
      ASSERT_TRUE((*store)->EnqueueJob(job).ok());
    }
  }
  auto intact = ReadFile(path_, 1 << 24);
  ASSERT_TRUE(intact.ok());
  constexpr size_t kPage = 4096;
  ASSERT_GT(intact->size(), 10 * kPage);
  for (size_t page = 0; page < intact->size() / kPage; ++page) {
    std::string damaged = *intact;
    damaged.replace(page * kPage, kPage, std::string(kPage, '\x5a'));
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << damaged;
    EXPECT_EQ(OpenStore().status().code(), absl::StatusCode::kDataLoss) << "page " << page;
    std::filesystem::remove(path_.string() + "-wal");
  }
}

TEST_F(ConnectionTest, AFullDiskIsRefusedAndNothingIsTorn) {
  auto connection = Connection::Open(path_);
  ASSERT_TRUE(connection.ok());
  ASSERT_TRUE((*connection)->Execute("CREATE TABLE t (b BLOB); PRAGMA max_page_count = 20;").ok());
  absl::Status status;
  int rows = 0;
  for (; rows < 100; ++rows) {
    Transaction transaction(**connection);
    ASSERT_TRUE(transaction.Begin().ok());
    Statement insert(**connection, "INSERT INTO t VALUES (?)", Blob{std::string(4000, 'x')});
    status = insert.Run();
    if (status.ok()) status = transaction.Commit();
    if (!status.ok()) break;
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("disk"));
  EXPECT_EQ(ErrorReason(status), reasons::kDiskFull);
  Statement count(**connection, "SELECT COUNT(*) FROM t");
  ASSERT_TRUE(*count.Step());
  EXPECT_EQ(count.Int(0), rows);
}

TEST_F(ConnectionTest, ATransactionThatIsNotCommittedLeavesNothing) {
  auto connection = Connection::Open(path_);
  ASSERT_TRUE((*connection)->Execute("CREATE TABLE t (x INTEGER)").ok());
  {
    Transaction transaction(**connection);
    ASSERT_TRUE(transaction.Begin().ok());
    ASSERT_TRUE((*connection)->Execute("INSERT INTO t VALUES (1)").ok());
  }
  Statement count(**connection, "SELECT COUNT(*) FROM t");
  ASSERT_TRUE(*count.Step());
  EXPECT_EQ(count.Int(0), 0);
}

TEST_F(ConnectionTest, AStatementKeepsItsErrorUntilItRuns) {
  auto connection = Connection::Open(path_);
  Statement bad(**connection, "SELECT nothing FROM nowhere");
  EXPECT_EQ(bad.Run().code(), absl::StatusCode::kInternal);
  Statement too_many(**connection, "SELECT ?", 1, 2);
  EXPECT_FALSE(too_many.Run().ok());
}

}  // namespace
}  // namespace graft::store::sqlite
