#ifndef GRAFT_CORE_ENGINE_DEVICE_PASS_RECORDER_H_
#define GRAFT_CORE_ENGINE_DEVICE_PASS_RECORDER_H_

#include <functional>
#include <memory>

#include <c10/core/Device.h>

namespace graft::engine {

// A pass that was recorded: all of its launches as one.
class RecordedPass {
 public:
  virtual ~RecordedPass() = default;

  // Puts the pass on the current stream: it reads and writes the memory that it did when it was
  // recorded. Throws c10::Error.
  virtual void Replay() = 0;
};

// Records passes of one lane, which share the memory of what they compute in between: they are
// replayed one after another.
class PassRecorder {
 public:
  virtual ~PassRecorder() = default;

  // Records what `pass` puts on the current stream, which must not be the device's default one.
  // What `pass` works with outlives the RecordedPass.
  // Throws c10::Error where it does what cannot be recorded, such as reading a result.
  virtual std::unique_ptr<RecordedPass> Record(const std::function<void()>& pass) = 0;
};

using MakePassRecorder = std::function<std::unique_ptr<PassRecorder>()>;

// LibTorch's graphs (CUDA's, and what other accelerators have of the kind). Empty where it has none
// for devices of this type.
MakePassRecorder GraphRecorder(at::DeviceType type);

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_DEVICE_PASS_RECORDER_H_
