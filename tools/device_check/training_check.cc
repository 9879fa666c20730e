#include "tools/device_check/training_check.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "core/artifacts/safetensors/safetensors.h"
#include "core/backbones/weights_catalog.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/nn/devices.h"
#include "core/nn/torch_error.h"
#include "core/recipes/resolve.h"
#include "core/training/data/activations.h"
#include "core/training/loop/trainer.h"
#include "core/training/network/network_under_training.h"

namespace graft {
namespace {

class EpochRecorder final : public training::TrainingObserver {
 public:
  void OnEpoch(const training::EpochMetrics& metrics) override { epochs.push_back(metrics); }
  std::vector<training::EpochMetrics> epochs;
};

class MemoryCheckpointStore final : public training::CheckpointStore {
 public:
  absl::Status Save(int epoch, absl::string_view bytes) override {
    saved[epoch] = std::string(bytes);
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<std::string>> List() override {
    std::vector<std::string> ids;
    for (auto it = saved.rbegin(); it != saved.rend(); ++it) ids.push_back(absl::StrCat(it->first));
    return ids;
  }
  absl::StatusOr<std::string> Load(const std::string& id) override {
    int epoch = 0;
    if (!absl::SimpleAtoi(id, &epoch)) return absl::NotFoundError("no such checkpoint");
    return saved[epoch];
  }
  std::map<int, std::string> saved;  // by epoch
};

// A backbone of random weights, wrapped as imported ones are. `bytes` must outlive the result.
absl::StatusOr<std::shared_ptr<const backbones::BackboneWeights>> MakeBackbone(
    const nn::NetworkSpec& spec, uint64_t seed, std::string& bytes) {
  GRAFT_ASSIGN_OR_RETURN(const std::unique_ptr<nn::Network> drawn, nn::Network::Create(spec, seed));
  std::vector<at::Tensor> keep;
  const std::vector<artifacts::TensorView> views = nn::ViewTensors(drawn->NamedTensors(), keep);
  GRAFT_ASSIGN_OR_RETURN(bytes, artifacts::SerializeSafetensors(views, {}));
  GRAFT_ASSIGN_OR_RETURN(auto file, artifacts::SafetensorsFile::Parse(bytes));
  model::InputSpec input;
  input.height = input.width = kImageSize;
  input.crop_fraction = 1;
  return backbones::BackboneWeights::Wrap(spec.architecture, spec, input, std::move(file),
                                          Sha256Hex(bytes));
}

// What one run leaves.
struct Trained {
  std::vector<training::EpochMetrics> epochs;
  at::Tensor outputs;  // for the test images
  double train_seconds = 0;
  double infer_ms = 0;
};

// Runs the case at `placement`. Where `drain_after` is above 0 the run is drained in the epoch
// behind that one, and another goes on from its checkpoint.
absl::StatusOr<Trained> Train(const TrainingCase& training_case, const nn::Placement& placement,
                              const CheckOptions& options, int drain_after) {
  recipes::FineTuneConfig config = training_case.config;
  config.training.seed = options.seed;
  GRAFT_ASSIGN_OR_RETURN(const recipes::ResolvedFineTune job, recipes::ResolveFineTune(config));
  std::string bytes;
  GRAFT_ASSIGN_OR_RETURN(const auto backbone,
                         MakeBackbone(training_case.backbone, options.seed, bytes));
  const std::unique_ptr<training::ExampleSource> images = MakeImages(options.seed);
  const training::TrainingData data = DataOf(images.get());
  MemoryCheckpointStore checkpoints;

  Trained trained;
  for (const bool last : {false, true}) {
    if (!last && drain_after == 0) continue;
    GRAFT_ASSIGN_OR_RETURN(const std::unique_ptr<tasks::Task> task,
                           training_case.make_task(job.config));
    GRAFT_RETURN_IF_ERROR(task->LearnFrom(data.train));
    GRAFT_ASSIGN_OR_RETURN(const model::HeadSpec head,
                           training::HeadFor(job.config, *backbone, task->outputs()));
    GRAFT_ASSIGN_OR_RETURN(
        const std::unique_ptr<training::NetworkUnderTraining> network,
        training::NetworkUnderTraining::Create(*backbone, head, options.seed, placement));
    EpochRecorder recorder;
    const auto desired = [&] {
      const bool drain = !last && static_cast<int>(checkpoints.saved.size()) >= drain_after;
      return drain ? training::RunSignal::kDrain : training::RunSignal::kRun;
    };
    training::RunContext context(Clock::System(), &recorder, desired);
    training::Activations activations(network.get(), &data, nullptr, backbone->digest(),
                                      options.seed, &context);
    training::Trainer trainer({&job, network.get(), task.get(), &data, &activations,
                               drain_after > 0 ? &checkpoints : nullptr, "device check", &context});
    const absl::Duration start = context.elapsed();
    const absl::Status status = trainer.Run();
    nn::Synchronise(placement.device);
    trained.train_seconds += absl::ToDoubleSeconds(context.elapsed() - start);
    if (!last) {
      if (!training::IsDrained(status)) {
        return status.ok() ? absl::InternalError("the run was not interrupted") : status;
      }
      continue;
    }
    GRAFT_RETURN_IF_ERROR(status);
    if (drain_after > 0 &&
        (recorder.epochs.empty() || recorder.epochs.front().epoch != drain_after + 1)) {
      return absl::InternalError("the run did not go on from its checkpoint");
    }
    // The task's own evaluation reads the outputs too.
    GRAFT_RETURN_IF_ERROR(trainer.Evaluate(data.test, "test").status());

    std::vector<training::ExampleRequest> requests;
    for (const int64_t entry : data.test) requests.push_back({entry, 0});
    GRAFT_ASSIGN_OR_RETURN(const at::Tensor batch, images->Open({requests})->Next());
    const at::NoGradGuard no_grad;
    network->SetMode(network->stages(), /*training=*/false,
                     recipes::BatchNormMode::kFrozenStatistics);
    const auto infer = [&] { return network->Head(network->HeadInput(batch, 0)); };
    trained.outputs = infer();
    trained.infer_ms =
        MedianMilliseconds(placement.device, options.repeats, [&] { (void)infer(); });
    trained.epochs = std::move(recorder.epochs);
  }
  return trained;
}

double LossOf(const tasks::Figures& figures) {
  return tasks::FindFigure(figures, tasks::kLossFigure).value_or(0);
}

absl::Status Check(const TrainingCase& training_case, const CheckOptions& options,
                   TrainingResult& result) {
  GRAFT_ASSIGN_OR_RETURN(const Trained reference,
                         Train(training_case, options.reference, options, 0));
  GRAFT_ASSIGN_OR_RETURN(const Trained subject, Train(training_case, options.subject, options, 0));
  const bool solved = training_case.config.strategy == recipes::Strategy::kFeatureExtraction;
  std::vector<double> expected;
  std::vector<double> got;
  for (size_t i = 0; i < std::min(reference.epochs.size(), subject.epochs.size()); ++i) {
    // A solver's iterations need not be as many on both sides: it ends where there is no more to be
    // had in float32. Its last one is compared.
    const size_t behind = std::min(reference.epochs.size(), subject.epochs.size()) - 1 - i;
    if (solved && behind > 0) continue;
    const training::EpochMetrics& of_reference =
        solved ? reference.epochs.back() : reference.epochs[i];
    const training::EpochMetrics& of_subject = solved ? subject.epochs.back() : subject.epochs[i];
    const EpochLosses losses{of_reference.phase,
                             of_reference.epoch,
                             LossOf(of_reference.train),
                             LossOf(of_subject.train),
                             LossOf(of_reference.validation),
                             LossOf(of_subject.validation)};
    result.epochs.push_back(losses);
    for (const double loss : {losses.reference_train, losses.reference_validation}) {
      expected.push_back(loss);
    }
    for (const double loss : {losses.subject_train, losses.subject_validation}) got.push_back(loss);
  }
  if (!solved && reference.epochs.size() != subject.epochs.size()) {
    return absl::InternalError(absl::StrCat("one side ran ", reference.epochs.size(),
                                            " epochs, the other ", subject.epochs.size()));
  }
  if (expected.empty()) return absl::InternalError("the run had no epoch");
  result.losses = Compare(expected, got);
  result.outputs = Compare(reference.outputs, subject.outputs);
  result.reference_train_seconds = reference.train_seconds;
  result.subject_train_seconds = subject.train_seconds;
  result.reference_infer_ms = reference.infer_ms;
  result.subject_infer_ms = subject.infer_ms;
  if (solved) return absl::OkStatus();  // its checkpoint is its end
  GRAFT_ASSIGN_OR_RETURN(const Trained resumed, Train(training_case, options.subject, options, 2));
  result.resumed = Compare(subject.outputs, resumed.outputs);
  return absl::OkStatus();
}

}  // namespace

bool TrainingResult::ok() const {
  return status.ok() && losses.relative <= loss_tolerance && outputs.relative <= output_tolerance &&
         resumed.relative <= output_tolerance;
}

TrainingResult CheckTraining(const TrainingCase& training_case, const CheckOptions& options) {
  TrainingResult result;
  result.name = training_case.name;
  result.loss_tolerance = training_case.loss_tolerance;
  result.output_tolerance = training_case.output_tolerance;
  result.status = nn::CatchTorchErrors(training_case.name,
                                       [&] { return Check(training_case, options, result); });
  return result;
}

}  // namespace graft
