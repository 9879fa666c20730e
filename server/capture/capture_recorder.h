#ifndef GRAFT_SERVER_CAPTURE_CAPTURE_RECORDER_H_
#define GRAFT_SERVER_CAPTURE_CAPTURE_RECORDER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/serving/answer_sink.h"
#include "core/store/capture.h"
#include "core/telemetry/metrics.h"
#include "server/base/logging.h"
#include "server/base/work_queue.h"
#include "server/capture/capture_policies.h"
#include "server/capture/captured_pictures.h"

namespace graft::server {

// Hears what models answer and keeps the pictures that policies want, on a thread of its own: what
// it has no room for is dropped and counted, and no prediction ever waits. Everything is borrowed.
// Safe for concurrent use.
class CaptureRecorder final : public serving::AnswerSink {
 private:
  // A picture on its way to the disk. It shares the request's bytes.
  struct Waiting {
    std::shared_ptr<const store::CapturePolicy> policy;
    store::CapturedPicture picture;
    std::shared_ptr<const serving::PredictInput> input;  // an EncodedImage
  };

 public:
  using Thread = WorkQueue<Waiting>::Thread;
  struct Options {
    size_t max_waiting = 256;  // pictures, and ...
    uint64_t max_waiting_bytes = 64 << 20;
    Thread thread = Thread::kOwn;
  };
  CaptureRecorder(const Options& options, const CapturePolicies* policies,
                  CapturedPictures* pictures, telemetry::Metrics* metrics,
                  const wire::Logger* logger);

  bool Wants(const std::string& project, const std::string& model) override;
  void OnAnswered(const std::string& project, const serving::ModelAnswer& answer,
                  const std::vector<std::shared_ptr<const serving::PredictInput>>& inputs) override;

  // Drops what waits of a project's model ("": of all its models), and returns once nothing of it
  // is being kept: what was answered before is kept before this returns, or never.
  void Forget(const std::string& project, const std::string& model);

  // Keeps the next picture on this thread; false: none waits. For tests, with Thread::kByHand.
  bool KeepOne() { return queue_.HandleOne(); }

 private:
  void Keep(const Waiting& waiting);

  const CapturePolicies* const policies_;
  CapturedPictures* const pictures_;
  telemetry::Metrics* const metrics_;
  const wire::Logger* const logger_;
  bool failing_ = false;      // the last picture could not be kept; of the queue's thread
  WorkQueue<Waiting> queue_;  // last: its thread uses the others
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_CAPTURE_CAPTURE_RECORDER_H_
