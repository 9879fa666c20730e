#include "core/nn/network.h"

#include <algorithm>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "core/base/status_macros.h"
#include "core/nn/ops/run.h"
#include "core/nn/torch_error.h"

namespace graft::nn {
namespace {

at::Tensor MakeTensor(const Slot& slot, at::DeviceType device) {
  return at::empty(
      slot.shape.ToVector(),
      at::TensorOptions(slot.role == Role::kCounter ? at::kLong : at::kFloat).device(device));
}

void Initialise(at::Tensor& tensor, const Init& init, const at::Generator& generator) {
  switch (init.kind) {
    case Init::Kind::kZeros:
      tensor.zero_();
      return;
    case Init::Kind::kOnes:
      tensor.fill_(1);
      return;
    case Init::Kind::kConstant:
      tensor.fill_(init.bound);
      return;
    case Init::Kind::kUniform:
      tensor.uniform_(-init.bound, init.bound, generator);
      return;
    case Init::Kind::kNormal:
      tensor.normal_(0, init.bound, generator);
      return;
  }
}

}  // namespace

struct Network::Impl {
  NetworkSpec spec;
  Placement placement;
  std::vector<std::vector<Slot>> slots;          // of each node
  std::vector<std::vector<at::Tensor>> tensors;  // one a slot
  std::vector<int> last_use;  // of each node's output: the last node that reads it
  // Where a tensor of a state-dict name is.
  struct Location {
    int node;
    int stage;
    size_t slot;
  };
  absl::flat_hash_map<std::string, Location> places;
  int trainable_from = 0;
  bool training = false;
  bool update_batch_norm = false;

  Impl(NetworkSpec network, at::DeviceType device, const Placement& placed)
      : spec(std::move(network)), placement(placed), last_use(spec.nodes.size(), -1) {
    for (size_t i = 0; i < spec.nodes.size(); ++i) {
      slots.push_back(SlotsOf(spec.nodes[i].op));
      std::vector<at::Tensor>& own = tensors.emplace_back();
      for (const Slot& slot : slots.back()) own.push_back(MakeTensor(slot, device));
      for (const int input : spec.nodes[i].inputs) {
        if (input >= 0) last_use[input] = static_cast<int>(i);
      }
    }
    ForEachTensor(0, static_cast<int>(spec.stages.size()), [&](at::Tensor&, const Location& place) {
      places.emplace(NameOf(place), place);
    });
  }

  const Slot& SlotOf(const Location& place) const { return slots[place.node][place.slot]; }
  bool IsParameter(const Location& place) const { return SlotOf(place).role == Role::kParameter; }
  std::string NameOf(const Location& place) const {
    return TensorName(spec.nodes[place.node], SlotOf(place));
  }

  // The tensors of stages [from, to), in the order of the nodes.
  template <typename F>
  void ForEachTensor(int from, int to, F&& f) {
    for (int stage = from; stage < to; ++stage) {
      for (int node = spec.stages[stage].begin; node < spec.stages[stage].end; ++node) {
        for (size_t slot = 0; slot < tensors[node].size(); ++slot) {
          f(tensors[node][slot], Location{node, stage, slot});
        }
      }
    }
  }

  // Every input at its place; undefined ones where optional inputs are not given.
  std::vector<at::Tensor> PlaceInputs(absl::Span<const at::Tensor> given) const {
    TORCH_CHECK(!given.empty() && given.size() <= spec.inputs.size(), spec.architecture, " takes ",
                spec.inputs.size(), " inputs and gets ", given.size());
    std::vector<at::Tensor> placed(spec.inputs.size());
    for (size_t i = 0; i < placed.size(); ++i) {
      const bool is_given = i < given.size() && given[i].defined();
      TORCH_CHECK(is_given || spec.inputs[i].optional, spec.architecture, " lacks its input ",
                  spec.inputs[i].name);
      if (is_given) placed[i] = Placed(given[i]);
    }
    return placed;
  }
  at::Tensor Placed(const at::Tensor& tensor) const { return Place(tensor, placement); }

