#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "client/cli/command.h"
#include "client/cli/labels.h"
#include "client/cli/listing.h"
#include "client/cli/output.h"
#include "client/cli/tasks/catalog.h"
#include "client/cli/text.h"

namespace graft::cli {
namespace {

void PrintJob(const v1::Job& job) {
  const v1::FineTuneSpec& spec = job.spec().fine_tune();
  PrintField("job", job.id());
  std::string state = StateName(job.state());
  if (job.state() == v1::JOB_STATE_RUNNING) {
    absl::StrAppend(&state, ", ", FormatPercent(job.progress().fraction()), " ",
                    job.progress().stage());
  }
  PrintField("state", state);
  std::string model = spec.model();
  if (job.model_version() > 0) absl::StrAppend(&model, " version ", job.model_version());
  PrintField("model", model);
  PrintField("backbone", spec.backbone());
  PrintField("dataset", spec.dataset_id());
  PrintField("created",
             absl::StrCat(FormatTime(job.create_time()), ", started ", FormatTime(job.start_time()),
                          ", ended ", FormatTime(job.end_time())));
  if (job.attempts() > 1 || job.crashes() > 0) {
    PrintField("attempts",
               absl::StrCat(job.attempts(), ", ", job.crashes(), " of them ended with the worker"));
  }
  if (job.has_error()) {
    PrintField("error", absl::StrCat(job.error().code(), ": ", job.error().message()));
    if (!job.error().hint().empty()) PrintField("hint", job.error().hint());
  }
  if (job.has_report()) std::printf("\n%s", FormatReport(job.report()).c_str());
}

absl::Status Show(const Globals& globals, const std::string& id) {
  const auto job = globals.Connect()->GetJob(id);
  if (!job.ok()) return job.status();
  if (globals.json) {
    PrintJson(*job);
  } else {
    PrintJob(*job);
  }
  return absl::OkStatus();
}

absl::Status List(const Globals& globals, const v1::ListJobsRequest& request) {
  return ShowPage(
      globals, globals.Connect()->ListJobs(request), [](const v1::ListJobsResponse& page) {
        std::vector<std::vector<std::string>> rows = {
            {"ID", "STATE", "MODEL", "BACKBONE", "CREATED"}};
        for (const v1::Job& job : page.jobs()) {
          rows.push_back({job.id(), StateName(job.state()), job.spec().fine_tune().model(),
                          job.spec().fine_tune().backbone(), FormatTime(job.create_time())});
        }
        return rows;
      });
}

// A command that asks something of a job.
struct Wish {
  const char* name;
  const char* help;
  absl::StatusOr<v1::Job> (client::Client::*ask)(const std::string& job_id);
  const char* while_running;  // what a job is then that runs still
};

constexpr Wish kWishes[] = {
    {"cancel", "Cancel a job; what it trained is lost", &client::Client::CancelJob,
     "is being cancelled"},
    {"pause", "Pause a job: its worker is free, and it goes on later from where it was",
     &client::Client::PauseJob, "is being paused"},
    {"resume", "Let a paused job go on", &client::Client::ResumeJob, "goes on"},
    {"stop", "Stop a running job's training and publish the best epoch so far",
     &client::Client::StopJob, "is being stopped"},
};

absl::Status Ask(const Globals& globals, const std::string& id, const Wish& wish) {
  const auto connected = globals.Connect();
  const auto job = ((*connected).*wish.ask)(id);
  if (!job.ok()) return job.status();
  if (globals.json) {
    PrintJson(*job);
  } else if (job->state() == v1::JOB_STATE_RUNNING) {
    std::printf("%s %s\n", PrintableLine(id).c_str(), wish.while_running);
  } else {
    std::printf("%s is %s\n", PrintableLine(id).c_str(), StateName(job->state()).c_str());
  }
  return absl::OkStatus();
}

}  // namespace

void AddJobCommands(CLI::App& app, Globals& globals) {
  auto id = std::make_shared<std::string>();

  CLI::App* const status = app.add_subcommand("status", "Show a job as it stands");
  status->add_option("JOB", *id, "Job")->required();
  status->callback([&globals, id] { globals.result = Show(globals, *id); });

  CLI::App* const watch = app.add_subcommand(
      "watch", "Follow a job to its end. Ctrl-C ends the watching, not the job.");
  auto after = std::make_shared<uint64_t>(0);
  watch->add_option("JOB", *id, "Job")->required();
  watch->add_option("--after", *after, "Leave out events up to this sequence number (0: show all)")
      ->capture_default_str();
  watch->callback([&globals, id, after] {
    globals.result = WatchToEnd(*globals.Connect(), globals, *id, *after);
  });

  for (const Wish& wish : kWishes) {
    CLI::App* const command = app.add_subcommand(wish.name, wish.help);
    command->add_option("JOB", *id, "Job")->required();
    command->callback([&globals, id, &wish] { globals.result = Ask(globals, *id, wish); });
  }

  CLI::App* const jobs = app.add_subcommand("jobs", "List or delete jobs; alone, it lists");
  jobs->require_subcommand(0, 1);
  CLI::App* const list = jobs->add_subcommand("list", "Newest first");
  auto request = std::make_shared<v1::ListJobsRequest>();
  list->add_option_function<std::vector<std::string>>(
          "--state",
          [request](const std::vector<std::string>& names) {
            for (const std::string& name : names) {
              v1::JobState state;
              if (!v1::JobState_Parse(absl::StrCat("JOB_STATE_", absl::AsciiStrToUpper(name)),
                                      &state)) {
                throw CLI::ValidationError("--state", "no such state: " + name);
              }
              request->add_states(state);
            }
          },
          "queued, running, paused, succeeded, failed or cancelled; may be given again")
      ->allow_extra_args(false);
  list->add_option_function<std::string>(
      "--model", [request](const std::string& model) { request->set_model(model); },
      "Jobs that make versions of this model");
  AddLabelOption(
      *list,
      [request](const std::string& key, const std::string& value) {
        (*request->mutable_labels())[key] = value;
      },
      "key=value: jobs with this label; given again, with all of them");
  AddPageOptions(*list, request);
  OrList(*jobs, *list, [&globals, request] { globals.result = List(globals, *request); });

  CLI::App* const remove = jobs->add_subcommand("delete", "Forget a job that has ended");
  remove->add_option("JOB", *id, "Job")->required();
  remove->callback([&globals, id] {
    globals.result =
        ShowDone(globals.Connect()->DeleteJob(*id), globals.json, "deleted job " + *id);
  });
}

}  // namespace graft::cli
