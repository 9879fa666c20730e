// oneDNN 3 on its own: every primitive and buffer is made once for each batch size; a run only
// executes them. Never includes LibTorch, whose headers carry another oneDNN.
#include <algorithm>
#include <cstring>
#include <map>
#include <omp.h>
#include <unordered_map>
#include <utility>

#include <oneapi/dnnl/dnnl.hpp>

#include "bench/engine_experiment/plan.h"

namespace graft::engine_experiment {
namespace {

using dnnl::memory;
using Dims = memory::dims;

class OneDnn final : public Engine {
 public:
  OneDnn(const Plan& plan, bool channels_last, int threads)
      : plan_(Lower(plan)), channels_last_(channels_last) {
    omp_set_num_threads(threads);
  }

  void Run(const float* images, int batch, float* logits) override {
    auto it = built_.find(batch);
    if (it == built_.end()) it = built_.emplace(batch, Build(batch)).first;
    Built& built = it->second;
    built.input.set_data_handle(const_cast<float*>(images));
    built.output.set_data_handle(logits);
    for (const Call& call : built.calls) call.primitive.execute(stream_, call.arguments);
    stream_.wait();
  }

 private:
  struct Call {
    dnnl::primitive primitive;
    std::unordered_map<int, memory> arguments;
  };
  struct Built {
    memory input;
    memory output;
    std::vector<Call> calls;
    std::vector<memory> keep;
  };

  memory::desc Free(const Dims& dims) const {
    const auto type = memory::data_type::f32;
    if (channels_last_ && dims.size() == 4) return {dims, type, memory::format_tag::nhwc};
    return {dims, type, memory::format_tag::any};
  }
  static memory::desc Plain(const Dims& dims) {
    const auto tag = dims.size() == 5   ? memory::format_tag::goihw
                     : dims.size() == 4 ? memory::format_tag::nchw
                     : dims.size() == 2 ? memory::format_tag::nc
                                        : memory::format_tag::x;
    return {dims, memory::data_type::f32, tag};
  }

  // Weights in the layout a primitive wants, once.
  memory Weights(const std::vector<float>& values, const Dims& dims, const memory::desc& wanted) {
    memory plain(Plain(dims), engine_, const_cast<float*>(values.data()));
    memory packed(wanted, engine_);
    dnnl::reorder(plain, packed).execute(stream_, plain, packed);
    stream_.wait();
    return packed;
  }

  Built Build(int batch) {
    Built built;
    const int count = static_cast<int>(plan_.steps.size());
    std::vector<int> last_use(count, -1);
    for (int i = 0; i < count; ++i) {
      if (plan_.steps[i].a >= 0) last_use[plan_.steps[i].a] = i;
      if (plan_.steps[i].b >= 0) last_use[plan_.steps[i].b] = i;
    }
    // Buffers are used again once their value is dead, so that a small net stays in the caches.
    std::vector<std::pair<size_t, void*>> idle;
    std::map<void*, size_t> sizes;
    const auto allocate = [&](const memory::desc& md) {
      const auto best =
          std::min_element(idle.begin(), idle.end(), [&](const auto& x, const auto& y) {
            const bool fits_x = x.first >= md.get_size();
            const bool fits_y = y.first >= md.get_size();
            return fits_x != fits_y ? fits_x : x.first < y.first;
          });
      if (best != idle.end() && best->first >= md.get_size()) {
        memory reused(md, engine_, best->second);
        idle.erase(best);
        return reused;
      }
      memory fresh(md, engine_);
      sizes[fresh.get_data_handle()] = md.get_size();
      built.keep.push_back(fresh);
      return fresh;
    };
    const auto release = [&](const memory& m) {
      void* const handle = m.get_data_handle();
      const auto known = sizes.find(handle);
      if (known != sizes.end()) idle.emplace_back(known->second, handle);
    };

    built.input = memory(Plain({batch, 3, plan_.size, plan_.size}), engine_, nullptr);
    std::vector<memory> values(count);
    const auto value = [&](int n) -> memory& { return n < 0 ? built.input : values[n]; };
    // The operand in the layout wanted, with a reorder in between where it has another.
    const auto as = [&](int n, const memory::desc& wanted, std::vector<memory>& temporary) {
      memory& from = value(n);
      if (from.get_desc() == wanted) return from;
      memory to = allocate(wanted);
      temporary.push_back(to);
      built.calls.push_back({dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}});
      return to;
    };

