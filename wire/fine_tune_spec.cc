#include "wire/fine_tune_spec.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "core/base/ids.h"
#include "core/base/status_macros.h"
#include "wire/status.h"

namespace graft {
namespace {

// Violations under one path.
class Violations {
 public:
  explicit Violations(absl::string_view path) : path_(path) {}
  void Add(absl::string_view field, std::string description) {
    found_.push_back({path_.empty() ? std::string(field) : absl::StrCat(path_, ".", field),
                      std::move(description)});
  }
  absl::Status ToStatus() const { return InvalidFields(found_); }

 private:
  const absl::string_view path_;
  std::vector<FieldError> found_;
};

constexpr absl::string_view kNameRule =
    "must be 1 to 63 characters of a-z, 0-9, '-', '_' and '.', beginning with a letter or digit";

void Unknown(Violations& violations, absl::string_view field, int value) {
  violations.Add(field, absl::StrCat("has the value ", value, ", which this server does not know"));
}

void ReadStrategy(const v1::FineTuneSpec& spec, FineTuneConfig& config, Violations& violations) {
  switch (spec.strategy()) {
    case v1::STRATEGY_UNSPECIFIED:
    case v1::STRATEGY_FEATURE_EXTRACTION:
      config.strategy = Strategy::kFeatureExtraction;
      return;
    case v1::STRATEGY_TOP_LAYERS:
      config.strategy = Strategy::kTopLayers;
      return;
    case v1::STRATEGY_FULL:
      config.strategy = Strategy::kFull;
      return;
    default:
      Unknown(violations, "strategy", spec.strategy());
  }
}

void ReadHead(const v1::ClassificationTask& task, FineTuneConfig& config, Violations& violations) {
  switch (task.head()) {
    case v1::HEAD_KIND_UNSPECIFIED:
    case v1::HEAD_KIND_LINEAR:
      config.head = HeadKind::kLinear;
      return;
    case v1::HEAD_KIND_MLP:
      config.head = HeadKind::kMlp;
      return;
    case v1::HEAD_KIND_ARTICLE:
      config.head = HeadKind::kArticle;
      return;
    default:
      Unknown(violations, "task.classification.head", task.head());
  }
}

void ReadWeighting(const v1::ClassificationTask& task, FineTuneConfig& config,
                   Violations& violations) {
  switch (task.class_weighting()) {
    case v1::CLASS_WEIGHTING_UNSPECIFIED:
    case v1::CLASS_WEIGHTING_NONE:
      config.class_weighting = ClassWeighting::kNone;
      return;
    case v1::CLASS_WEIGHTING_BALANCED:
      config.class_weighting = ClassWeighting::kBalanced;
      return;
    default:
      Unknown(violations, "task.classification.class_weighting", task.class_weighting());
  }
}

void ReadOptimizer(const v1::TrainingOptions& training, FineTuneConfig& config,
                   Violations& violations) {
  switch (training.optimizer()) {
    case v1::OPTIMIZER_UNSPECIFIED:
      return;
    case v1::OPTIMIZER_LBFGS:
      config.optimizer = OptimizerKind::kLbfgs;
      return;
    case v1::OPTIMIZER_ADAMW:
      config.optimizer = OptimizerKind::kAdamW;
      return;
    case v1::OPTIMIZER_SGD:
      config.optimizer = OptimizerKind::kSgd;
      return;
    default:
      Unknown(violations, "training.optimizer", training.optimizer());
  }
}

void ReadSchedule(const v1::TrainingOptions& training, FineTuneConfig& config,
                  Violations& violations) {
  switch (training.schedule()) {
    case v1::LEARNING_RATE_SCHEDULE_UNSPECIFIED:
      return;
    case v1::LEARNING_RATE_SCHEDULE_COSINE:
      config.schedule = ScheduleKind::kCosine;
      return;
    case v1::LEARNING_RATE_SCHEDULE_CONSTANT:
      config.schedule = ScheduleKind::kConstant;
      return;
    default:
      Unknown(violations, "training.schedule", training.schedule());
  }
}

void ReadTask(const v1::FineTuneSpec& spec, FineTuneConfig& config, Violations& violations) {
  if (!spec.task().has_classification()) {
    violations.Add("task", "is required: it says what is learnt (classification: {} is fine)");
    return;
  }
  const v1::ClassificationTask& task = spec.task().classification();
  ReadHead(task, config, violations);
  ReadWeighting(task, config, violations);
  if (task.has_hidden_units()) config.hidden_units = task.hidden_units();
  if (task.has_dropout()) config.dropout = task.dropout();
  if (task.has_label_smoothing()) config.label_smoothing = task.label_smoothing();
}

void ReadTraining(const v1::TrainingOptions& training, FineTuneConfig& config,
                  Violations& violations) {
  ReadOptimizer(training, config, violations);
  ReadSchedule(training, config, violations);
  if (training.has_epochs()) config.epochs = training.epochs();
  if (training.has_batch_size()) config.batch_size = training.batch_size();
  if (training.has_learning_rate()) config.learning_rate = training.learning_rate();
  if (training.has_backbone_learning_rate()) {
    config.backbone_learning_rate = training.backbone_learning_rate();
  }
  if (training.has_weight_decay()) config.weight_decay = training.weight_decay();
  if (training.has_momentum()) config.momentum = training.momentum();
  if (training.has_warmup_epochs()) config.warmup_epochs = training.warmup_epochs();
  if (training.has_gradient_clip_norm()) config.gradient_clip_norm = training.gradient_clip_norm();
  if (training.has_early_stopping_patience()) {
    config.early_stopping_patience = training.early_stopping_patience();
  }
  if (training.has_trainable_stages()) config.trainable_stages = training.trainable_stages();
  if (training.has_head_epochs()) config.head_epochs = training.head_epochs();
  if (training.has_seed()) config.seed = training.seed();
  if (training.has_l2()) config.l2 = training.l2();
}

void ReadData(const v1::DataOptions& data, FineTuneConfig& config) {
  if (data.has_validation_fraction()) config.validation_fraction = data.validation_fraction();
  if (data.has_test_fraction()) config.test_fraction = data.test_fraction();
  if (data.has_augment()) config.augment = data.augment();
  if (data.has_augmented_views()) config.augmented_views = data.augmented_views();
}

v1::Strategy ToProto(Strategy strategy) {
  switch (strategy) {
    case Strategy::kFeatureExtraction:
      return v1::STRATEGY_FEATURE_EXTRACTION;
    case Strategy::kTopLayers:
      return v1::STRATEGY_TOP_LAYERS;
    case Strategy::kFull:
      return v1::STRATEGY_FULL;
  }
  return v1::STRATEGY_UNSPECIFIED;
}

v1::HeadKind ToProto(HeadKind head) {
  switch (head) {
    case HeadKind::kLinear:
      return v1::HEAD_KIND_LINEAR;
    case HeadKind::kMlp:
      return v1::HEAD_KIND_MLP;
    case HeadKind::kArticle:
      return v1::HEAD_KIND_ARTICLE;
    case HeadKind::kCosine:
    case HeadKind::kLayers:
      break;  // no request asks for them
  }
  return v1::HEAD_KIND_UNSPECIFIED;
}

v1::Optimizer ToProto(OptimizerKind optimizer) {
  switch (optimizer) {
    case OptimizerKind::kLbfgs:
      return v1::OPTIMIZER_LBFGS;
    case OptimizerKind::kAdamW:
      return v1::OPTIMIZER_ADAMW;
    case OptimizerKind::kSgd:
      return v1::OPTIMIZER_SGD;
  }
  return v1::OPTIMIZER_UNSPECIFIED;
}

v1::LearningRateSchedule ToProto(ScheduleKind schedule) {
  switch (schedule) {
    case ScheduleKind::kCosine:
      return v1::LEARNING_RATE_SCHEDULE_COSINE;
    case ScheduleKind::kConstant:
      return v1::LEARNING_RATE_SCHEDULE_CONSTANT;
  }
  return v1::LEARNING_RATE_SCHEDULE_UNSPECIFIED;
}

void WriteTask(const FineTuneConfig& config, v1::ClassificationTask& task) {
  task.set_head(ToProto(config.head));
  if (config.hidden_units) task.set_hidden_units(*config.hidden_units);
  if (config.dropout) task.set_dropout(*config.dropout);
  if (config.label_smoothing) task.set_label_smoothing(*config.label_smoothing);
  task.set_class_weighting(config.class_weighting == ClassWeighting::kBalanced
                               ? v1::CLASS_WEIGHTING_BALANCED
                               : v1::CLASS_WEIGHTING_NONE);
}

void WriteTraining(const FineTuneConfig& config, v1::TrainingOptions& training) {
  if (config.epochs) training.set_epochs(*config.epochs);
  if (config.batch_size) training.set_batch_size(*config.batch_size);
  if (config.learning_rate) training.set_learning_rate(*config.learning_rate);
  if (config.backbone_learning_rate) {
    training.set_backbone_learning_rate(*config.backbone_learning_rate);
  }
  if (config.weight_decay) training.set_weight_decay(*config.weight_decay);
  if (config.momentum) training.set_momentum(*config.momentum);
  if (config.optimizer) training.set_optimizer(ToProto(*config.optimizer));
  if (config.schedule) training.set_schedule(ToProto(*config.schedule));
  if (config.warmup_epochs) training.set_warmup_epochs(*config.warmup_epochs);
  if (config.gradient_clip_norm) training.set_gradient_clip_norm(*config.gradient_clip_norm);
  if (config.early_stopping_patience) {
    training.set_early_stopping_patience(*config.early_stopping_patience);
  }
  if (config.trainable_stages) training.set_trainable_stages(*config.trainable_stages);
  if (config.head_epochs) training.set_head_epochs(*config.head_epochs);
  if (config.seed) training.set_seed(*config.seed);
  if (config.l2) training.set_l2(*config.l2);
}

void WriteData(const FineTuneConfig& config, v1::DataOptions& data) {
  if (config.validation_fraction) data.set_validation_fraction(*config.validation_fraction);
  if (config.test_fraction) data.set_test_fraction(*config.test_fraction);
  if (config.augment) data.set_augment(*config.augment);
  if (config.augmented_views) data.set_augmented_views(*config.augmented_views);
}

}  // namespace

absl::StatusOr<FineTuneConfig> FineTuneConfigFromProto(const v1::FineTuneSpec& spec,
                                                       absl::string_view path) {
  Violations violations(path);
  if (spec.dataset_id().empty()) {
    violations.Add("dataset_id", "is required: the id that UploadDataset answered with");
  } else if (spec.dataset_id().size() > 128) {
    violations.Add("dataset_id", "is longer than 128 characters");
  }
  if (!spec.backbone().empty() && !IsValidResourceName(spec.backbone())) {
    violations.Add("backbone", std::string(kNameRule));
  }
  if (!IsValidResourceName(spec.model())) violations.Add("model", std::string(kNameRule));

  FineTuneConfig config;
  ReadTask(spec, config, violations);
  ReadStrategy(spec, config, violations);
  ReadTraining(spec.training(), config, violations);
  ReadData(spec.data(), config);
  for (FieldViolation& violation : FindViolations(config)) {
    violations.Add(violation.field, std::move(violation.message));
  }
  GRAFT_RETURN_IF_ERROR(violations.ToStatus());
  return config;
}

absl::StatusOr<ResolvedFineTune> ResolveFineTuneSpec(const v1::FineTuneSpec& spec,
                                                     absl::string_view path) {
  GRAFT_ASSIGN_OR_RETURN(const FineTuneConfig config, FineTuneConfigFromProto(spec, path));
  return ResolveFineTune(config);
}

v1::FineTuneSpec ResolvedFineTuneSpec(const v1::FineTuneSpec& request,
                                      const ResolvedFineTune& resolved) {
  v1::FineTuneSpec spec;
  spec.set_dataset_id(request.dataset_id());
  spec.set_backbone(request.backbone());
  spec.set_model(request.model());
  spec.set_strategy(ToProto(resolved.config.strategy));
  WriteTask(resolved.config, *spec.mutable_task()->mutable_classification());
  WriteTraining(resolved.config, *spec.mutable_training());
  WriteData(resolved.config, *spec.mutable_data());
  return spec;
}

}  // namespace graft
