#include "core/engine/openvino/compiled_segment.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <dlfcn.h>
#include <exception>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <openvino/core/version.hpp>
#include <openvino/runtime/core.hpp>
#include <openvino/runtime/properties.hpp>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"

#include "core/base/status_macros.h"
#include "core/engine/openvino/int8_instructions.h"
#include "core/engine/openvino/lowering.h"

namespace graft::engine {
namespace {

constexpr char kDevice[] = "CPU";

// One for the process, and never destroyed: it owns threads that outlive main's statics.
ov::Core& Core() {
  static ov::Core* const core = new ov::Core;
  return *core;
}

// Of what is not in integers. Beside those in 8 bits layers in float32 cost more than bfloat16
// alone would: where the processor has that, fewer bits are faster whatever share of the layers has
// them.
ov::element::Type ElementOf(Precision precision) {
  switch (precision) {
    case Precision::kF32:
      return ov::element::f32;
    case Precision::kBf16:
      return ov::element::bf16;
    case Precision::kInt8:
      return CompiledSegment::Available(Precision::kBf16).ok() ? ov::element::bf16
                                                               : ov::element::f32;
  }
  return ov::element::f32;
}

// What an exception of OpenVINO's says, without the lines that name its source files.
std::string Words(const std::exception& error) {
  std::vector<std::string> lines = absl::StrSplit(error.what(), '\n', absl::SkipWhitespace());
  std::erase_if(lines, [](const std::string& line) {
    return absl::StartsWith(line, "Exception from ") || absl::StrContains(line, "' failed at ");
  });
  return lines.empty() ? "it does not say why" : absl::StrJoin(lines, "; ");
}

// What OpenVINO throws, as a status.
template <typename F>
auto CatchOpenVinoErrors(absl::string_view what, F&& f) -> decltype(f()) {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError(absl::StrCat(what, ": out of memory"));
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat(what, ": ", Words(error)));
  }
}

// One pass's request and buffers.
struct Pass {
  ov::InferRequest request;
  std::vector<ov::Tensor> inputs;  // of several rows: gathered here
  ov::Tensor output;
};

class CompiledSegmentImpl final : public CompiledSegment {
 public:
  CompiledSegmentImpl(std::shared_ptr<const Segment> segment, const CompileOptions& options,
                      ov::CompiledModel model)
      : segment_(std::move(segment)), options_(options), model_(std::move(model)) {
    outputs_ = model_.output().get_shape()[1];
    for (int i = 0; i < options.streams; ++i) free_.push_back(MakePass());
  }

  const CompileOptions& options() const override { return options_; }
  size_t outputs() const override { return outputs_; }

  int CountLayersInEightBits() const override {
    int layers = 0;
    for (const auto& node : model_.get_runtime_model()->get_ops()) {
      const ov::RTMap& told = node->get_rt_info();
      const auto of = [&](const char* key) {
        const auto found = told.find(key);
        return found == told.end() ? "" : found->second.as<std::string>();
      };
      const std::string type = of("layerType");
      if (type != "Convolution" && type != "FullyConnected" && type != "MatMul") continue;
      const std::string precision = of("runtimePrecision");
      if (precision == "u8" || precision == "i8") ++layers;
    }
    return layers;
  }

  absl::Status Run(absl::Span<const Row> rows, float* out) override {
    return CatchOpenVinoErrors("OpenVINO", [&] { return RunPasses(rows, out); });
  }

 private:
  std::unique_ptr<Pass> MakePass() {
    auto pass = std::make_unique<Pass>();
    pass->request = model_.create_infer_request();
    for (size_t i = 0; i < segment_->spec.inputs.size(); ++i) {
      pass->inputs.push_back(pass->request.get_input_tensor(i));
    }
    pass->output = pass->request.get_output_tensor();
    return pass;
  }

