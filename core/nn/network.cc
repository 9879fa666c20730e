#include "core/nn/network.h"

#include <cmath>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "core/base/status_macros.h"
#include "core/nn/torch_error.h"

namespace graft {
namespace {

// The tensors of one node, in a fixed order per kind: weight, bias, running_mean, running_var,
// num_batches_tracked. Undefined where the kind has none.
struct NodeTensors {
  at::Tensor weight, bias, running_mean, running_var, num_batches_tracked;
};

struct Slot {
  const char* suffix;
  at::Tensor NodeTensors::*member;
  bool is_parameter;
};

constexpr Slot kSlots[] = {
    {"weight", &NodeTensors::weight, true},
    {"bias", &NodeTensors::bias, true},
    {"running_mean", &NodeTensors::running_mean, false},
    {"running_var", &NodeTensors::running_var, false},
    {"num_batches_tracked", &NodeTensors::num_batches_tracked, false},
};

NodeTensors MakeTensors(const Op& op, const at::TensorOptions& options) {
  NodeTensors tensors;
  if (const auto* conv = std::get_if<Conv2d>(&op)) {
    tensors.weight = at::empty(
        {conv->out_channels, conv->in_channels / conv->groups, conv->kernel, conv->kernel},
        options);
    if (conv->bias) tensors.bias = at::empty({conv->out_channels}, options);
  } else if (const auto* norm = std::get_if<BatchNorm2d>(&op)) {
    tensors.weight = at::ones({norm->channels}, options);
    tensors.bias = at::zeros({norm->channels}, options);
    tensors.running_mean = at::zeros({norm->channels}, options);
    tensors.running_var = at::ones({norm->channels}, options);
    tensors.num_batches_tracked = at::zeros({}, options.dtype(at::kLong));
  } else if (const auto* linear = std::get_if<Linear>(&op)) {
    tensors.weight = at::empty({linear->out_features, linear->in_features}, options);
    tensors.bias = at::empty({linear->out_features}, options);
  }
  return tensors;
}

// PyTorch's default: weight and bias uniform in +-1 / sqrt(fan_in).
void InitialiseUniform(NodeTensors& tensors, const Op& op, const at::Generator& generator) {
  if (std::holds_alternative<BatchNorm2d>(op) || !tensors.weight.defined()) return;
  const double fan_in = static_cast<double>(tensors.weight[0].numel());
  const double bound = 1.0 / std::sqrt(fan_in);
  tensors.weight.uniform_(-bound, bound, generator);
  if (tensors.bias.defined()) tensors.bias.uniform_(-bound, bound, generator);
}

at::Tensor RunConv(const Conv2d& conv, const NodeTensors& tensors, const at::Tensor& x) {
  int padding_h = conv.padding;
  int padding_w = conv.padding;
  at::Tensor input = x;
  if (conv.padding_mode == Padding::kSame) {
    const auto total = [&](int64_t size) {
      const int64_t out = (size + conv.stride - 1) / conv.stride;
      return std::max<int64_t>((out - 1) * conv.stride + conv.kernel - size, 0);
    };
    const int64_t height = total(x.size(2));
    const int64_t width = total(x.size(3));
    if (height % 2 == 0 && width % 2 == 0) {  // the same on both sides: the convolution pads
      padding_h = static_cast<int>(height / 2);
      padding_w = static_cast<int>(width / 2);
    } else {
      padding_h = padding_w = 0;
      input = at::constant_pad_nd(
          x, {width / 2, width - width / 2, height / 2, height - height / 2}, 0);
    }
  }
  return at::conv2d(input, tensors.weight, tensors.bias, {conv.stride, conv.stride},
                    {padding_h, padding_w}, {1, 1}, conv.groups);
}

at::Tensor RunActivation(ActivationKind kind, const at::Tensor& x) {
  switch (kind) {
    case ActivationKind::kRelu:
      return at::relu(x);
    case ActivationKind::kRelu6:
      return at::hardtanh(x, 0, 6);
    case ActivationKind::kSilu:
      return at::silu(x);
    case ActivationKind::kSigmoid:
      return at::sigmoid(x);
  }
  return x;
}

}  // namespace

struct Network::Impl {
  NetworkSpec spec;
  std::vector<NodeTensors> tensors;  // one a node
  std::vector<int> last_use;         // of each node's output: the last node that reads it
  // Where a tensor of a state-dict name is.
  struct Place {
    int node;
    int stage;
    const Slot* slot;
  };
  absl::flat_hash_map<std::string, Place> places;
  int trainable_from = 0;
  bool training = false;
  bool update_batch_norm = false;