  // Runs the nodes of stages [from, to) and gives the outputs of `taps`.
  std::vector<at::Tensor> Run(absl::Span<const at::Tensor> given, int from, int to,
                              absl::Span<const int> taps) const {
    const std::vector<at::Tensor> inputs = PlaceInputs(given);
    const int begin = spec.stages[from].begin;
    std::vector<at::Tensor> outputs(spec.stages[to - 1].end - begin);
    for (const int tap : taps) {
      TORCH_CHECK(tap >= begin && tap < spec.stages[to - 1].end, spec.architecture, ": tap ", tap,
                  " is not within the stages that run");
    }
    const auto output_of = [&](int node) -> const at::Tensor& {
      if (node < kNetworkInput) return inputs[InputNode(node)];
      return node < begin ? inputs[0] : outputs[node - begin];
    };
    std::vector<const at::Tensor*> in;
    for (int stage = from; stage < to; ++stage) {
      const bool trains = training && stage >= trainable_from;
      for (int i = spec.stages[stage].begin; i < spec.stages[stage].end; ++i) {
        in.clear();
        for (const int input : spec.nodes[i].inputs) in.push_back(&output_of(input));
        outputs[i - begin] =
            RunOp(spec.nodes[i].op, {.in = in,
                                     .own = tensors[i],
                                     .training = trains,
                                     .batch_statistics = trains && update_batch_norm});
        // Activations go as soon as nobody will read them: autograd keeps what it needs itself.
        for (const int input : spec.nodes[i].inputs) {
          if (input >= begin && last_use[input] == i &&
              std::find(taps.begin(), taps.end(), input) == taps.end()) {
            outputs[input - begin].reset();
          }
        }
      }
    }
    std::vector<at::Tensor> tapped;
    for (const int tap : taps) tapped.push_back(outputs[tap - begin]);
    return tapped;
  }
};

Network::Network(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Network::~Network() = default;

absl::StatusOr<std::unique_ptr<Network>> Network::Create(NetworkSpec spec, uint64_t seed,
                                                         Placement placement) {
  GRAFT_RETURN_IF_ERROR(Validate(spec));
  return CatchTorchErrors(
      "cannot make a network", [&]() -> absl::StatusOr<std::unique_ptr<Network>> {
        const at::NoGradGuard no_grad;
        auto impl = std::make_unique<Impl>(std::move(spec), at::kCPU, Placement{});
        const at::Generator generator = at::detail::createCPUGenerator(seed);
        impl->ForEachTensor(0, static_cast<int>(impl->spec.stages.size()),
                            [&](at::Tensor& tensor, const Impl::Location& place) {
                              Initialise(tensor, impl->SlotOf(place).init, generator);
                            });
        std::unique_ptr<Network> network(new Network(std::move(impl)));
        network->To(placement);
        network->SetTrainableFrom(0);
        return network;
      });
}

absl::StatusOr<std::unique_ptr<Network>> Network::CreateEmpty(NetworkSpec spec,
                                                              Placement placement) {
  GRAFT_RETURN_IF_ERROR(Validate(spec));
  return CatchTorchErrors(
      "cannot make a network", [&]() -> absl::StatusOr<std::unique_ptr<Network>> {
        std::unique_ptr<Network> network(
            new Network(std::make_unique<Impl>(std::move(spec), at::kMeta, placement)));
        network->SetTrainableFrom(network->num_stages());
        return network;
      });
}

const NetworkSpec& Network::spec() const { return impl_->spec; }
int Network::num_stages() const { return static_cast<int>(impl_->spec.stages.size()); }
int Network::trainable_from() const { return impl_->trainable_from; }
const Placement& Network::placement() const { return impl_->placement; }

at::Tensor Network::Forward(const at::Tensor& x, int from, int to) const {
  TORCH_CHECK(from >= 0 && from <= to && to <= num_stages(), "no stages [", from, ", ", to, ")");
  if (from == to) return x;
  return impl_->Run({x}, from, to, {impl_->spec.stages[to - 1].end - 1}).front();
}

std::vector<at::Tensor> Network::ForwardTaps(absl::Span<const at::Tensor> inputs, int from, int to,
                                             absl::Span<const int> taps) const {
  TORCH_CHECK(from >= 0 && from < to && to <= num_stages(), "no stages [", from, ", ", to, ")");
  return impl_->Run(inputs, from, to, taps);
}

void Network::SetTrainableFrom(int stage) {
  impl_->trainable_from = stage;
  impl_->ForEachTensor(0, num_stages(), [&](at::Tensor& tensor, const Impl::Location& place) {
    if (impl_->IsParameter(place)) tensor.set_requires_grad(place.stage >= stage);
  });
}

void Network::SetTraining(bool training, bool update_batch_norm) {
  impl_->training = training;
  impl_->update_batch_norm = update_batch_norm;
}

void Network::To(const Placement& placement) {
  const at::NoGradGuard no_grad;
  impl_->placement = placement;
  impl_->ForEachTensor(0, num_stages(), [&](at::Tensor& tensor, const Impl::Location&) {
    if (tensor.is_meta()) return;  // of a stage that has no weights
    const bool grad = tensor.requires_grad();
    tensor = impl_->Placed(tensor).detach();
    tensor.set_requires_grad(grad);
  });
}

std::unique_ptr<Network> Network::Clone() const {
  const at::NoGradGuard no_grad;
  std::unique_ptr<Network> copy(new Network(std::make_unique<Impl>(*impl_)));
  copy->impl_->ForEachTensor(0, num_stages(), [&](at::Tensor& tensor, const Impl::Location&) {
    const bool grad = tensor.requires_grad();
    tensor = tensor.detach().clone();
    tensor.set_requires_grad(grad);
  });
  return copy;
}

std::vector<NamedTensor> Network::NamedTensors() const { return NamedTensors(0, num_stages()); }

std::vector<NamedTensor> Network::NamedTensors(int from, int to) const {
  std::vector<NamedTensor> named;
  impl_->ForEachTensor(from, to, [&](at::Tensor& tensor, const Impl::Location& place) {
    named.push_back({impl_->NameOf(place), tensor, impl_->IsParameter(place), place.stage,
                     impl_->SlotOf(place).decays});
  });
  return named;
}

absl::Status Network::SetTensor(const std::string& name, at::Tensor tensor) {
  const auto found = impl_->places.find(name);
  if (found == impl_->places.end()) {
    return absl::NotFoundError(
        absl::StrCat("no tensor '", name, "' in ", impl_->spec.architecture));
  }
  const Impl::Location& place = found->second;
  at::Tensor& own = impl_->tensors[place.node][place.slot];
  if (own.sizes() != tensor.sizes()) {
    return absl::InvalidArgumentError(
        absl::StrCat("tensor '", name, "' has shape [", absl::StrJoin(tensor.sizes(), ", "), "], ",
                     impl_->spec.architecture, " needs [", absl::StrJoin(own.sizes(), ", "), "]"));
  }
  own = impl_->Placed(tensor.detach());
  if (impl_->IsParameter(place)) {
    own.set_requires_grad(place.stage >= impl_->trainable_from);
  }
  return absl::OkStatus();
}

}  // namespace graft::nn
