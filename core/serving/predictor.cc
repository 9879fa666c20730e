#include "core/serving/predictor.h"

#include <algorithm>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

#include "core/base/error_reasons.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "core/base/thread_pool.h"
#include "core/serving/admission.h"
#include "core/serving/batcher.h"
#include "core/serving/model_manager.h"
#include "core/serving/pending_predict.h"
#include "core/serving/prediction.h"
#include "core/serving/request_check.h"

namespace graft::serving {
namespace {

using CallPtr = PendingPredictPtr;

constexpr absl::Duration kDeadlineSlack = absl::Milliseconds(100);

class PredictorImpl final : public Predictor {
 public:
  PredictorImpl(const Options& options, ModelManager* models, Clock* clock,
                ServingObserver* observer)
      : options_(options),
        models_(models),
        clock_(clock),
        observer_(observer),
        admission_({options.max_pending_inputs, options.max_pending_bytes, options.retry_after}),
        batcher_(options.batch, clock, observer),
        decoders_("graft-decode", options.decode_threads) {}

  ~PredictorImpl() override { Drain(); }

  void Submit(PredictRequest request, absl::Duration deadline, PredictCallback callback,
              std::shared_ptr<CancellationToken> cancel) override {
    auto call = std::make_shared<PendingPredict>();
    call->asked = {request.project, request.model, request.version};
    call->waits_as = call->asked;
    if (!request.label.empty()) absl::StrAppend(&call->waits_as.model, "@", request.label);
    call->options = std::move(request.options);
    call->whole_answers = request.whole_answers;
    call->inputs = static_cast<int>(request.inputs.size());
    uint64_t bytes = 0;
    for (const PredictInput& input : request.inputs) bytes += InputBytes(input);
    call->deadline = deadline;
    call->submitted = clock_->Monotonic();
    call->callback = std::move(callback);
    call->cancel = std::move(cancel);

    absl::Status admitted = CheckRequest(request, bytes, options_);
    if (admitted.ok()) admitted = Admit(call->waits_as, call->inputs, bytes);
    if (!admitted.ok()) {
      ReportRequest(*call, 0, admitted.code(), {});
      call->callback(std::move(admitted));
      return;
    }
    {
      absl::MutexLock lock(&call->mutex);
      call->encoded = std::move(request.inputs);
      call->held_bytes = bytes;
    }
    if (deadline <= call->submitted) {
      Finish(call, absl::DeadlineExceededError("the deadline had passed when the request came"));
      return;
    }
    if (call->cancel != nullptr) {
      call->cancel->Listen([this, weak = std::weak_ptr<PendingPredict>(call)] {
        if (const CallPtr cancelled = weak.lock()) {
          Finish(cancelled, Cancelled(*cancelled));
        }
      });
      if (IsAnswered(*call)) return;
    }
    const auto acquired = [this, call](absl::StatusOr<AcquiredModel> model) {
      Decode(call, std::move(model));
    };
    if (request.label.empty()) {
      models_->Acquire(request.project, request.model, request.version, acquired);
    } else {
      models_->AcquireLabelled(request.project, request.model, request.label, acquired);
    }
    absl::MutexLock lock(&call->mutex);
    if (call->answered || call->model.servable != nullptr) return;
    call->waits_for_model = true;
    admission_.BeginWait(call->waits_as, call->inputs);
  }

  void Drain() override ABSL_LOCKS_EXCLUDED(mutex_) {
    const auto idle = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return running_ == 0; };
    absl::MutexLock lock(&mutex_);
    draining_ = true;
    mutex_.Await(absl::Condition(&idle));
  }

 private:
  absl::Status Admit(const ModelKey& asked, int inputs, uint64_t bytes)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (draining_) {
      return WithRetryDelay(
          WithReason(absl::UnavailableError("the server is stopping; try another, or later"),
                     reasons::kDraining),
          options_.retry_after);
    }
    GRAFT_RETURN_IF_ERROR(admission_.Enter(asked, inputs, bytes));
    ++running_;
    return absl::OkStatus();
  }

  // gRPC cancels a call whose deadline has passed, a little early by this clock or a little late.
  absl::Status Cancelled(const PendingPredict& call) const {
    if (clock_->Monotonic() >= call.deadline - kDeadlineSlack) {
      return absl::DeadlineExceededError("the deadline passed before the answer was there");
    }
    return absl::CancelledError("the request was cancelled");
  }

  static bool IsAnswered(PendingPredict& call) {
    absl::MutexLock lock(&call.mutex);
    return call.answered;
  }

