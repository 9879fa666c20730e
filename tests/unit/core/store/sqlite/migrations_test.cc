#include "core/store/sqlite/migrations.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/base/files.h"
#include "core/store/sqlite/sqlite_metadata_store.h"
#include "core/store/sqlite/statement.h"

namespace graft::store::sqlite {
namespace {

using ::testing::HasSubstr;

class MigrationsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempDirectory::Create();
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_ = std::make_unique<TempDirectory>(std::move(*folder));
    Reconnect();
  }

  void Reconnect() {
    connection_.reset();
    auto connection = Connection::Open(Path());
    ASSERT_TRUE(connection.ok()) << connection.status();
    connection_ = std::move(*connection);
  }

  std::filesystem::path Path() const { return folder_->path() / "graft.db"; }

  int64_t Number(const char* sql) {
    Statement statement(*connection_, sql);
    const auto row = statement.Step();
    EXPECT_TRUE(row.ok() && *row) << sql;
    return statement.Int(0);
  }

  std::unique_ptr<TempDirectory> folder_;
  std::unique_ptr<Connection> connection_;
};

constexpr Migration kTwo[] = {
    {1, "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (7);"},
    {2, "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 8;"},
};

TEST_F(MigrationsTest, NumbersCountUpFromOne) {
  int expected = 1;
  for (const Migration& migration : Migrations()) EXPECT_EQ(migration.number, expected++);
}

TEST_F(MigrationsTest, VersionNRunsOnTheDataOfNMinusOne) {
  ASSERT_TRUE(Migrate(*connection_, absl::MakeSpan(kTwo, 1)).ok());
  EXPECT_EQ(Number("PRAGMA user_version"), 1);
  Reconnect();
  ASSERT_TRUE(Migrate(*connection_, kTwo).ok());
  EXPECT_EQ(Number("PRAGMA user_version"), 2);
  EXPECT_EQ(Number("SELECT x + y FROM a"), 15);
  EXPECT_TRUE(Migrate(*connection_, kTwo).ok()) << "nothing left to do";
  EXPECT_EQ(Number("SELECT COUNT(*) FROM a"), 1);
}

TEST_F(MigrationsTest, ADatabaseOfANewerProgramIsRefusedUntouched) {
  ASSERT_TRUE(Migrate(*connection_, kTwo).ok());
  const absl::Status status = Migrate(*connection_, absl::MakeSpan(kTwo, 1));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("newer"));
  EXPECT_EQ(Number("PRAGMA user_version"), 2);
}

TEST_F(MigrationsTest, AJobOfTheFirstSchemaIsReadByThisProgram) {
  ASSERT_TRUE(Migrate(*connection_, Migrations().subspan(0, 1)).ok());
  const absl::Status inserted = connection_->Execute(
      "INSERT INTO jobs (id, project, kind, spec, spec_digest, request_id, task, strategy, "
      "architecture, backbone, backbone_digest, dataset_id, dataset_digest, model_name, device, "
      "state, desired, create_time, fence, crashes, attempts, worker_id, renewals, progress, "
      "result, stop_reason, error_code, error_message, error_field, error_hint, model_version, "
      "last_event_sequence) VALUES ('j', 'p', 1, x'', 'd', 'r', '', '', '', '', '', '', '', '', "
      "'', 5, 1, 0, 1, 1, 1, '', 0, x'', x'', '', '', '', '', '', 0, 0)");
  ASSERT_TRUE(inserted.ok()) << inserted;
  connection_.reset();
  SqliteMetadataStoreOptions options;
  options.path = Path();
  const auto store = SqliteMetadataStore::Open(options);
  ASSERT_TRUE(store.ok()) << store.status();
  const auto job = (*store)->GetJob("p", "j");
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->unclean_ends, 0);
  EXPECT_EQ(job->last_batch, 0u);
  EXPECT_TRUE((*store)->DeleteJob("p", "j").ok());
}

