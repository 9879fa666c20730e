#include "server/app/config_check.h"

#include <filesystem>
#include <string>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "server/app/data_folder.h"
#include "server/workers/worker_socket.h"
#include "server/workers/workers.h"

namespace graft::server {
namespace {

namespace fs = std::filesystem;

constexpr char kImport[] = "import some with scripts/import_weights.py";

// The folder, or the nearest above it that is there; `made` says which.
fs::path NearestFolder(const fs::path& folder, bool* made) {
  std::error_code error;
  fs::path there = fs::absolute(folder).lexically_normal();
  if (!there.has_filename()) there = there.parent_path();
  *made = true;
  while (!fs::exists(there, error) && there.has_relative_path()) {
    *made = false;
    there = there.parent_path();
  }
  return there;
}

absl::Status CheckDataFolder(const fs::path& folder) {
  std::error_code error;
  bool made = true;
  const fs::path there = NearestFolder(folder, &made);
  if (!fs::is_directory(there, error)) {
    return absl::InvalidArgumentError("--data-dir: there is something else than a folder");
  }
  if (access(there.c_str(), W_OK | X_OK) == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--data-dir: ", made ? "cannot be written to" : "cannot be made",
                   " by the user of this process; choose another, or change its owner"));
}

absl::Status CheckWorkerProgram(const ServerConfig& config) {
  if (config.workers == 0) return absl::OkStatus();
  const fs::path program = WorkerProgram(config);
  std::error_code error;
  if (fs::is_regular_file(program, error) && access(program.c_str(), X_OK) == 0) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--worker-program: ", program.string(), " is no program that can be run"));
}

// Told by their names alone: nothing is made here. The start tries what they can do.
absl::Status CheckFileSystems(const ServerConfig& config, std::vector<std::string>* warnings) {
  bool made = true;
  GRAFT_ASSIGN_OR_RETURN(const FileSystemTraits data,
                         InspectFileSystem(NearestFolder(config.data_dir, &made)));
  GRAFT_ASSIGN_OR_RETURN(
      const FileSystemTraits socket,
      InspectFileSystem(NearestFolder(WorkerSocket(config).parent_path(), &made)));
  *warnings = WarningsOf(data);
  return CheckTraits(data, socket);
}

absl::Status CheckAll(const ServerConfig& config, std::vector<std::string>* warnings) {
  GRAFT_RETURN_IF_ERROR(CheckDataFolder(config.data_dir));
  GRAFT_RETURN_IF_ERROR(CheckFileSystems(config, warnings));
  GRAFT_RETURN_IF_ERROR(CheckWorkerProgram(config));
  return CheckWorkerSocket(WorkerSocket(config));
}

}  // namespace

ConfigFindings CheckFiles(const ServerConfig& config) {
  ConfigFindings findings;
  findings.status = CheckAll(config, &findings.warnings);
  bool any = false;
  std::error_code error;
  fs::directory_iterator entries(config.weights_dir, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::error_code ignored;
    any = any || fs::exists(entries->path() / "config.json", ignored);
  }
  if (!any) {
    findings.warnings.push_back(
        absl::StrCat("--weights-dir: no pretrained weights, so no jobs; ", kImport));
  } else if (!fs::exists(config.weights_dir / config.default_backbone / "config.json", error)) {
    findings.warnings.push_back(absl::StrCat("--default-backbone: ", config.default_backbone,
                                             " is not in --weights-dir; ", kImport));
  }
  return findings;
}

}  // namespace graft::server
