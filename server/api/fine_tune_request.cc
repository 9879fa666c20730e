#include "server/api/fine_tune_request.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

#include "core/base/sha256.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "core/model/head_spec.h"
#include "core/recipes/cost.h"
#include "core/recipes/enum_words.h"
#include "core/recipes/validate.h"
#include "server/api/resource_names.h"
#include "wire/fine_tune_spec.h"
#include "wire/job.h"
#include "wire/worker_limits.h"

namespace graft::server {
namespace {

constexpr size_t kMaxLabels = 64;
constexpr size_t kMaxLabelKey = 63;
constexpr size_t kMaxLabelValue = 255;

bool IsVisible(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isgraph(c); });
}

void CheckLabels(const google::protobuf::Map<std::string, std::string>& labels,
                 std::vector<FieldError>* errors) {
  if (labels.size() > kMaxLabels) {
    // Each of a million would be found wrong in turn.
    errors->push_back(
        {"labels", absl::StrCat("must be at most ", kMaxLabels, ", not ", labels.size())});
    return;
  }
  for (const auto& [key, value] : labels) {
    if (key.empty() || key.size() > kMaxLabelKey || !IsVisible(key)) {
      errors->push_back({"labels", absl::StrCat("keys must be 1 to ", kMaxLabelKey,
                                                " visible ASCII characters")});
    } else if (value.size() > kMaxLabelValue) {
      errors->push_back({absl::StrCat("labels[\"", key, "\"]"),
                         absl::StrCat("must be at most ", kMaxLabelValue, " bytes")});
    }
  }
}

// Images by part after the split.
struct Parts {
  int64_t train = 0;
  int64_t validation = 0;
  int64_t test = 0;
};

// An estimate: the split itself is stratified and may differ by a few images.
Parts CountParts(const v1::Dataset& dataset, const wire::HeldOut& held_out,
                 const recipes::FineTuneConfig& config) {
  Parts parts;
  parts.validation = held_out.validation_images;
  parts.test = held_out.test_images;
  bool has_validation = false;
  bool has_test = false;
  for (const std::string& split : dataset.splits()) {
    has_validation |= split == "validation";
    has_test |= split == "test";
  }
  const int64_t rest = dataset.images() - parts.validation - parts.test;
  const auto share = [&](std::optional<double> fraction) {
    return static_cast<int64_t>(std::llround(fraction.value_or(0) * static_cast<double>(rest)));
  };
  if (!has_validation) parts.validation = share(config.data.validation_fraction);
  if (!has_test) parts.test = share(config.data.test_fraction);
  parts.train = std::max<int64_t>(dataset.images() - parts.validation - parts.test, 0);
  return parts;
}

}  // namespace

absl::Status CheckRequest(const v1::StartFineTuneRequest& request) {
  std::vector<FieldError> errors;
  if (request.request_id().size() > 128 || !IsVisible(request.request_id())) {
    errors.push_back({"request_id", "must be at most 128 visible ASCII characters"});
  }
  CheckLabels(request.labels(), &errors);
  if (!request.has_spec()) errors.push_back({"spec", "is required"});
  return InvalidFields(errors);
}

absl::StatusOr<store::JobFilter> FilterOf(const v1::ListJobsRequest& request) {
  store::JobFilter filter;
  for (int i = 0; i < request.states_size(); ++i) {
    const auto state = wire::FromProto(request.states(i));
    if (!state.ok()) {
      return InvalidField(absl::StrCat("states[", i, "]"), state.status().message());
    }
    if (std::find(filter.states.begin(), filter.states.end(), *state) == filter.states.end()) {
      filter.states.push_back(*state);
    }
  }
  std::vector<FieldError> errors;
  CheckLabels(request.labels(), &errors);
  GRAFT_RETURN_IF_ERROR(InvalidFields(errors));
  filter.labels = {request.labels().begin(), request.labels().end()};
  if (!request.model().empty()) GRAFT_RETURN_IF_ERROR(CheckName("model", request.model()));
  filter.model_name = request.model();
  return filter;
}

