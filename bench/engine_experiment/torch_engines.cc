#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/torch.h>

#include "bench/engine_experiment/plan.h"

namespace graft::engine_experiment {
namespace {

torch::Tensor Own(const std::vector<float>& values, at::IntArrayRef shape) {
  return torch::tensor(values, torch::kFloat32).view(shape).clone();
}

torch::Tensor ConvWeight(const Step& step) {
  return Own(step.weight,
             {step.out_channels, step.in_channels / step.groups, step.kernel, step.kernel});
}

class Eager final : public Engine {
 public:
  Eager(const Plan& plan, bool channels_last, int threads)
      : plan_(plan), channels_last_(channels_last) {
    at::set_num_threads(threads);
    const torch::InferenceMode inference;
    for (const Step& step : plan_.steps) {
      Tensors t;
      if (step.kind == Kind::kConv) {
        t.weight = ConvWeight(step);
        if (channels_last) t.weight = t.weight.contiguous(torch::MemoryFormat::ChannelsLast);
        t.gamma = Own(step.gamma, {step.out_channels});
        t.beta = Own(step.beta, {step.out_channels});
        t.mean = Own(step.mean, {step.out_channels});
        t.variance = Own(step.variance, {step.out_channels});
      } else if (step.kind == Kind::kLinear) {
        t.weight = Own(step.weight, {step.out_channels, step.in_channels});
        t.beta = Own(step.bias, {step.out_channels});
      }
      tensors_.push_back(std::move(t));
    }
  }

  void Run(const float* images, int batch, float* logits) override {
    const torch::InferenceMode inference;
    torch::Tensor x = torch::from_blob(const_cast<float*>(images),
                                       {batch, 3, plan_.size, plan_.size}, torch::kFloat32);
    if (channels_last_) x = x.contiguous(torch::MemoryFormat::ChannelsLast);
    std::vector<torch::Tensor> values;
    for (size_t i = 0; i < plan_.steps.size(); ++i) {
      const Step& step = plan_.steps[i];
      const Tensors& t = tensors_[i];
      const torch::Tensor& a = step.a < 0 ? x : values[step.a];
      torch::Tensor y;
      switch (step.kind) {
        case Kind::kConv:
          y = at::conv2d(a, t.weight, {}, step.stride, step.pad, 1, step.groups);
          y = at::batch_norm(y, t.gamma, t.beta, t.mean, t.variance, false, 0, kEpsilon, false);
          break;
        case Kind::kAdd:
          y = a + values[step.b];
          break;
        case Kind::kMaxPool:
          y = at::max_pool2d(a, step.kernel, step.stride, step.pad);
          break;
        case Kind::kGlobalPool:
          y = a.mean({2, 3});
          break;
        case Kind::kLinear:
          y = at::linear(a, t.weight, t.beta);
          break;
      }
      if (step.act == Act::kRelu) y.relu_();
      if (step.act == Act::kRelu6) y.clamp_(0, 6);
      values.push_back(std::move(y));
    }
    const torch::Tensor out = values.back().contiguous();
    std::memcpy(logits, out.data_ptr<float>(), out.nbytes());
  }

 private:
  struct Tensors {
    torch::Tensor weight, gamma, beta, mean, variance;
  };
  const Plan plan_;
  const bool channels_last_;
  std::vector<Tensors> tensors_;
};

using Scalars = c10::List<std::optional<at::Scalar>>;
using Text = std::optional<std::string_view>;
using Pointwise = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                             at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, int64_t,
                             std::string_view, Scalars, Text);
using PointwiseAdd = at::Tensor&(at::Tensor&, const at::Tensor&, const at::Tensor&,
                                 const std::optional<at::Tensor>&, at::IntArrayRef, at::IntArrayRef,
                                 at::IntArrayRef, int64_t, std::string_view,
                                 std::optional<at::Scalar>, Text, Scalars, Text);
using Reorder = at::Tensor(const at::Tensor&, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef,
                           int64_t, at::OptionalIntArrayRef);

template <typename Signature>
c10::TypedOperatorHandle<Signature> Find(const char* name, const char* overload) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, overload).typed<Signature>();
}