  Impl(NetworkSpec network, at::DeviceType device)
      : spec(std::move(network)), last_use(spec.nodes.size(), -1) {
    for (size_t i = 0; i < spec.nodes.size(); ++i) {
      tensors.push_back(
          MakeTensors(spec.nodes[i].op, at::TensorOptions(at::kFloat).device(device)));
      for (const int input : spec.nodes[i].inputs) {
        if (input >= 0) last_use[input] = static_cast<int>(i);
      }
    }
    ForEachTensor(0, static_cast<int>(spec.stages.size()),
                  [&](at::Tensor&, const Place& place) { places.emplace(NameOf(place), place); });
  }

  std::string NameOf(const Place& place) const {
    return absl::StrCat(spec.nodes[place.node].name, ".", place.slot->suffix);
  }

  // The tensors of stages [from, to), in the order of the nodes.
  template <typename F>
  void ForEachTensor(int from, int to, F&& f) {
    for (int stage = from; stage < to; ++stage) {
      for (int node = spec.stages[stage].begin; node < spec.stages[stage].end; ++node) {
        for (const Slot& slot : kSlots) {
          at::Tensor& tensor = tensors[node].*slot.member;
          if (tensor.defined()) f(tensor, Place{node, stage, &slot});
        }
      }
    }
  }

