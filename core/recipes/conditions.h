#ifndef GRAFT_CORE_RECIPES_CONDITIONS_H_
#define GRAFT_CORE_RECIPES_CONDITIONS_H_

#include <string>

#include "absl/strings/string_view.h"

#include "core/recipes/fine_tune_config.h"

namespace graft::recipes {

// What shapes a job: the use and the default of every other option may depend on these alone.
struct Choices {
  Strategy strategy = Strategy::kFeatureExtraction;
  model::HeadKind head = model::HeadKind::kLinear;
  OptimizerKind optimizer = OptimizerKind::kLbfgs;  // of all phases but one that LBFGS fits
  ScheduleKind schedule = ScheduleKind::kCosine;
  bool augment = false;
  // The head has a phase of its own in which LBFGS fits it, whatever `optimizer` trains the rest.
  bool fits_head = true;
};

// The choices of `config`, asked for or by default.
Choices ChoicesOf(const FineTuneConfig& config);

// "FEATURE_EXTRACTION, the LINEAR head and LBFGS".
std::string Describe(const Choices& choices);

// When an option is read, or a default holds. Compared by address: rows point to those below.
struct Condition {
  absl::string_view words;  // behind "only used with "
  bool (*holds)(const Choices&);
};

inline constexpr Condition kAlways = {"every job", [](const Choices&) { return true; }};
inline constexpr Condition kHiddenLayer = {"an MLP or ARTICLE head", [](const Choices& c) {
                                             return c.head == model::HeadKind::kMlp ||
                                                    c.head == model::HeadKind::kArticle;
                                           }};
inline constexpr Condition kArticleHead = {
    "an ARTICLE head", [](const Choices& c) { return c.head == model::HeadKind::kArticle; }};
inline constexpr Condition kListedLayers = {
    "a LAYERS head", [](const Choices& c) { return c.head == model::HeadKind::kLayers; }};
inline constexpr Condition kPoolingHead = {
    "a head that pools, which ARTICLE does not",
    [](const Choices& c) { return c.head != model::HeadKind::kArticle; }};
inline constexpr Condition kFrozenBackbone = {"FEATURE_EXTRACTION", [](const Choices& c) {
                                                return c.strategy == Strategy::kFeatureExtraction;
                                              }};
inline constexpr Condition kTrainedStages = {
    "what trains stages of the backbone", [](const Choices& c) {
      return c.strategy != Strategy::kFeatureExtraction && c.strategy != Strategy::kDirect;
    }};
// Pretrained stages learn, after a head that suits them.
inline constexpr Condition kTunedStages = {
    "AUTO, TOP_LAYERS, FULL, LP_FT and GRADUAL", [](const Choices& c) {
      return kTrainedStages.holds(c) && c.strategy != Strategy::kFromScratch;
    }};
inline constexpr Condition kLastStages = {"AUTO, TOP_LAYERS and GRADUAL", [](const Choices& c) {
                                            return c.strategy == Strategy::kAuto ||
                                                   c.strategy == Strategy::kTopLayers ||
                                                   c.strategy == Strategy::kGradual;
                                          }};
inline constexpr Condition kIterations = {"LBFGS, ADAMW and SGD", [](const Choices& c) {
                                            return c.optimizer != OptimizerKind::kClassMeans;
                                          }};
inline constexpr Condition kBatches = {"ADAMW and SGD", [](const Choices& c) {
                                         return c.optimizer == OptimizerKind::kAdamW ||
                                                c.optimizer == OptimizerKind::kSgd;
                                       }};
inline constexpr Condition kRampedUp = {
    "ADAMW and SGD, but not ONE_CYCLE",
    [](const Choices& c) { return kBatches.holds(c) && c.schedule != ScheduleKind::kOneCycle; }};
inline constexpr Condition kDrops = {
    "STEP and PLATEAU", [](const Choices& c) {
      return kBatches.holds(c) &&
             (c.schedule == ScheduleKind::kStep || c.schedule == ScheduleKind::kPlateau);
    }};
inline constexpr Condition kPlateau = {
    "PLATEAU",
    [](const Choices& c) { return kBatches.holds(c) && c.schedule == ScheduleKind::kPlateau; }};
inline constexpr Condition kSgd = {
    "SGD", [](const Choices& c) { return c.optimizer == OptimizerKind::kSgd; }};
inline constexpr Condition kFittedHead = {"LBFGS, and AUTO and LP_FT with a LINEAR head",
                                          [](const Choices& c) { return c.fits_head; }};
inline constexpr Condition kAugmentedFeatures = {
    "augment, in FEATURE_EXTRACTION and TOP_LAYERS", [](const Choices& c) {
      return c.augment &&
             (c.strategy == Strategy::kFeatureExtraction || c.strategy == Strategy::kTopLayers);
    }};

}  // namespace graft::recipes

#endif  // GRAFT_CORE_RECIPES_CONDITIONS_H_
