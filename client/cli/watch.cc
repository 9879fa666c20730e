#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

#include "client/cli/command.h"
#include "client/cli/output.h"
#include "client/cli/tasks/catalog.h"
#include "client/cli/text.h"

namespace graft::cli {
namespace {

// What a person follows, on one line: "head  epoch 3   loss 0.412, 0.398 held out   accuracy ...".
// The rest is in --output json.
std::string FormatMetrics(const v1::MetricsEvent& event) {
  const auto find = [&](absl::string_view name) -> const v1::Metric* {
    for (const v1::Metric& metric : event.metrics()) {
      if (metric.name() == name) return &metric;
    }
    return nullptr;
  };
  std::string text = absl::StrFormat("%-9s epoch %-4d", event.phase(), event.epoch());
  if (const v1::Metric* loss = find("train_loss")) {
    absl::StrAppendFormat(&text, "  loss %.4f", loss->value());
    if (const v1::Metric* held_out = find("validation_loss")) {
      absl::StrAppendFormat(&text, ", held out %.4f", held_out->value());
    }
  }
  for (const std::string& name : FractionsToWatch()) {
    const v1::Metric* const trained = find("train_" + name);
    if (trained == nullptr) continue;
    absl::StrAppend(&text, "   ", name, " ", FormatPercent(trained->value()));
    if (const v1::Metric* held_out = find("validation_" + name)) {
      absl::StrAppend(&text, ", held out ", FormatPercent(held_out->value()));
    }
  }
  return text;
}

std::string FormatProgress(const v1::Progress& progress) {
  std::string text = progress.stage();
  if (progress.epochs_total() > 0) {
    absl::StrAppendFormat(&text, " epoch %d/%d", progress.epochs_done(), progress.epochs_total());
  }
  if (progress.has_eta() && progress.eta().seconds() > 0) {
    absl::StrAppendFormat(&text, ", %d:%02d left", progress.eta().seconds() / 60,
                          progress.eta().seconds() % 60);
  }
  return text;
}

// What an event says on a line of its own; empty for mere progress.
std::string Line(const v1::JobEvent& event) {
  switch (event.event_case()) {
    case v1::JobEvent::kState:
      return absl::StrCat(StateName(event.state().state()),
                          event.state().detail().empty() ? "" : ": ", event.state().detail());
    case v1::JobEvent::kLog:
      return event.log().text();
    case v1::JobEvent::kMetrics:
      return FormatMetrics(event.metrics());
    case v1::JobEvent::kWarning:
      return absl::StrCat("warning: ", event.warning().message(),
                          event.warning().advice().empty() ? "" : "; ", event.warning().advice());
    default:
      return "";
  }
}

// How to go on with a job that is no longer followed, but not over.
std::string GoOn(const std::string& job_id, uint64_t sequence) {
  return absl::StrCat("job ", job_id, " goes on; follow it with: graft watch ", job_id, " --after ",
                      sequence, ", or stop it with: graft cancel ", job_id, "\n");
}

// What the end of a job says as the end of the command.
absl::Status Outcome(const v1::Job& job) {
  if (job.state() == v1::JOB_STATE_SUCCEEDED) return absl::OkStatus();
  std::string message = absl::StrCat("job ", job.id(), " is ", StateName(job.state()));
  if (job.has_error()) {
    absl::StrAppend(&message, ": ", job.error().message());
    if (!job.error().hint().empty()) absl::StrAppend(&message, "\n  hint: ", job.error().hint());
  }
  return absl::FailedPreconditionError(message);
}

void ShowEnd(const v1::Job& job) {
  if (job.has_report()) std::printf("\n%s", FormatReport(job.report()).c_str());
  if (job.state() != v1::JOB_STATE_SUCCEEDED) return;
  const std::string model = PrintableLine(job.spec().fine_tune().model());
  std::printf("\n%s version %ld is ready: graft predict %s IMAGE...\n", model.c_str(),
              static_cast<long>(job.model_version()), model.c_str());
}

}  // namespace

absl::Status WatchToEnd(client::Client& client, const Globals& globals, const std::string& job_id,
                        uint64_t after_sequence) {
  Progress progress(globals.progress());
  bool seen = false;
  client::WatchCallbacks callbacks;
  callbacks.on_event = [&](const v1::JobEvent& event) {
    seen = true;
    after_sequence = event.sequence();
    if (globals.json) {
      PrintJsonLine(event);
      return true;
    }
    if (event.has_progress()) {
      progress.Show(event.progress().fraction(), event.progress().stage(),
                    FormatProgress(event.progress()));
      return true;
    }
    const std::string line = Line(event);
    if (!line.empty()) {
      progress.Clear();
      std::printf("%s\n", Printable(line).c_str());
      std::fflush(stdout);
    }
    return true;
  };
  callbacks.on_lost = [&](const absl::Status& why) {
    progress.Clear();
    std::fprintf(stderr, "connection lost (%s), trying again for %s\n",
                 PrintableLine(why.message()).c_str(),
                 absl::FormatDuration(globals.client.reconnect_for).c_str());
  };
  const auto job = client.Watch(job_id, after_sequence, callbacks);
  progress.Clear();
  if (!job.ok()) {
    const bool goes_on = (seen || globals.interrupted()) && !absl::IsNotFound(job.status());
    if (goes_on) std::fputs(Printable(GoOn(job_id, after_sequence)).c_str(), stderr);
    return job.status();
  }
  if (!globals.json) ShowEnd(*job);
  return Outcome(*job);
}

}  // namespace graft::cli
