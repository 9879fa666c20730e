#include "wire/fine_tune_spec.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "core/base/ids.h"
#include "core/base/status_macros.h"
#include "core/recipes/options_table.h"
#include "core/recipes/validate.h"
#include "core/tasks/option_groups.h"
#include "wire/option_field.h"
#include "wire/status.h"
#include "wire/tasks/catalog.h"

namespace graft::wire {
namespace {

// Violations under one path.
class Violations {
 public:
  explicit Violations(absl::string_view path) : path_(path) {}
  void Add(absl::string_view field, absl::string_view description) {
    found_.push_back({path_.empty() ? std::string(field) : absl::StrCat(path_, ".", field),
                      std::string(description)});
  }
  absl::Status ToStatus() const { return InvalidFields(found_); }

 private:
  const absl::string_view path_;
  std::vector<FieldError> found_;
};

constexpr absl::string_view kNameRule =
    "must be 1 to 63 characters of a-z, 0-9, '-', '_' and '.', beginning with a letter or digit";

void ReadNames(const v1::FineTuneSpec& spec, Violations& violations) {
  if (spec.dataset_id().empty()) {
    violations.Add("dataset_id", "is required: the id that UploadDataset answered with");
  } else if (spec.dataset_id().size() > 128) {
    violations.Add("dataset_id", "is longer than 128 characters");
  }
  if (!spec.backbone().empty() && !IsValidResourceName(spec.backbone())) {
    violations.Add("backbone", kNameRule);
  }
  if (!IsValidResourceName(spec.model())) violations.Add("model", kNameRule);
}

}  // namespace

absl::StatusOr<recipes::FineTuneConfig> FineTuneConfigFromProto(const v1::FineTuneSpec& spec,
                                                                absl::string_view path) {
  Violations violations(path);
  ReadNames(spec, violations);

  recipes::FineTuneConfig config;
  const recipes::TaskOptionGroup* const task = tasks::FindTaskOptionGroup(TaskName(spec.task()));
  if (task == nullptr) {
    // The rest is checked as for the commonest one.
    const recipes::TaskOptionGroup& commonest = *tasks::TaskOptionGroups().front();
    violations.Add("task", absl::StrCat("is required: it says what is learnt (", commonest.task,
                                        ": {} is fine)"));
    config.task = commonest.make();
  } else {
    config.task = task->make();
  }
  recipes::ForEachOption(task, [&](const recipes::Option& option) {
    const absl::StatusOr<std::optional<recipes::OptionValue>> value = ReadOption(spec, option);
    if (value.ok()) {
      option.set(config, *value);
    } else {
      violations.Add(option.path, value.status().message());
    }
  });
  for (const FieldError& violation : recipes::FindViolations(config)) {
    violations.Add(violation.field, violation.description);
  }
  GRAFT_RETURN_IF_ERROR(violations.ToStatus());
  return config;
}

absl::StatusOr<recipes::ResolvedFineTune> ResolveFineTuneSpec(const v1::FineTuneSpec& spec,
                                                              absl::string_view path) {
  GRAFT_ASSIGN_OR_RETURN(const recipes::FineTuneConfig config, FineTuneConfigFromProto(spec, path));
  return recipes::ResolveFineTune(config);
}

v1::FineTuneSpec ResolvedFineTuneSpec(const v1::FineTuneSpec& request,
                                      const recipes::ResolvedFineTune& resolved) {
  v1::FineTuneSpec spec;
  spec.set_dataset_id(request.dataset_id());
  spec.set_backbone(request.backbone());
  spec.set_model(request.model());
  recipes::ForEachOption(resolved.config.task.group(), [&](const recipes::Option& option) {
    const std::optional<recipes::OptionValue> value = option.get(resolved.config);
    if (value.has_value()) WriteOption(option, *value, &spec);
  });
  return spec;
}

}  // namespace graft::wire