  std::unique_ptr<Pass> Take() ABSL_LOCKS_EXCLUDED(mutex_) {
    const auto any = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !free_.empty(); };
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&any));
    return TakeFree();
  }
  // Null where none is free.
  std::unique_ptr<Pass> TryTake() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return free_.empty() ? nullptr : TakeFree();
  }
  std::unique_ptr<Pass> TakeFree() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::unique_ptr<Pass> pass = std::move(free_.back());
    free_.pop_back();
    return pass;
  }
  void GiveBack(std::unique_ptr<Pass> pass) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    free_.push_back(std::move(pass));
  }

  // A pass under way, and where its results go.
  struct Running {
    std::unique_ptr<Pass> pass;
    size_t rows = 0;
    float* out = nullptr;
  };

  absl::Status RunPasses(absl::Span<const Row> rows, float* out) {
    std::deque<Running> running;
    absl::Status status;
    size_t at = 0;
    while (status.ok() && at < rows.size()) {
      // Its own passes first: whoever waited for another's while holding some could wait for ever.
      std::unique_ptr<Pass> pass = running.empty() ? Take() : TryTake();
      if (pass == nullptr) {
        status = Finish(running);
        continue;
      }
      const size_t count = std::min(rows.size() - at, static_cast<size_t>(options_.rows));
      running.push_back({std::move(pass), count, out + at * outputs_});
      status = Start(*running.back().pass, rows.subspan(at, count));
      at += count;
    }
    while (!running.empty()) {
      absl::Status finished = Finish(running);
      if (status.ok()) status = std::move(finished);
    }
    return status;
  }

  absl::Status Start(Pass& pass, absl::Span<const Row> rows) {
    return CatchOpenVinoErrors("OpenVINO", [&] {
      const size_t capacity = static_cast<size_t>(options_.rows);
      for (size_t i = 0; i < pass.inputs.size(); ++i) {
        const uint64_t bytes = segment_->input_bytes(i);
        auto* const to = static_cast<char*>(pass.inputs[i].data());
        for (size_t row = 0; row < capacity; ++row) {
          // Any row will do where there are too few.
          std::memcpy(to + row * bytes, rows[std::min(row, rows.size() - 1)].inputs[i], bytes);
        }
      }
      pass.request.start_async();
      return absl::OkStatus();
    });
  }

  // Waits for the oldest pass.
  absl::Status Finish(std::deque<Running>& running) {
    Running done = std::move(running.front());
    running.pop_front();
    absl::Status status = CatchOpenVinoErrors("OpenVINO", [&] {
      done.pass->request.wait();
      std::memcpy(done.out, done.pass->output.data(), done.rows * outputs_ * sizeof(float));
      return absl::OkStatus();
    });
    GiveBack(std::move(done.pass));
    return status;
  }

  const std::shared_ptr<const Segment> segment_;
  const CompileOptions options_;
  ov::CompiledModel model_;
  size_t outputs_ = 0;

  absl::Mutex mutex_;
  std::vector<std::unique_ptr<Pass>> free_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::string CompiledSegment::Version() { return ov::get_openvino_version().buildNumber; }

absl::Status CompiledSegment::Available(Precision precision) {
  return CatchOpenVinoErrors("OpenVINO", [&] {
    const auto has = [](const std::vector<std::string>& words, const char* word) {
      return std::find(words.begin(), words.end(), word) != words.end();
    };
    if (!has(Core().get_available_devices(), kDevice)) {
      return absl::UnimplementedError("its plug-in for the CPU is not installed");
    }
    if (precision == Precision::kBf16 &&
        !has(Core().get_property(kDevice, ov::device::capabilities),
             ov::device::capability::BF16)) {
      return absl::UnimplementedError("this processor has no instructions for bfloat16");
    }
    if (precision == Precision::kInt8 && !HasInt8Instructions()) {
      return absl::UnimplementedError("this processor has no instructions for 8-bit integers");
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::unique_ptr<CompiledSegment>> CompiledSegment::Compile(
    std::shared_ptr<const Segment> segment, const CompileOptions& options) {
  GRAFT_RETURN_IF_ERROR(Validate(*segment));
  return CatchOpenVinoErrors(
      "OpenVINO cannot compile the network",
      [&]() -> absl::StatusOr<std::unique_ptr<CompiledSegment>> {
        GRAFT_ASSIGN_OR_RETURN(
            const std::shared_ptr<ov::Model> model,
            LowerSegment(*segment, options.rows, options.precision == Precision::kInt8));
        ov::CompiledModel compiled = Core().compile_model(
            model, kDevice, ov::hint::inference_precision(ElementOf(options.precision)),
            ov::inference_num_threads(options.threads), ov::num_streams(options.streams),
            // Which processors are whose is the operating system's business: there are others.
            ov::hint::enable_cpu_pinning(false));
        return std::make_unique<CompiledSegmentImpl>(std::move(segment), options,
                                                     std::move(compiled));
      });
}

}  // namespace graft::engine

#if defined(__SANITIZE_ADDRESS__)
// oneTBB opens a library of its own with RTLD_DEEPBIND, and AddressSanitizer ends a process for it.
// The program's own dlopen comes before the sanitizer's.
extern "C" void* dlopen(const char* file, int mode) {
  static const auto next =
      reinterpret_cast<void* (*)(const char*, int)>(::dlsym(RTLD_NEXT, "dlopen"));
  return next(file, mode & ~RTLD_DEEPBIND);
}
#endif
