// graft: the command line client.

#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "client/cli/command.h"
#include "client/cli/exit_code.h"
#include "client/cli/interrupt.h"
#include "client/cli/text.h"

namespace {

using graft::cli::Globals;

// A URL, or a host without a port, would make gRPC look up a strange name, and say so at length.
std::string CheckServer(const std::string& server) {
  if (absl::StrContains(server, "//") && !absl::StrContains(server, ":///")) {
    return absl::StrCat("'", server, "' is a URL: give host:port");
  }
  if (!absl::StrContains(server, ':')) {
    return absl::StrCat("'", server, "' names no port: give host:port, as in ", server, ":8600");
  }
  return "";
}

void AddGlobalOptions(CLI::App& app, Globals& globals) {
  app.add_option("--server", globals.client.server, "host:port of graft-server, or unix:/path")
      ->check(CLI::Validator(&CheckServer, "", "server"))
      ->envname("GRAFT_SERVER")
      ->capture_default_str();
  app.add_option("--project", globals.client.project, "Project that owns jobs, datasets, models")
      ->envname("GRAFT_PROJECT")
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--output", [&globals](const std::string& output) { globals.json = output == "json"; },
         "text, or json for programs: one document; where a job is watched,\n"
         "JSON Lines, one document a line")
      ->check(CLI::IsMember({"text", "json"}))
      ->envname("GRAFT_OUTPUT")
      ->default_str("text");
  app.add_option("--timeout", globals.timeout_seconds,
                 "Seconds to wait for the answer to one request; not of uploads and watching")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--upload-timeout", globals.upload_timeout_seconds,
                 "Seconds for a whole upload and the check of its pictures; 0 is no limit")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.parse_complete_callback([&globals] {
    globals.client.timeout = absl::Seconds(globals.timeout_seconds);
    if (globals.upload_timeout_seconds > 0) {
      globals.client.upload_timeout = absl::Seconds(globals.upload_timeout_seconds);
    }
  });
}

// Help where it was asked for, or what is wrong with the command line. The exit status.
int ExplainUsage(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(error);
  if (app.get_subcommands().empty() && !app.remaining().empty()) {
    // CLI11 would say that a command is missing, not that this is none.
    std::fprintf(stderr, "'%s' is no command of graft\n",
                 graft::cli::PrintableLine(app.remaining().front()).c_str());
    std::fputs("Run with --help for more information.\n", stderr);
  } else if (app.get_subcommands().empty() && error.get_name() == "RequiredError") {
    std::fputs(app.help().c_str(), stderr);
  } else {
    app.exit(error);
  }
  return 2;
}

// Runs the command that the words name. The exit status.
int Run(int argc, char** argv) {
  Globals globals;
  globals.terminal = ::isatty(STDERR_FILENO) == 1;
  globals.client.cancellation = std::make_shared<graft::client::Cancellation>();
  const graft::cli::Interrupt interrupt([&globals] { globals.client.cancellation->Cancel(); });

  CLI::App app("Fine-tune pretrained networks on your own data, and ask the models it makes.",
               "graft");
  app.set_version_flag("--version", std::string("graft " GRAFT_VERSION));
  app.require_subcommand(1);
  app.fallthrough();  // --output and the like may stand behind the command
  app.get_formatter()->column_width(38);
  app.footer("Options of every command, and the exit status: graft --help");  // inherited
  AddGlobalOptions(app, globals);
  graft::cli::AddDatasetCommand(app, globals);
  graft::cli::AddFineTuneCommand(app, globals);
  graft::cli::AddJobCommands(app, globals);
  graft::cli::AddPredictCommand(app, globals);
  graft::cli::AddEmbedCommand(app, globals);
  graft::cli::AddExplainCommand(app, globals);
  graft::cli::AddModelsCommand(app, globals);
  graft::cli::AddCaptureCommand(app, globals);
  graft::cli::AddBackbonesCommand(app, globals);
  app.footer(
      "Exit status:\n"
      "  0    done\n"
      "  1    the server or the job failed\n"
      "  2    the command line or the request is wrong, a file cannot be read, or a limit of\n"
      "       the server's stands in the way\n"
      "  3    the server cannot be reached, is full or is going away: try again later\n"
      "  4    no such job, dataset or model\n"
      "  130  interrupted with Ctrl-C; a job that was watched goes on");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return ExplainUsage(app, error);
  }
  const int exit_code = graft::cli::ExitCode(globals.result, globals.interrupted());
  if (!globals.result.ok()) {
    std::fprintf(stderr, "%s%s\n", exit_code == graft::cli::kInterrupted ? "" : "error: ",
                 graft::cli::Printable(globals.result.message()).c_str());
    if (absl::IsUnavailable(globals.result)) {
      std::fprintf(stderr, "  is graft-server running at %s?\n", globals.client.server.c_str());
    } else if (absl::IsDeadlineExceeded(globals.result)) {
      std::fputs("  --timeout waits longer, in an upload --upload-timeout\n", stderr);
    }
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", graft::cli::Printable(error.what()).c_str());
    return 1;
  }
}