    for (int i = 0; i < count; ++i) {
      const Step& step = plan_.steps[i];
      const Dims in = {batch, step.in_channels, step.in_size, step.in_size};
      const Dims out = {batch, step.out_channels, step.out_size, step.out_size};
      std::vector<memory> temporary;
      bool in_place = false;
      if (step.kind == Kind::kConv) {
        dnnl::primitive_attr attributes;
        dnnl::post_ops after;
        if (step.b >= 0) after.append_sum(1.0f);
        if (step.act == Act::kRelu) after.append_eltwise(dnnl::algorithm::eltwise_relu, 0, 0);
        if (step.act == Act::kRelu6) after.append_eltwise(dnnl::algorithm::eltwise_clip, 0, 6);
        attributes.set_post_ops(after);
        const Dims weight =
            step.groups == 1 ? Dims{step.out_channels, step.in_channels, step.kernel, step.kernel}
                             : Dims{step.groups, step.out_channels / step.groups,
                                    step.in_channels / step.groups, step.kernel, step.kernel};
        const memory::desc any_weight(weight, memory::data_type::f32, memory::format_tag::any);
        // The first convolution reads three channels as they come. A sum is written over the
        // shortcut, so it takes the shortcut's layout.
        const dnnl::convolution_forward::primitive_desc pd(
            engine_, dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_auto,
            step.a < 0 && !channels_last_ ? Plain(in) : Free(in), any_weight,
            Plain({step.out_channels}), step.b >= 0 ? value(step.b).get_desc() : Free(out),
            {step.stride, step.stride}, {step.pad, step.pad}, {step.pad, step.pad}, attributes);
        const memory from = as(step.a, pd.src_desc(), temporary);
        in_place = step.b >= 0;
        values[i] = in_place ? value(step.b) : allocate(pd.dst_desc());
        const memory packed = Weights(step.weight, weight, pd.weights_desc());
        const memory bias = Weights(step.bias, {step.out_channels}, Plain({step.out_channels}));
        built.calls.push_back({dnnl::convolution_forward(pd),
                               {{DNNL_ARG_SRC, from},
                                {DNNL_ARG_WEIGHTS, packed},
                                {DNNL_ARG_BIAS, bias},
                                {DNNL_ARG_DST, values[i]}}});
      } else if (step.kind == Kind::kMaxPool || step.kind == Kind::kGlobalPool) {
        const bool max = step.kind == Kind::kMaxPool;
        const int kernel = max ? step.kernel : step.in_size;
        const int stride = max ? step.stride : 1;
        const dnnl::pooling_forward::primitive_desc pd(
            engine_, dnnl::prop_kind::forward_inference,
            max ? dnnl::algorithm::pooling_max : dnnl::algorithm::pooling_avg_exclude_padding,
            value(step.a).get_desc(),
            memory::desc(out, memory::data_type::f32, memory::format_tag::any), {stride, stride},
            {kernel, kernel}, {0, 0}, {step.pad, step.pad}, {step.pad, step.pad});
        values[i] = allocate(pd.dst_desc());
        built.calls.push_back({dnnl::pooling_forward(pd),
                               {{DNNL_ARG_SRC, value(step.a)}, {DNNL_ARG_DST, values[i]}}});
      } else {
        const Dims weight = {step.out_channels, step.in_channels, 1, 1};
        const dnnl::inner_product_forward::primitive_desc pd(
            engine_, dnnl::prop_kind::forward_inference, value(step.a).get_desc(),
            memory::desc(weight, memory::data_type::f32, memory::format_tag::any),
            Plain({step.out_channels}), Plain({batch, step.out_channels}));
        values[i] = memory(pd.dst_desc(), engine_, nullptr);
        const memory packed = Weights(step.weight, weight, pd.weights_desc());
        const memory bias = Weights(step.bias, {step.out_channels}, Plain({step.out_channels}));
        built.calls.push_back({dnnl::inner_product_forward(pd),
                               {{DNNL_ARG_SRC, value(step.a)},
                                {DNNL_ARG_WEIGHTS, packed},
                                {DNNL_ARG_BIAS, bias},
                                {DNNL_ARG_DST, values[i]}}});
      }
      for (const memory& m : temporary) release(m);
      if (step.a >= 0 && last_use[step.a] == i) release(values[step.a]);
      if (step.b >= 0 && last_use[step.b] == i && !in_place) release(values[step.b]);
    }
    built.output = values.back();
    return built;
  }

  const Plan plan_;
  const bool channels_last_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  std::map<int, Built> built_;
};

}  // namespace

std::unique_ptr<Engine> MakeOneDnn(const Plan& plan, bool channels_last, int threads) {
  return std::make_unique<OneDnn>(plan, channels_last, threads);
}

}  // namespace graft::engine_experiment