// Without a RowUpgrade: what the columns said, in the form of a description.
TEST_F(MigrationsTest, AVersionOfTheSecondSchemaKeepsWhatItsColumnsSaid) {
  ASSERT_TRUE(Migrate(*connection_, Migrations().subspan(0, 2)).ok());
  const absl::Status inserted = connection_->Execute(
      "INSERT INTO models (project, name, last_version) VALUES ('p', 'm', 7);"
      "INSERT INTO model_versions (model_seq, version, job_id, backbone_id, backbone_digest, "
      "cut_point, head, artifact_prefix, artifact_sha256, input_spec, metrics, card, "
      "dataset_digest, bytes, create_time) VALUES (1, 7, 'j', 'vgg16', 'abc', 'features', "
      "'linear', 'jobs/j/1', 'def', CAST('{\"height\":224,\"cropFraction\":0.875}' AS BLOB), "
      "x'6d', x'63', 'data', 42, 1000000);"
      "INSERT INTO model_versions (model_seq, version, job_id, backbone_id, backbone_digest, "
      "cut_point, head, artifact_prefix, artifact_sha256, input_spec, metrics, card, "
      "dataset_digest, bytes, create_time) VALUES (1, 6, 'i', '', '', '', '', '', '', x'ff', "
      "x'', x'', '', 0, 0);"
      // Not in the order of their places.
      "INSERT INTO model_version_labels VALUES (1, 1, 'd\"g'), (1, 0, 'cat');"
      "INSERT INTO model_version_changed_stages VALUES (1, 0, 'block5');");
  ASSERT_TRUE(inserted.ok()) << inserted;
  connection_.reset();
  SqliteMetadataStoreOptions options;
  options.path = Path();
  const auto store = SqliteMetadataStore::Open(options);
  ASSERT_TRUE(store.ok()) << store.status();
  const auto version = (*store)->GetModelVersion("p", "m", 7);
  ASSERT_TRUE(version.ok()) << version.status();
  EXPECT_EQ(version->description,
            R"({"format":2,"backbone":"vgg16","backbone_digest":"abc","cut_point":"features",)"
            R"("changed_stages":["block5"],"head":{"kind":"linear"},)"
            R"("input":{"height":224,"width":null,"crop_fraction":0.875,"interpolation":null,)"
            R"("mean":null,"std":null,"channel_order":null,"value_range":null},)"
            R"("task":"classification","outputs":{"labels":["cat","d\"g"]}})");
  EXPECT_EQ(version->artifact_prefix, "jobs/j/1");
  EXPECT_EQ(version->metrics, "m");
  EXPECT_EQ(version->bytes, 42);
  EXPECT_EQ((*store)->GetModelVersionDetails("p", "m", 7)->card, "c");
  EXPECT_TRUE((*store)->GetModelVersion("p", "m", 6).ok()) << "its input spec is no JSON";
}

TEST_F(MigrationsTest, AModelOfTheFifthSchemaIsThereBesideKeptPictures) {
  ASSERT_TRUE(Migrate(*connection_, Migrations().subspan(0, 5)).ok());
  ASSERT_TRUE(connection_
                  ->Execute("INSERT INTO models (project, name, last_version) "
                            "VALUES ('p', 'm', 7)")
                  .ok());
  connection_.reset();
  SqliteMetadataStoreOptions options;
  options.path = Path();
  const auto store = SqliteMetadataStore::Open(options);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE((*store)->ListAllCapturePolicies()->empty());
  CapturedPicture picture;
  picture.project = "p";
  picture.digest = "x";
  EXPECT_TRUE(*(*store)->AddCapturedPicture(picture, absl::Hours(1)));
}

TEST_F(MigrationsTest, TheStoreRefusesASchemaItDoesNotKnow) {
  ASSERT_TRUE(Migrate(*connection_, Migrations()).ok());
  ASSERT_TRUE(connection_->Execute("PRAGMA user_version = 1000").ok());
  connection_.reset();
  SqliteMetadataStoreOptions options;
  options.path = Path();
  EXPECT_EQ(SqliteMetadataStore::Open(options).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(MigrationsTest, AStepThatFailsLeavesTheSchemaBeforeIt) {
  constexpr Migration kBad[] = {kTwo[0], {2, "CREATE TABLE b (x INTEGER); SELECT nonsense;"}};
  const absl::Status status = Migrate(*connection_, kBad);
  EXPECT_THAT(std::string(status.message()), HasSubstr("schema step 2"));
  EXPECT_EQ(Number("PRAGMA user_version"), 1);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'b'"), 0);
  EXPECT_TRUE(Migrate(*connection_, kTwo).ok());
}

TEST_F(MigrationsTest, AnotherProgramsDatabaseIsRefused) {
  ASSERT_TRUE(connection_->Execute("CREATE TABLE theirs (x INTEGER)").ok());
  const absl::Status status = Migrate(*connection_, Migrations());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("another program"));
}

}  // namespace
}  // namespace graft::store::sqlite
