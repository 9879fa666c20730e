#include "tools/device_check/op_check.h"

#include <map>
#include <memory>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/nn/network.h"
#include "core/nn/torch_error.h"

namespace graft {
namespace {

// What is drawn needs many rows before its mean says anything.
constexpr int64_t kDrawnRows = 4'096;

nn::NetworkSpec OneNode(const OpCase& op_case) {
  std::vector<nn::NetworkInput> inputs;
  std::vector<int> reads;
  for (const OpInput& input : op_case.inputs) {
    reads.push_back(nn::InputNode(static_cast<int>(inputs.size())));
    inputs.push_back(input.input);
  }
  nn::SpecBuilder builder("one_node", std::move(inputs));
  builder.Append("op", op_case.op, std::move(reads));
  builder.EndStage("all");
  builder.EndFeatures();
  return builder.Take();
}

at::Tensor MakeInput(const OpInput& input, int64_t rows, const at::Generator& generator) {
  std::vector<int64_t> sizes = input.input.shape.ToVector();
  sizes.insert(sizes.begin(), rows);
  switch (input.fill) {
    case InputFill::kNormal:
      return at::randn(sizes, generator);
    case InputFill::kIds:
      return at::randint(0, input.bound, sizes, generator, at::kLong);
    case InputFill::kMask: {
      const int64_t tokens = sizes.back();
      const at::Tensor lengths = at::randint(1, tokens + 1, {rows, 1}, generator, at::kLong);
      return at::arange(tokens).unsqueeze(0).lt(lengths).to(at::kFloat);
    }
  }
  return {};
}

// What one placement gives.
struct Outcome {
  at::Tensor inferred;
  std::map<std::string, at::Tensor> trained;  // gradients and statistics, by name
  double infer_ms = 0;
  double train_ms = 0;
};

absl::StatusOr<Outcome> RunAt(const OpCase& op_case, const nn::Placement& placement,
                              const CheckOptions& options) {
  return nn::CatchTorchErrors(op_case.name, [&]() -> absl::StatusOr<Outcome> {
    GRAFT_ASSIGN_OR_RETURN(const std::unique_ptr<nn::Network> network,
                           nn::Network::Create(OneNode(op_case), options.seed, placement));
    const at::Generator generator = at::detail::createCPUGenerator(options.seed + 1);
    const int64_t rows = op_case.draws ? kDrawnRows : options.batch;
    std::vector<at::Tensor> inputs;
    for (const OpInput& input : op_case.inputs) {
      at::Tensor tensor = MakeInput(input, rows, generator);
      if (op_case.draws) tensor.fill_(1);
      // Gradients flow back to the host, through the network's own placing.
      if (input.fill == InputFill::kNormal) tensor.set_requires_grad(true);
      inputs.push_back(std::move(tensor));
    }
    const auto run = [&] { return network->ForwardTaps(inputs, 0, 1, {0}).front(); };

    Outcome outcome;
    {
      const at::NoGradGuard no_grad;
      network->SetTraining(false);
      outcome.inferred = run();
    }
    // A direction to go back from that is no symmetry of any operation: sums of a softmax or of
    // what is normalised would have no gradient.
    const at::Tensor direction =
        nn::Place(at::randn(outcome.inferred.sizes(), generator), network->placement());
    network->SetTraining(true, op_case.batch_statistics);
    const auto train = [&] {
      const at::Tensor output = run();
      output.backward(direction.to(output.scalar_type()));
      return output;
    };
    at::manual_seed(options.seed);
    const at::Tensor output = train();
    if (op_case.draws) {
      outcome.trained["mean"] = output.detach().to(at::kCPU).to(at::kDouble).mean();
      outcome.inferred = outcome.inferred.to(at::kCPU).to(at::kDouble).mean();
    } else {
      for (size_t i = 0; i < inputs.size(); ++i) {
        if (!inputs[i].grad().defined()) continue;
        outcome.trained[op_case.inputs[i].input.name + absl::StrCat(" ", i)] =
            inputs[i].grad().clone();
      }
      for (const nn::NamedTensor& tensor : network->NamedTensors()) {
        const at::Tensor& value = tensor.is_parameter ? tensor.tensor.grad() : tensor.tensor;
        outcome.trained[tensor.name] = value.detach().clone();
      }
    }

    outcome.train_ms =
        MedianMilliseconds(placement.device, options.repeats, [&] { (void)train(); });
    const at::NoGradGuard no_grad;
    network->SetTraining(false);
    outcome.infer_ms = MedianMilliseconds(placement.device, options.repeats, [&] { (void)run(); });
    return outcome;
  });
}

}  // namespace

bool OpResult::ok() const {
  return status.ok() && forward.relative <= tolerance && backward.relative <= tolerance;
}

OpResult CheckOpCase(const OpCase& op_case, const CheckOptions& options) {
  OpResult result;
  result.name = op_case.name;
  result.tolerance = op_case.tolerance;
  const auto compare = [&]() -> absl::Status {
    GRAFT_ASSIGN_OR_RETURN(const Outcome reference, RunAt(op_case, options.reference, options));
    GRAFT_ASSIGN_OR_RETURN(const Outcome subject, RunAt(op_case, options.subject, options));
    result.forward = Compare(reference.inferred, subject.inferred);
    for (const auto& [name, tensor] : reference.trained) {
      const auto found = subject.trained.find(name);
      result.backward.Join(
          Compare(tensor, found == subject.trained.end() ? at::Tensor() : found->second));
    }
    // What is drawn is also compared with what is not.
    if (op_case.draws) {
      result.backward.Join(Compare(reference.inferred, subject.trained.at("mean")));
    }
    result.reference_infer_ms = reference.infer_ms;
    result.reference_train_ms = reference.train_ms;
    result.subject_infer_ms = subject.infer_ms;
    result.subject_train_ms = subject.train_ms;
    return absl::OkStatus();
  };
  result.status = compare();
  return result;
}

}  // namespace graft