  // Called when the model is there, or cannot be had; possibly long after the call was answered,
  // even after the predictor is gone: nothing of it is touched before the call is seen unanswered.
  void Decode(const CallPtr& call, absl::StatusOr<AcquiredModel> model) {
    if (!model.ok()) {
      Finish(call, model.status());
      return;
    }
    int tasks = 0;
    absl::Status ready;
    {
      absl::MutexLock lock(&call->mutex);
      if (call->answered) return;
      Hold();
      EndWait(*call);
      const uint64_t decoded = model->servable->prepared_bytes() * call->inputs;
      ready = model->servable->decoder().CheckOptions(call->options.get());
      if (!ready.ok()) ready = InvalidField("options", ready.message());
      if (ready.ok()) ready = admission_.Grow(decoded);
      if (ready.ok()) {
        call->held_bytes += decoded;
        tasks = BeginDecoding(*call, *std::move(model));
      }
    }
    if (!ready.ok()) Finish(call, std::move(ready));
    for (int i = 0; i < tasks; ++i) ScheduleDecode(call);
    Release();
  }

  void EndWait(PendingPredict& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(call.mutex) {
    if (std::exchange(call.waits_for_model, false)) admission_.EndWait(call.waits_as, call.inputs);
  }

  // Readies a call for decoding; how many of its inputs to schedule at first.
  int BeginDecoding(PendingPredict& call, AcquiredModel model)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(call.mutex) {
    call.model = std::move(model);
    call.acquired = clock_->Monotonic();
    call.prepared.resize(call.inputs);
    call.outputs.resize(call.inputs);
    call.rows_left = call.inputs;
    // The inputs of a chunk go to the network together: alone, the first one decoded would make a
    // batch of one. A request beyond one batch is decoded and computed side by side.
    call.chunk = std::min(options_.batch.max_batch_size, call.model.servable->max_rows());
    for (int at = 0; at < call.inputs; at += call.chunk) {
      call.chunk_left.push_back(std::min(call.chunk, call.inputs - at));
    }
    // As many as there are threads; each, when it ends, schedules the next. So a large request
    // takes turns with those that come after it.
    call.tasks_given = std::min(call.inputs, options_.decode_threads);
    return call.tasks_given;
  }

  void ScheduleDecode(const CallPtr& call) {
    decoders_.Submit([this, call] { DecodeNext(call); });
  }

  // Decodes the next input of a call. The input is taken from the call only now: when the call is
  // answered earlier its inputs go, whatever is still scheduled.
  void DecodeNext(const CallPtr& call) {
    int index;
    PredictInput encoded;
    std::shared_ptr<const Servable> servable;
    const absl::Duration begun = clock_->Monotonic();
    {
      absl::MutexLock lock(&call->mutex);
      if (call->answered) return;
      index = call->tasks_begun++;
      encoded = std::move(call->encoded[index]);
      servable = call->model.servable;
      if (index == 0) call->decoder_wait = begun - call->acquired;
      call->decode_begun = std::min(call->decode_begun, begun);
    }
    if (call->deadline <= begun) {
      Finish(call, absl::DeadlineExceededError("the deadline passed before the inputs were read"));
      return;
    }
    absl::StatusOr<PreparedInput> prepared = servable->Prepare(encoded);
    if (!prepared.ok()) {
      Finish(call, NotPrepared(prepared.status(), index));
      return;
    }
    const absl::Duration ended = clock_->Monotonic();
    absl::MutexLock lock(&call->mutex);
    if (call->answered) return;
    call->prepared[index] = *std::move(prepared);
    call->timing.decode = std::max(call->timing.decode, ended - call->decode_begun);
    if (call->tasks_given < call->inputs) {
      ++call->tasks_given;
      ScheduleDecode(call);
    }
    const int chunk = index / call->chunk;
    // Under the call's lock, so that Finish, which takes it first, finds the rows to remove.
    if (--call->chunk_left[chunk] == 0) AddRows(call, chunk);
  }

  absl::Status NotPrepared(const absl::Status& status, int index) const {
    const std::string field = absl::StrCat("inputs[", index, "]");
    if (absl::IsInvalidArgument(status)) return InvalidField(field, status.message());
    absl::Status annotated = Annotate(status, field);
    if (!absl::IsResourceExhausted(status)) return annotated;
    return WithRetryDelay(WithReason(std::move(annotated), reasons::kOutOfMemory),
                          options_.retry_after);
  }

  // Gives the inputs of a decoded chunk to the batcher.
  void AddRows(const CallPtr& call, int chunk) ABSL_EXCLUSIVE_LOCKS_REQUIRED(call->mutex) {
    const int first = chunk * call->chunk;
    const int last = std::min(first + call->chunk, call->inputs);
    std::vector<BatchRow> rows;
    for (int i = first; i < last; ++i) {
      rows.push_back({.model = call->model.servable,
                      .input = std::move(call->prepared[i]),
                      .deadline = call->deadline,
                      .owner = call.get(),
                      .done = [this, call, i](absl::StatusOr<RowResult> row) {
                        Answer(call, i, std::move(row));
                      }});
    }
    batcher_.Add(std::move(rows));
  }

  void Answer(const CallPtr& call, int index, absl::StatusOr<RowResult> row) {
    if (!row.ok()) {
      Finish(call, row.status());
      return;
    }
    absl::StatusOr<PredictResponse> response = PredictResponse();
    {
      absl::MutexLock lock(&call->mutex);
      if (call->answered) return;
      const tasks::Decoder& decoder = call->model.servable->decoder();
      absl::StatusOr<std::unique_ptr<tasks::TaskOutput>> output = decoder.Decode(
          row->outputs, call->whole_answers ? decoder.whole_answer() : call->options.get());
      if (output.ok()) {
        call->outputs[index] = *std::move(output);
        RecordTiming(*call, *row);
        if (--call->rows_left > 0) return;
        response->model = call->model.key.model;
        response->version = call->model.key.version;
        response->outputs = std::move(call->outputs);
      } else {
        response = Annotate(output.status(), absl::StrCat("inputs[", index, "]"));
      }
    }
    Finish(call, std::move(response));
  }

  static void RecordTiming(PendingPredict& call, const RowResult& row)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(call.mutex) {
    PredictTiming& timing = call.timing;
    call.batch_wait = std::max(call.batch_wait, row.started - row.arrived);
    timing.queue = call.decoder_wait + call.batch_wait;
    call.compute_begun = std::min(call.compute_begun, row.started);
    timing.compute = std::max(timing.compute, row.ended - call.compute_begun);
  }

  // The one way out. The first to come answers; all others do nothing.
  void Finish(const CallPtr& call, absl::StatusOr<PredictResponse> result) {
    PredictTiming timing;
    int64_t version;
    uint64_t bytes;
    // Freed before the callback and before others may have their place: after the answer nothing of
    // the request is held, but for the input that a thread is decoding.
    AcquiredModel model;
    std::vector<PredictInput> encoded;
    std::vector<PreparedInput> prepared;
    {
      absl::MutexLock lock(&call->mutex);
      if (call->answered) return;
      call->answered = true;
      EndWait(*call);
      call->timing.total = clock_->Monotonic() - call->submitted;
      timing = call->timing;
      version = call->model.key.version;
      bytes = call->held_bytes;
      encoded = std::move(call->encoded);
      prepared = std::move(call->prepared);
      if (!result.ok()) batcher_.Remove(call.get());
      model = std::move(call->model);
    }
    // Waits for a Cancel that is inside our listener on another thread: it uses this predictor,
    // which may be destroyed as soon as the call is released.
    if (call->cancel != nullptr) call->cancel->Listen(nullptr);
    model.servable.reset();
    encoded.clear();
    prepared.clear();
    admission_.Leave(call->inputs, bytes);
    ReportRequest(*call, version, result.status().code(), timing);
    if (result.ok()) result->timing = timing;
    call->callback(std::move(result));
    call->callback = nullptr;
    Release();
  }

  void ReportRequest(const PendingPredict& call, int64_t version, absl::StatusCode code,
                     const PredictTiming& timing) {
    if (observer_ == nullptr) return;
    observer_->OnRequest({.project = call.asked.project,
                          .model = call.asked.model,
                          .version = version,
                          .code = code,
                          .inputs = call.inputs,
                          .queue = timing.queue,
                          .decode = timing.decode,
                          .compute = timing.compute,
                          .total = timing.total});
  }

  // Keeps Drain from returning while something of this object is used.
  void Hold() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    ++running_;
  }
  void Release() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    --running_;
  }

  // Constant after construction.
  const Options options_;
  ModelManager* const models_;
  Clock* const clock_;
  ServingObserver* const observer_;

  // Locked after a call's mutex, never before.
  absl::Mutex mutex_;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;  // calls whose callback has not returned, and holds
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;

  Admission admission_;
  Batcher batcher_;
  ThreadPool decoders_;  // last: it is stopped first, and gives rows to the batcher
};

}  // namespace

absl::StatusOr<std::unique_ptr<Predictor>> Predictor::Create(const Options& options,
                                                             ModelManager* models, Clock* clock,
                                                             ServingObserver* observer) {
  GRAFT_RETURN_IF_ERROR(Validate(options));
  return std::make_unique<PredictorImpl>(options, models, clock, observer);
}

}  // namespace graft::serving
