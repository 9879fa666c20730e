#ifndef GRAFT_CLIENT_CLI_COMMAND_H_
#define GRAFT_CLIENT_CLI_COMMAND_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"

#include "client/cli/progress.h"
#include "client/lib/client.h"

namespace CLI {
class App;
}

namespace graft::cli {

// What the options in front of the command say; filled in by CLI11 before a command runs.
struct Globals {
  client::ClientOptions client;
  double timeout_seconds = 30;
  double upload_timeout_seconds = 0;  // 0: no limit
  // --output json: one JSON document on standard output, nothing else. Where a job is watched, JSON
  // Lines: one document a line for each event, and before them, from finetune, one with the job.
  bool json = false;
  bool terminal = false;  // standard error is a terminal: draw progress bars there
  absl::Status result;    // of the command that ran

  std::unique_ptr<client::Client> Connect() const { return client::Client::Create(client); }
  Progress::Style progress() const {
    if (json) return Progress::Style::kSilent;
    return terminal ? Progress::Style::kBar : Progress::Style::kLines;
  }
  // Ctrl-C was pressed.
  bool interrupted() const {
    return client.cancellation != nullptr && client.cancellation->cancelled();
  }
};

// Each adds its command, with its own options, to `app`. `globals` outlives `app`.
void AddDatasetCommand(CLI::App& app, Globals& globals);
void AddFineTuneCommand(CLI::App& app, Globals& globals);
void AddJobCommands(CLI::App& app, Globals& globals);  // status, watch, jobs, cancel
void AddPredictCommand(CLI::App& app, Globals& globals);
void AddEmbedCommand(CLI::App& app, Globals& globals);
void AddExplainCommand(CLI::App& app, Globals& globals);
void AddModelsCommand(CLI::App& app, Globals& globals);
void AddCaptureCommand(CLI::App& app, Globals& globals);
void AddBackbonesCommand(CLI::App& app, Globals& globals);

// Watches a job to its end with a progress bar or plain lines, then shows how it went.
// FAILED_PRECONDITION when it did not succeed. Where the watching ends before the job does, says on
// standard error how to go on.
absl::Status WatchToEnd(client::Client& client, const Globals& globals, const std::string& job_id,
                        uint64_t after_sequence);

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_COMMAND_H_
