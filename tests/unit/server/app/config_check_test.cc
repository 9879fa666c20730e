#include "server/app/config_check.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>

#include "core/base/files.h"

namespace graft::server {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ConfigCheckTest : public ::testing::Test {
 protected:
  ConfigCheckTest() {
    config_.data_dir = folder_.path() / "deep" / "data";
    config_.weights_dir = folder_.path() / "weights";
    config_.worker_program = folder_.path() / "worker";
    config_.default_backbone = "net";
    Write(config_.worker_program, "#!/bin/sh\n");
    fs::permissions(config_.worker_program, fs::perms::owner_all);
    Install("net");
  }
  static void Write(const fs::path& path, const std::string& text) {
    ASSERT_TRUE(WriteFileAtomically(path, text).ok());
  }
  void Install(const std::string& backbone) {
    fs::create_directories(config_.weights_dir / backbone);
    Write(config_.weights_dir / backbone / "config.json", "{}");
  }
  void ExpectRefused(const std::string& flag) {
    const absl::Status status = CheckFiles(config_).status;
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(flag));
  }

  TempDirectory folder_ = *TempDirectory::Create();
  ServerConfig config_;
};

TEST_F(ConfigCheckTest, FindsNothingWhereAllIsThereAndChangesNothing) {
  const ConfigFindings findings = CheckFiles(config_);
  EXPECT_TRUE(findings.status.ok()) << findings.status;
  EXPECT_THAT(findings.warnings, IsEmpty());
  EXPECT_FALSE(fs::exists(config_.data_dir));
}

TEST_F(ConfigCheckTest, ADataFolderThatIsAFileOrBelowOneIsRefused) {
  Write(folder_.path() / "file", "x");
  for (const char* name : {"file", "file/data"}) {
    config_.data_dir = folder_.path() / name;
    ExpectRefused("--data-dir");
  }
}

TEST_F(ConfigCheckTest, AWorkerThatCannotBeRunIsRefusedUnlessNoneIsWanted) {
  config_.worker_program = folder_.path() / "none";
  ExpectRefused("--worker-program");
  config_.worker_program = config_.weights_dir / "net" / "config.json";
  ExpectRefused("--worker-program");
  config_.workers = 0;
  EXPECT_TRUE(CheckFiles(config_).status.ok());
}

TEST_F(ConfigCheckTest, ASocketThatCannotBeIsRefused) {
  config_.worker_socket = folder_.path() / std::string(108, 's');
  ExpectRefused("--worker-socket");
  config_.worker_socket = config_.worker_program;
  ExpectRefused("--worker-socket");
}

TEST_F(ConfigCheckTest, MissingWeightsAreAWarningThatSaysWhatToDo) {
  config_.default_backbone = "other";
  EXPECT_THAT(CheckFiles(config_).warnings,
              ElementsAre(::testing::AllOf(HasSubstr("--default-backbone"),
                                           HasSubstr("import_weights.py"))));
  config_.weights_dir = folder_.path() / "nothing";
  const ConfigFindings findings = CheckFiles(config_);
  EXPECT_TRUE(findings.status.ok());
  EXPECT_THAT(findings.warnings, ElementsAre(::testing::AllOf(HasSubstr("--weights-dir"),
                                                              HasSubstr("import_weights.py"))));
}

}  // namespace
}  // namespace graft::server