class Lowered final : public Engine {
 public:
  Lowered(const Plan& plan, int threads)
      : plan_(Lower(plan)),
        pointwise_(Find<Pointwise>("mkldnn::_convolution_pointwise", "")),
        pointwise_add_(Find<PointwiseAdd>("mkldnn::_convolution_pointwise_", "binary")) {
    at::set_num_threads(threads);
    const torch::InferenceMode inference;
    const auto reorder = Find<Reorder>("mkldnn::_reorder_convolution_weight", "");
    last_use_.assign(plan_.steps.size(), 0);
    for (size_t i = 0; i < plan_.steps.size(); ++i) {
      const Step& step = plan_.steps[i];
      if (step.a >= 0) last_use_[step.a] = i;
      if (step.b >= 0) last_use_[step.b] = i;
      Prepared p;
      if (step.kind == Kind::kConv) {
        const std::vector<int64_t> input = {8, step.in_channels, step.in_size, step.in_size};
        p.pad = {step.pad, step.pad};
        p.stride = {step.stride, step.stride};
        p.weight = reorder.call(ConvWeight(step), p.pad, p.stride, dilation_, step.groups,
                                at::OptionalIntArrayRef(input));
        p.bias = Own(step.bias, {step.out_channels});
        if (step.act == Act::kRelu6) {
          p.scalars.push_back(at::Scalar(0.0));
          p.scalars.push_back(at::Scalar(6.0));
        }
      } else if (step.kind == Kind::kLinear) {
        p.weight = Own(step.weight, {step.out_channels, step.in_channels});
        p.bias = Own(step.bias, {step.out_channels});
      }
      prepared_.push_back(std::move(p));
    }
  }

  void Run(const float* images, int batch, float* logits) override {
    const torch::InferenceMode inference;
    const torch::Tensor x = torch::from_blob(const_cast<float*>(images),
                                             {batch, 3, plan_.size, plan_.size}, torch::kFloat32)
                                .contiguous(torch::MemoryFormat::ChannelsLast);
    std::vector<torch::Tensor> values(plan_.steps.size());
    for (size_t i = 0; i < plan_.steps.size(); ++i) {
      const Step& step = plan_.steps[i];
      const Prepared& p = prepared_[i];
      const torch::Tensor& a = step.a < 0 ? x : values[step.a];
      switch (step.kind) {
        case Kind::kConv:
          if (step.b >= 0) {
            // In place over the shortcut, which nobody needs afterwards.
            torch::Tensor other = values[step.b];
            pointwise_add_.call(other, a, p.weight, p.bias, p.pad, p.stride, dilation_, step.groups,
                                "add", at::Scalar(1.0),
                                step.act == Act::kRelu ? Text("relu") : Text(), no_scalars_,
                                Text());
            values[i] = other;
          } else {
            values[i] = pointwise_.call(a, p.weight, p.bias, p.pad, p.stride, dilation_,
                                        step.groups, Name(step.act), p.scalars, Text());
          }
          break;
        case Kind::kMaxPool:
          values[i] = at::max_pool2d(a, step.kernel, step.stride, step.pad);
          break;
        case Kind::kGlobalPool:
          values[i] = a.mean({2, 3});
          break;
        case Kind::kLinear:
          values[i] = at::linear(a, p.weight, p.bias);
          break;
        case Kind::kAdd:
          break;  // Lower merged them all
      }
      if (step.a >= 0 && last_use_[step.a] == i) values[step.a].reset();
      if (step.b >= 0 && last_use_[step.b] == i) values[step.b].reset();
    }
    const torch::Tensor out = values.back().contiguous();
    std::memcpy(logits, out.data_ptr<float>(), out.nbytes());
  }

 private:
  struct Prepared {
    torch::Tensor weight;
    std::optional<at::Tensor> bias;
    std::vector<int64_t> pad, stride;
    Scalars scalars;
  };
  static std::string_view Name(Act act) {
    return act == Act::kRelu ? "relu" : act == Act::kRelu6 ? "hardtanh" : "none";
  }

  const Plan plan_;
  const c10::TypedOperatorHandle<Pointwise> pointwise_;
  const c10::TypedOperatorHandle<PointwiseAdd> pointwise_add_;
  const std::vector<int64_t> dilation_ = {1, 1};
  const Scalars no_scalars_;
  std::vector<Prepared> prepared_;
  std::vector<size_t> last_use_;
};

}  // namespace

std::unique_ptr<Engine> MakeEager(const Plan& plan, bool channels_last, int threads) {
  return std::make_unique<Eager>(plan, channels_last, threads);
}

std::unique_ptr<Engine> MakeLowered(const Plan& plan, int threads) {
  return std::make_unique<Lowered>(plan, threads);
}

}  // namespace graft::engine_experiment