std::string RequestDigest(const v1::StartFineTuneRequest& request) {
  v1::StartFineTuneRequest content = request;
  content.clear_project();  // the store looks up request ids per project
  content.clear_request_id();
  content.clear_validate_only();
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);  // labels are a map
    content.SerializeToCodedStream(&coded);
  }
  return Sha256Hex(bytes);
}

absl::StatusOr<DatasetNeeds> CheckDataset(const v1::Task& task, const v1::Dataset& dataset) {
  const std::string labelled_for = wire::TaskName(dataset.summary());
  if (labelled_for != wire::TaskName(task)) {
    return InvalidField("spec.task", absl::StrCat("the dataset is labelled for ", labelled_for,
                                                  ", not for ", wire::TaskName(task)));
  }
  GRAFT_ASSIGN_OR_RETURN(const wire::TaskWire* wire, wire::FindTask(labelled_for));
  // One of a server whose limit was higher, perhaps.
  if (wire->OutputsOf(dataset.summary()) > wire::kMaxReportClasses) {
    return InvalidField("spec.dataset_id",
                        absl::StrCat("the dataset has ", wire->Headline(dataset.summary()),
                                     ", and a report holds at most ", wire::kMaxReportClasses,
                                     "; upload one with fewer"));
  }
  const absl::Status trainable = wire->CheckTrainable(dataset.summary());
  if (!trainable.ok()) return InvalidField("spec.dataset_id", trainable.message());
  return DatasetNeeds{wire->OutputsOf(dataset.summary()), wire->HeldOutOf(dataset.summary())};
}

absl::Status CheckNetwork(const recipes::FineTuneConfig& config, const InstalledBackbone& backbone,
                          int64_t outputs) {
  std::vector<FieldError> errors;
  for (const FieldError& error : recipes::FindNetworkViolations(config, backbone.stages, outputs)) {
    errors.push_back({absl::StrCat("spec.", error.field),
                      absl::StrCat("on ", backbone.description.id(), ": ", error.description)});
  }
  return InvalidFields(errors);
}

v1::CostEstimate Estimate(const recipes::ResolvedFineTune& resolved, const v1::Dataset& dataset,
                          const DatasetNeeds& needs, const InstalledBackbone& backbone) {
  const Parts parts = CountParts(dataset, needs.held_out, resolved.config);
  const model::HeadSpec head = recipes::HeadSpecOf(resolved.config, backbone.stages, needs.outputs);
  const recipes::CostEstimate cost = recipes::EstimateCost(
      resolved, backbone.Cost(head, recipes::StagesRead(resolved.config, backbone.stages)),
      parts.train, parts.validation, parts.test);
  v1::CostEstimate estimate;
  estimate.set_training_images(cost.training_images);
  estimate.set_backbone_forwards(cost.backbone_forwards);
  estimate.set_forward_gflops(cost.forward_gflops);
  estimate.set_parameters(cost.parameters);
  estimate.set_trainable_parameters(cost.trainable_parameters);
  return estimate;
}

jobs::Job MakeJob(const v1::StartFineTuneRequest& request, const std::string& project,
                  const recipes::ResolvedFineTune& resolved, const store::Dataset& dataset,
                  const InstalledBackbone& backbone) {
  v1::FineTuneSpec spec = request.spec();
  spec.set_backbone(backbone.description.id());
  v1::JobSpec job_spec;
  *job_spec.mutable_fine_tune() = wire::ResolvedFineTuneSpec(spec, resolved);

  jobs::Job job;
  job.project = project;
  job.kind = jobs::JobKind::kFineTune;
  job.spec = job_spec.SerializeAsString();
  job.spec_digest = RequestDigest(request);
  job.request_id = request.request_id();
  job.task = wire::TaskName(spec.task());
  job.strategy = std::string(recipes::NameOf(*resolved.config.strategy));
  job.architecture = backbone.description.architecture();
  job.backbone = backbone.description.id();
  job.backbone_digest = backbone.description.digest();
  job.dataset_id = dataset.id;
  job.dataset_digest = dataset.digest;
  job.model_name = spec.model();
  job.labels = {request.labels().begin(), request.labels().end()};
  return job;
}

}  // namespace graft::server
