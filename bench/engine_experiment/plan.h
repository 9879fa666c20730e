#ifndef GRAFT_BENCH_ENGINE_EXPERIMENT_PLAN_H_
#define GRAFT_BENCH_ENGINE_EXPERIMENT_PLAN_H_

#include <memory>
#include <string>
#include <vector>

namespace graft::engine_experiment {

enum class Kind { kConv, kAdd, kMaxPool, kGlobalPool, kLinear };
enum class Act { kNone, kRelu, kRelu6 };

// One node of a network as make_networks.py writes it. Nodes are numbered in order; -1 is the
// image.
struct Step {
  Kind kind = Kind::kConv;
  int a = -1;
  int b = -1;  // kAdd
  int in_channels = 0;
  int out_channels = 0;
  int in_size = 0;  // square
  int out_size = 0;
  int kernel = 1;
  int stride = 1;
  int pad = 0;
  int groups = 1;
  Act act = Act::kNone;
  // kConv: [out, in / groups, k, k], then gamma, beta, mean, variance. kLinear: [out, in], bias.
  std::vector<float> weight;
  std::vector<float> gamma, beta, mean, variance;
  std::vector<float> bias;
};

struct Plan {
  int size = 224;
  std::vector<Step> steps;
  int classes() const { return steps.back().out_channels; }
};

constexpr float kEpsilon = 1e-5f;

// Reads <folder>/<name>.plan and .weights. Ends the program on an error: this is a throw-away.
Plan ReadPlan(const std::string& folder, const std::string& name);

// BatchNorm folded into `weight` and `bias` of each convolution (gamma and so on emptied), and each
// convolution without activation whose only user is an addition merged with it: such a step has
// b >= 0, and computes act(conv(a) + b). The step of the addition disappears; numbers are new.
Plan Lower(Plan plan);

// Images in, [batch, 3, size, size] row-major; logits out, [batch, classes].
class Engine {
 public:
  virtual ~Engine() = default;
  virtual void Run(const float* images, int batch, float* logits) = 0;
};

// LibTorch, node by node; then channels_last; then lowered to prepacked, fused convolutions.
std::unique_ptr<Engine> MakeEager(const Plan& plan, bool channels_last, int threads);
std::unique_ptr<Engine> MakeLowered(const Plan& plan, int threads);
// oneDNN without LibTorch: own buffers, post-ops; layouts of its choosing, or channels last.
// Null where it was not built.
std::unique_ptr<Engine> MakeOneDnn(const Plan& plan, bool channels_last, int threads);

}  // namespace graft::engine_experiment

#endif  // GRAFT_BENCH_ENGINE_EXPERIMENT_PLAN_H_
