#ifndef GRAFT_CORE_RECIPES_FINE_TUNE_CONFIG_H_
#define GRAFT_CORE_RECIPES_FINE_TUNE_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model/head_spec.h"
#include "core/recipes/task_options.h"

namespace graft::recipes {

// How much of the pretrained network is trained. What each does: core/recipes/strategies.cc.
enum class Strategy {
  kFeatureExtraction,  // a head on features that are computed once
  kTopLayers,          // the head first, then the head and the last stage(s)
  kFull,               // the head first where asked for, then everything
  kLpFt,               // the head to its optimum, then everything at a low rate
  kGradual,            // the head, then one stage after the other joins from the top
  kFromScratch,        // everything, from weights that are drawn anew
  kDirect,             // no step is taken: the head is computed from the features
  kAuto,               // the head, then what promises to be worth it; the better of the two
};

enum class OptimizerKind {
  kLbfgs,  // full-batch; only for a linear head on cached features
  kAdamW,  // Loshchilov & Hutter 2019; betas .9, .999
  kSgd,    // momentum without Nesterov
  // No steps: a linear head of the classes' mean features; only on cached features.
  kClassMeans,
};

enum class ScheduleKind { kCosine, kConstant, kStep, kOneCycle, kPlateau };

// How pictures are framed (core/model/input_spec.h); kAuto: as judges best on the training images.
enum class FramingChoice { kCentreCrop, kSqueeze, kLetterbox, kAuto };

// What the model is served in; kAuto: the fastest that trials before publishing show to be good
// enough (core/engine/choose_precision.h).
enum class PrecisionChoice { kAuto, kF32, kBf16, kInt8 };

// A list that people write, an item a word or two.
using TextList = std::vector<std::string>;

// Groups of options, each member a std::optional: absent, it takes its default. A member is
// declared and described by its row in the .def file; ranges, defaults and uses are there and on
// the page docs/options.md, which is made from the rows.

// What is put on the backbone.
struct HeadOptions {
#define GRAFT_OPTION(type, name, ...) std::optional<type> name = {};
#include "core/recipes/head_options.def"
#undef GRAFT_OPTION
};

struct TrainingOptions {
#define GRAFT_OPTION(type, name, ...) std::optional<type> name = {};
#include "core/recipes/training_options.def"
#undef GRAFT_OPTION
};

struct DataOptions {
#define GRAFT_OPTION(type, name, ...) std::optional<type> name = {};
#include "core/recipes/data_options.def"
#undef GRAFT_OPTION
};

struct PublishOptions {
#define GRAFT_OPTION(type, name, ...) std::optional<type> name = {};
#include "core/recipes/publish_options.def"
#undef GRAFT_OPTION
};

// What a fine-tuning job is asked to do. Plain data, no LibTorch: the server validates and resolves
// it, the worker runs it.
struct FineTuneConfig {
  std::optional<Strategy> strategy = {};
  HeadOptions head = {};
  TrainingOptions training = {};
  DataOptions data = {};
  PublishOptions publish = {};
  TaskOptions task = {};
};

}  // namespace graft::recipes

#endif  // GRAFT_CORE_RECIPES_FINE_TUNE_CONFIG_H_