  at::Tensor Run(int index, int stage, const std::vector<const at::Tensor*>& in) const {
    const Op& op = spec.nodes[index].op;
    const NodeTensors& own = tensors[index];
    const at::Tensor& x = *in[0];
    if (const auto* conv = std::get_if<Conv2d>(&op)) return RunConv(*conv, own, x);
    if (const auto* norm = std::get_if<BatchNorm2d>(&op)) {
      const bool batch_statistics = training && update_batch_norm && stage >= trainable_from;
      return at::batch_norm(x, own.weight, own.bias, own.running_mean, own.running_var,
                            batch_statistics, norm->momentum, norm->epsilon, false);
    }
    if (const auto* activation = std::get_if<Activation>(&op)) {
      return RunActivation(activation->kind, x);
    }
    if (std::holds_alternative<Add>(op)) return x + *in[1];
    if (std::holds_alternative<Multiply>(op)) return x * *in[1];
    if (const auto* pool = std::get_if<MaxPool2d>(&op)) {
      return at::max_pool2d(x, {pool->kernel, pool->kernel}, {pool->stride, pool->stride});
    }
    if (const auto* pool = std::get_if<AdaptiveAvgPool2d>(&op)) {
      if (x.dim() == 2) return x;  // pooled already
      if (x.size(2) == pool->height && x.size(3) == pool->width) return x;
      return at::adaptive_avg_pool2d(x, {pool->height, pool->width});
    }
    if (std::holds_alternative<Flatten>(op)) return x.flatten(1);
    if (std::holds_alternative<Linear>(op)) return at::linear(x, own.weight, own.bias);
    const auto& dropout = std::get<Dropout>(op);
    return at::dropout(x, dropout.probability, training && stage >= trainable_from);
  }
};

Network::Network(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Network::~Network() = default;

absl::StatusOr<std::unique_ptr<Network>> Network::Create(NetworkSpec spec, uint64_t seed) {
  GRAFT_RETURN_IF_ERROR(Validate(spec));
  return CatchTorchErrors(
      "cannot make a network", [&]() -> absl::StatusOr<std::unique_ptr<Network>> {
        const at::NoGradGuard no_grad;
        auto impl = std::make_unique<Impl>(std::move(spec), at::kCPU);
        const at::Generator generator = at::detail::createCPUGenerator(seed);
        for (size_t i = 0; i < impl->tensors.size(); ++i) {
          InitialiseUniform(impl->tensors[i], impl->spec.nodes[i].op, generator);
        }
        std::unique_ptr<Network> network(new Network(std::move(impl)));
        network->SetTrainableFrom(0);
        return network;
      });
}

absl::StatusOr<std::unique_ptr<Network>> Network::CreateEmpty(NetworkSpec spec) {
  GRAFT_RETURN_IF_ERROR(Validate(spec));
  return CatchTorchErrors("cannot make a network",
                          [&]() -> absl::StatusOr<std::unique_ptr<Network>> {
                            std::unique_ptr<Network> network(
                                new Network(std::make_unique<Impl>(std::move(spec), at::kMeta)));
                            network->SetTrainableFrom(network->num_stages());
                            return network;
                          });
}

const NetworkSpec& Network::spec() const { return impl_->spec; }
int Network::num_stages() const { return static_cast<int>(impl_->spec.stages.size()); }
int Network::trainable_from() const { return impl_->trainable_from; }

at::Tensor Network::Forward(const at::Tensor& x, int from, int to) const {
  TORCH_CHECK(from >= 0 && from <= to && to <= num_stages(), "no stages [", from, ", ", to, ")");
  if (from == to) return x;
  const int begin = impl_->spec.stages[from].begin;
  const int end = impl_->spec.stages[to - 1].end;
  std::vector<at::Tensor> outputs(end - begin);
  for (int stage = from; stage < to; ++stage) {
    for (int i = impl_->spec.stages[stage].begin; i < impl_->spec.stages[stage].end; ++i) {
      std::vector<const at::Tensor*> in;
      for (const int input : impl_->spec.nodes[i].inputs) {
        in.push_back(input < begin ? &x : &outputs[input - begin]);
      }
      outputs[i - begin] = impl_->Run(i, stage, in);
      // Activations go as soon as nobody will read them: autograd keeps what it needs itself.
      for (const int input : impl_->spec.nodes[i].inputs) {
        if (input >= begin && impl_->last_use[input] == i) outputs[input - begin].reset();
      }
    }
  }
  return outputs.back();
}

void Network::SetTrainableFrom(int stage) {
  impl_->trainable_from = stage;
  impl_->ForEachTensor(0, num_stages(), [&](at::Tensor& tensor, const Impl::Place& place) {
    if (place.slot->is_parameter) tensor.set_requires_grad(place.stage >= stage);
  });
}

void Network::SetTraining(bool training, bool update_batch_norm) {
  impl_->training = training;
  impl_->update_batch_norm = update_batch_norm;
}

void Network::To(const at::Device& device) {
  const at::NoGradGuard no_grad;
  impl_->ForEachTensor(0, num_stages(), [&](at::Tensor& tensor, const Impl::Place&) {
    if (tensor.is_meta()) return;  // of a stage that has no weights
    const bool grad = tensor.requires_grad();
    tensor = tensor.to(device).detach();
    tensor.set_requires_grad(grad);
  });
}

std::unique_ptr<Network> Network::Clone() const {
  const at::NoGradGuard no_grad;
  std::unique_ptr<Network> copy(new Network(std::make_unique<Impl>(*impl_)));
  copy->impl_->ForEachTensor(0, num_stages(), [&](at::Tensor& tensor, const Impl::Place&) {
    const bool grad = tensor.requires_grad();
    tensor = tensor.detach().clone();
    tensor.set_requires_grad(grad);
  });
  return copy;
}

std::vector<NamedTensor> Network::NamedTensors() const { return NamedTensors(0, num_stages()); }

std::vector<NamedTensor> Network::NamedTensors(int from, int to) const {
  std::vector<NamedTensor> named;
  impl_->ForEachTensor(from, to, [&](at::Tensor& tensor, const Impl::Place& place) {
    named.push_back({impl_->NameOf(place), tensor, place.slot->is_parameter, place.stage});
  });
  return named;
}

absl::Status Network::SetTensor(const std::string& name, at::Tensor tensor) {
  const auto found = impl_->places.find(name);
  if (found == impl_->places.end()) {
    return absl::NotFoundError(
        absl::StrCat("no tensor '", name, "' in ", impl_->spec.architecture));
  }
  const Impl::Place& place = found->second;
  at::Tensor& own = impl_->tensors[place.node].*place.slot->member;
  if (own.sizes() != tensor.sizes()) {
    return absl::InvalidArgumentError(
        absl::StrCat("tensor '", name, "' has shape [", absl::StrJoin(tensor.sizes(), ", "), "], ",
                     impl_->spec.architecture, " needs [", absl::StrJoin(own.sizes(), ", "), "]"));
  }
  own = tensor.detach();
  if (place.slot->is_parameter) own.set_requires_grad(place.stage >= impl_->trainable_from);
  return absl::OkStatus();
}

}  // namespace graft
