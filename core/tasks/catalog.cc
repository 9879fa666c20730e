#include "core/tasks/catalog.h"

#include <optional>
#include <utility>

#include "core/data/dataset_manifest.h"
#include "core/tasks/classification/task.h"
#include "core/tasks/multilabel/task.h"
#include "core/tasks/regression/task.h"

namespace graft::tasks {
namespace {

using MadeTask = absl::StatusOr<std::unique_ptr<Task>>;

// Null where the options are another task's.
using Maker = std::optional<MadeTask> (*)(const recipes::TaskOptions&,
                                          const data::DatasetManifest&);

template <typename Made, typename Options>
std::optional<MadeTask> Make(const recipes::TaskOptions& options,
                             const data::DatasetManifest& dataset) {
  const auto* const own = options.Find<Options>();
  if (own == nullptr) return std::nullopt;
  auto made = Made::Create(dataset, *own);
  if (!made.ok()) return made.status();
  return std::unique_ptr<Task>(*std::move(made));
}

constexpr Maker kTasks[] = {
    &Make<ClassificationTask, ClassificationOptions>,
    &Make<MultilabelTask, MultilabelOptions>,
    &Make<RegressionTask, RegressionOptions>,
};

}  // namespace

absl::StatusOr<std::unique_ptr<Task>> MakeTask(const recipes::TaskOptions& options,
                                               const data::DatasetManifest& dataset) {
  for (const Maker make : kTasks) {
    std::optional<MadeTask> made = make(options, dataset);
    if (made.has_value()) return *std::move(made);
  }
  return absl::InvalidArgumentError(
      "the job has no task, or one that this worker does not know: is it older than the server?");
}

}  // namespace graft::tasks
