// What a page of jobs takes of memory: 1,000 jobs that succeeded, each with a report on 1,000
// classes. Prints how far ListJobs and its answer raise the resident set, and the same where each
// job of the page is read with its report.
//
//   graft_bench_list_jobs [JOBS] [CLASSES]
//
// Linux: resets the peak through /proc/self/clear_refs.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <malloc.h>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "graft/v1/finetune.pb.h"

#include "core/base/files.h"
#include "core/store/sqlite/sqlite_metadata_store.h"
#include "wire/job.h"
#include "wire/tasks/classification.h"

namespace graft {
namespace {

// Every cell has a few images: the largest report that there can be.
std::string Report(int classes) {
  v1::Report report;
  v1::ClassificationReport* made = report.mutable_classification();
  std::vector<int64_t> dense;
  for (int row = 0; row < classes; ++row) {
    made->add_classes()->set_class_name(absl::StrCat("class number ", row));
    made->mutable_classes(row)->set_precision(0.1 * row);
    made->mutable_classes(row)->set_recall(0.2 * row);
    made->mutable_classes(row)->set_f1(0.3 * row);
    made->mutable_classes(row)->set_images(row + 1);
    for (int column = 0; column < classes; ++column) dense.push_back(1 + (row + column) % 100);
  }
  *made->mutable_confusion() = wire::CappedConfusion(dense, static_cast<size_t>(classes));
  return report.SerializeAsString();
}

absl::Status Fill(store::MetadataStore& store, int jobs, const std::string& report) {
  v1::JobSpec spec;
  spec.mutable_fine_tune()->set_model("pets");
  for (int i = 0; i < jobs; ++i) {
    jobs::Job job;
    job.id = absl::StrCat("job-", i);
    job.project = "default";
    job.spec = spec.SerializeAsString();
    job.model_name = "pets";
    const auto made = store.EnqueueJob(job);
    if (!made.ok()) return made.status();
    const auto leased = store.ClaimNextJob("w", {});
    if (!leased.ok()) return leased.status();
    store::JobOutcome outcome;
    outcome.report = report;
    outcome.version.emplace();
    const auto ended = store.FinishJob((*leased)->id, (*leased)->fence, outcome);
    if (!ended.ok()) return ended.status();
  }
  return absl::OkStatus();
}

// VmRSS or VmHWM, in MB.
double Memory(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    absl::string_view rest = line;
    if (absl::ConsumePrefix(&rest, field + ":")) {
      return std::strtod(std::string(rest).c_str(), nullptr) / 1000;
    }
  }
  return 0;
}

template <typename Work>
void PrintGrowth(const char* what, const Work& work) {
  malloc_trim(0);  // or what was freed before would be taken again, and seem no growth
  std::ofstream("/proc/self/clear_refs") << "5";
  const double before = Memory("VmRSS");
  const size_t bytes = work();
  std::printf("%-34s peak +%.1f MB for %.1f MB of answer\n", what, Memory("VmHWM") - before,
              static_cast<double>(bytes) / 1e6);
}

absl::Status Run(int jobs, int classes) {
  absl::StatusOr<TempDirectory> folder = TempDirectory::Create();
  if (!folder.ok()) return folder.status();
  const auto store = store::SqliteMetadataStore::Open({.path = folder->path() / "graft.db"});
  if (!store.ok()) return store.status();
  const std::string report = Report(classes);
  const absl::Status filled = Fill(**store, jobs, report);
  if (!filled.ok()) return filled;
  std::printf("%d jobs, %d classes, %.2f MB a report\n", jobs, classes,
              static_cast<double>(report.size()) / 1e6);
  std::vector<std::string> ids;
  PrintGrowth("ListJobs", [&] {
    v1::ListJobsResponse response;
    for (const jobs::Job& job : (*store)->ListJobs("default", {}, {jobs, ""})->items) {
      *response.add_jobs() = *wire::ToProto(job);
      ids.push_back(job.id);
    }
    return response.ByteSizeLong();
  });
  PrintGrowth("the same jobs with their reports", [&] {
    v1::ListJobsResponse response;
    for (const std::string& id : ids) {
      *response.add_jobs() = *wire::ToProto(*(*store)->GetJob("default", id));
    }
    return response.ByteSizeLong();
  });
  return absl::OkStatus();
}

}  // namespace
}  // namespace graft

int main(int argc, char** argv) {
  const absl::Status status =
      graft::Run(argc > 1 ? std::atoi(argv[1]) : 1000, argc > 2 ? std::atoi(argv[2]) : 1000);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
