#include "core/training/state/checkpoint.h"

#include <cmath>

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"

#include "core/base/status_macros.h"
#include "core/nn/placement.h"
#include "core/training/state/tensor_file.h"

namespace graft::training {
namespace {

constexpr int kFormat = 4;
constexpr char kStateKey[] = "state";
constexpr char kNow[] = "now/";
constexpr char kBest[] = "best/";
constexpr char kOptimizer[] = "optimizer/";
constexpr char kAverage[] = "average/";
constexpr char kBeforeTuning[] = "before_tuning/";

void Put(TensorFile& file, const char* prefix, const TensorMap& tensors) {
  for (const auto& [name, tensor] : tensors) {
    file.tensors.emplace(absl::StrCat(prefix, name), nn::OnHost(tensor));
  }
}

// JSON has no infinity: null stands for it.
nlohmann::json Finite(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

double OrInfinity(const nlohmann::json& value) {
  return value.is_null() ? std::numeric_limits<double>::infinity() : value.get<double>();
}

nlohmann::json Pairs(const std::vector<std::pair<std::string, double>>& pairs) {
  nlohmann::json array = nlohmann::json::array();
  for (const auto& [name, value] : pairs) array.push_back({name, Finite(value)});
  return array;
}

std::vector<std::pair<std::string, double>> PairsFrom(const nlohmann::json& array) {
  std::vector<std::pair<std::string, double>> pairs;
  for (const auto& entry : array) {
    pairs.emplace_back(entry.at(0).get<std::string>(), OrInfinity(entry.at(1)));
  }
  return pairs;
}

// Without its tensors.
nlohmann::json Plain(const BestEpoch& best) {
  return {{"epoch", best.epoch},
          {"phase", best.phase},
          {"cost", Finite(best.cost)},
          {"metrics", Pairs(best.metrics)}};
}

BestEpoch BestFrom(const nlohmann::json& json) {
  BestEpoch best;
  best.epoch = json.at("epoch").get<int>();
  best.phase = json.at("phase").get<int>();
  best.cost = OrInfinity(json.at("cost"));
  best.metrics = PairsFrom(json.at("metrics"));
  return best;
}

bool BestIsNow(const TrainerState& state) {
  return state.best.epoch > 0 && state.best.epoch == state.epochs_done;
}

}  // namespace

absl::StatusOr<std::string> SerializeCheckpoint(const TrainerState& state,
                                                const std::string& job_digest) {
  const nlohmann::json json = {
      {"format", kFormat},
      {"job_digest", job_digest},
      {"phase", state.phase},
      {"epoch_in_phase", state.epoch_in_phase},
      {"epochs_done", state.epochs_done},
      {"patience", state.early_stopping.patience},
      {"early_best_cost", Finite(state.early_stopping.best_cost)},
      {"epochs_since_best", state.early_stopping.epochs_since_best},
      {"overfitting",
       {{"said", state.overfitting.said},
        {"started", state.overfitting.started},
        {"best_validation", Finite(state.overfitting.best_validation)},
        {"train_at_best", Finite(state.overfitting.train_at_best)},
        {"epochs_worse", state.overfitting.epochs_worse}}},
      {"plateau",
       {{"factor", state.plateau.factor},
        {"best_cost", Finite(state.plateau.best_cost)},
        {"epochs_since_best", state.plateau.epochs_since_best}}},
      {"microbatch", state.microbatch},
      {"l2", state.l2},
      {"phase_seconds", Pairs(state.phase_seconds)},
      {"best", Plain(state.best)},
      {"before_tuning", Plain(state.before_tuning)},
  };
  TensorFile file;
  file.metadata[kStateKey] = json.dump();
  Put(file, kNow, state.tensors);
  if (!BestIsNow(state)) Put(file, kBest, state.best.tensors);
  Put(file, kOptimizer, state.optimizer);
  Put(file, kAverage, state.average);
  Put(file, kBeforeTuning, state.before_tuning.tensors);
  return SerializeTensorFile(file);
}

absl::StatusOr<TrainerState> ParseCheckpoint(absl::string_view bytes,
                                             const std::string& job_digest) {
  GRAFT_ASSIGN_OR_RETURN(TensorFile file, ParseTensorFile(bytes));
  TrainerState state;
  try {
    const auto json = nlohmann::json::parse(file.metadata[kStateKey]);
    if (json.at("format") != kFormat || json.at("job_digest") != job_digest) {
      return absl::FailedPreconditionError("checkpoint of another job");
    }
    state.phase = json.at("phase").get<int>();
    state.epoch_in_phase = json.at("epoch_in_phase").get<int>();
    state.epochs_done = json.at("epochs_done").get<int>();
    state.early_stopping.patience = json.at("patience").get<int>();
    state.early_stopping.best_cost = OrInfinity(json.at("early_best_cost"));
    state.early_stopping.epochs_since_best = json.at("epochs_since_best").get<int>();
    const auto& overfitting = json.at("overfitting");
    state.overfitting.said = overfitting.at("said").get<bool>();
    state.overfitting.started = overfitting.at("started").get<bool>();
    state.overfitting.best_validation = OrInfinity(overfitting.at("best_validation"));
    state.overfitting.train_at_best = OrInfinity(overfitting.at("train_at_best"));
    state.overfitting.epochs_worse = overfitting.at("epochs_worse").get<int>();
    const auto& plateau = json.at("plateau");
    state.plateau.factor = plateau.at("factor").get<double>();
    state.plateau.best_cost = OrInfinity(plateau.at("best_cost"));
    state.plateau.epochs_since_best = plateau.at("epochs_since_best").get<int>();
    state.microbatch = json.at("microbatch").get<int>();
    state.l2 = json.at("l2").get<double>();
    state.phase_seconds = PairsFrom(json.at("phase_seconds"));
    state.best = BestFrom(json.at("best"));
    state.before_tuning = BestFrom(json.at("before_tuning"));
  } catch (const nlohmann::json::exception& e) {
    return absl::DataLossError(absl::StrCat("checkpoint: ", e.what()));
  }
  for (auto& [name, tensor] : file.tensors) {
    absl::string_view rest = name;
    if (absl::ConsumePrefix(&rest, kNow)) {
      state.tensors.emplace(rest, std::move(tensor));
    } else if (absl::ConsumePrefix(&rest, kBest)) {
      state.best.tensors.emplace(rest, std::move(tensor));
    } else if (absl::ConsumePrefix(&rest, kOptimizer)) {
      state.optimizer.emplace(rest, std::move(tensor));
    } else if (absl::ConsumePrefix(&rest, kAverage)) {
      state.average.emplace(rest, std::move(tensor));
    } else if (absl::ConsumePrefix(&rest, kBeforeTuning)) {
      state.before_tuning.tensors.emplace(rest, std::move(tensor));
    }
  }
  if (BestIsNow(state)) state.best.tensors = state.average.empty() ? state.tensors : state.average;
  return state;
}

absl::StatusOr<std::optional<TrainerState>> LoadNewestCheckpoint(
    CheckpointStore& store, const std::string& job_digest, std::vector<std::string>& passed_over) {
  GRAFT_ASSIGN_OR_RETURN(const std::vector<std::string> ids, store.List());
  for (const std::string& id : ids) {
    const absl::StatusOr<std::string> bytes = store.Load(id);
    absl::StatusOr<TrainerState> state =
        bytes.ok() ? ParseCheckpoint(*bytes, job_digest) : bytes.status();
    if (state.ok()) return std::make_optional(*std::move(state));
    // A store that cannot be reached is another matter than a checkpoint that is no good.
    const bool unusable = absl::IsDataLoss(state.status()) || absl::IsNotFound(state.status()) ||
                          absl::IsFailedPrecondition(state.status());
    if (!unusable) return state.status();
    passed_over.push_back(std::string(state.status().message()));
  }
  return std::optional<TrainerState>();
}

}  // namespace graft::training
