#include "core/serving/predictor.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

#include "core/base/error_reasons.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "core/base/thread_pool.h"
#include "core/serving/acquire_asked.h"
#include "core/serving/admission.h"
#include "core/serving/answer_sink.h"
#include "core/serving/batcher.h"
#include "core/serving/decode_queue.h"
#include "core/serving/drift_watch.h"
#include "core/serving/model_manager.h"
#include "core/serving/pending_predict.h"
#include "core/serving/prediction.h"
#include "core/serving/request_check.h"
#include "core/serving/request_parts.h"

namespace graft::serving {
namespace {

using CallPtr = PendingPredictPtr;

constexpr absl::Duration kDeadlineSlack = absl::Milliseconds(100);

class PredictorImpl final : public Predictor {
 public:
  PredictorImpl(const Options& options, ModelManager* models, Clock* clock,
                ServingObserver* observer, AnswerSink* answers)
      : options_(options),
        models_(models),
        clock_(clock),
        observer_(observer),
        answers_(answers),
        admission_({.max_inputs = options.max_pending_inputs,
                    .max_bytes = options.max_pending_bytes,
                    .retry_after = options.retry_after,
                    .max_inputs_per_caller = options.max_inputs_per_caller,
                    .p99_goal = options.p99_goal,
                    .instances = options.batch.instances,
                    .full_pass = options.batch.instances * options.batch.max_batch_size},
                   clock),
        batcher_(options.batch, clock, observer),
        decoders_("graft-decode", options.decode_threads) {}

  ~PredictorImpl() override { Drain(); }

  void Submit(PredictRequest request, absl::Duration deadline, PredictCallback callback,
              std::shared_ptr<CancellationToken> cancel) override {
    auto call = std::make_shared<PendingPredict>();
    uint64_t bytes = 0;
    for (const PredictInput& input : request.inputs) bytes += InputBytes(input);
    call->project = request.project;
    call->caller = request.caller;
    call->inputs = static_cast<int>(request.inputs.size());
    call->priority = request.priority;
    call->deadline = deadline;
    call->submitted = clock_->Monotonic();
    call->callback = std::move(callback);
    call->cancel = std::move(cancel);
    absl::Status admitted = CheckRequest(request, bytes, options_);
    // However many a request names that is not taken, it is told of once.
    if (!admitted.ok() && request.models.size() > 1) request.models.resize(1);
    for (ModelAsk& ask : request.models) {
      call->asked.push_back(Asked(call->project, std::move(ask)));
    }
    if (admitted.ok()) admitted = Admit(*call, bytes);
    call->keeps_inputs = admitted.ok() && IsWanted(*call);
    if (!admitted.ok()) {
      ReportRequest(*call, {}, admitted, {});
      call->callback(std::move(admitted));
      return;
    }
    {
      absl::MutexLock lock(&call->mutex);
      for (PredictInput& input : request.inputs) {
        call->encoded.push_back(std::make_shared<const PredictInput>(std::move(input)));
      }
      call->held_bytes = bytes;
      call->models.resize(call->asked.size());
      call->waits_for_model.resize(call->asked.size());
      call->models_left = static_cast<int>(call->asked.size());
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
    }
    for (size_t i = 0; i < call->asked.size() && !IsAnswered(*call); ++i) Acquire(call, i);
  }

  void Drain() override ABSL_LOCKS_EXCLUDED(mutex_) {
    const auto idle = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return running_ == 0; };
    absl::MutexLock lock(&mutex_);
    draining_ = true;
    mutex_.Await(absl::Condition(&idle));
  }

  AdmissionStats admitted() const override { return admission_.stats(); }

 private:
  static AskedModel Asked(const std::string& project, ModelAsk ask) {
    AskedModel asked;
    asked.key = {project, ask.model, ask.version};
    asked.waits_as = asked.key;
    if (!ask.label.empty()) absl::StrAppend(&asked.waits_as.model, "@", ask.label);
    asked.ask = std::move(ask);
    return asked;
  }

  absl::Status Admit(const PendingPredict& call, uint64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (draining_) {
      return WithRetryDelay(
          WithReason(absl::UnavailableError("the server is stopping; try another, or later"),
                     reasons::kDraining),
          options_.retry_after);
    }
    std::vector<ModelKey> models;
    for (const AskedModel& asked : call.asked) models.push_back(asked.waits_as);
    GRAFT_RETURN_IF_ERROR(admission_.Enter(models, call.inputs, bytes, call.priority, call.caller));
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

  // Whether the sink wants what one of the models answers.
  bool IsWanted(const PendingPredict& call) const {
    if (answers_ == nullptr) return false;
    return std::any_of(call.asked.begin(), call.asked.end(), [&](const AskedModel& asked) {
      return asked.ask.want != Want::kEmbeddings && answers_->Wants(call.project, asked.key.model);
    });
  }

  static bool IsAnswered(PendingPredict& call) {
    absl::MutexLock lock(&call.mutex);
    return call.answered;
  }

  void Acquire(const CallPtr& call, size_t index) {
    const AskedModel& asked = call->asked[index];
    const auto acquired = [this, call, index](absl::StatusOr<AcquiredModel> model) {
      OnAcquired(call, index, std::move(model));
    };
    AcquireAsked(models_, call->project, asked.ask, acquired);
    absl::MutexLock lock(&call->mutex);
    if (call->answered || call->models[index].servable != nullptr) return;
    call->waits_for_model[index] = true;
    admission_.BeginWait(asked.waits_as, call->inputs);
    if (std::exchange(call->idle, true)) return;
    admission_.BeginIdle(call->rows(), call->priority);
  }

  // Called when a model is there, or cannot be had; possibly long after the call was answered,
  // even after the predictor is gone: nothing of it is touched before the call is seen unanswered.
  void OnAcquired(const CallPtr& call, size_t index, absl::StatusOr<AcquiredModel> model) {
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
      EndWait(*call, index);
      const ModelAsk& ask = call->asked[index].ask;
      ready = model->servable->decoder().CheckOptions(ask.options.get());
      if (ready.ok() && ask.options != nullptr && ask.options->needs_unknown() &&
          !model->servable->tells_unknown()) {
        ready = absl::InvalidArgumentError(
            "abstain_if_unknown: the model cannot tell what it does not know: it was made before "
            "models could, or with fewer than ten images held out");
      }
      if (!ready.ok()) ready = InvalidField(absl::StrCat(ask.field, "options"), ready.message());
      call->models[index] = *std::move(model);
      if (ready.ok() && --call->models_left == 0) {
        BeginParts(*call);
        const uint64_t decoded = PreparedBytes(call->parts);
        ready = admission_.Grow(decoded, call->priority);
        if (ready.ok()) {
          call->held_bytes += decoded;
          // As many as there are threads; each, when it ends, schedules the next. So a large
          // request takes turns with those that come after it.
          tasks = std::min(DecodingTasks(*call), options_.decode_threads);
          call->tasks_given = tasks;
        }
      }
    }
    if (!ready.ok()) Finish(call, std::move(ready));
    for (int i = 0; i < tasks; ++i) ScheduleDecode(call);
    Release();
  }

  void EndWait(PendingPredict& call, size_t index) ABSL_EXCLUSIVE_LOCKS_REQUIRED(call.mutex) {
    if (!call.waits_for_model[index]) return;
    call.waits_for_model[index] = false;
    admission_.EndWait(call.asked[index].waits_as, call.inputs);
    const std::vector<bool>& waits = call.waits_for_model;
    if (std::find(waits.begin(), waits.end(), true) != waits.end()) return;
    call.idle = false;
    admission_.EndIdle(call.rows(), call.priority);
  }

  // Readies a call for decoding: all of its models are there.
  void BeginParts(PendingPredict& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(call.mutex) {
    call.acquired = clock_->Monotonic();
    std::vector<std::shared_ptr<const Servable>> servables;
    for (const AcquiredModel& model : call.models) {
      servables.push_back(model.servable);
      ModelAnswer& answer = call.answers.emplace_back();
      answer.model = model.key.model;
      answer.version = model.key.version;
    }
    for (size_t i = 0; i < call.answers.size(); ++i) {
      if (call.asked[i].ask.want == Want::kEmbeddings) {
        call.answers[i].embeddings.resize(static_cast<size_t>(call.inputs));
      } else {
        call.answers[i].outputs.resize(static_cast<size_t>(call.inputs));
        call.answers[i].unknown_scores.resize(static_cast<size_t>(call.inputs));
      }
    }
    call.parts = DivideRequest(servables, call.inputs, options_.batch.max_batch_size);
    call.rows_left = DecodingTasks(call);
  }

  static int DecodingTasks(const PendingPredict& call) ABSL_SHARED_LOCKS_REQUIRED(call.mutex) {
    return static_cast<int>(call.parts.size()) * call.inputs;
  }

  void ScheduleDecode(const CallPtr& call) {
    to_decode_.Push(call);
    decoders_.Submit([this] { DecodeNext(to_decode_.Pop()); });
  }

  // Decodes the next input of a call. The input is taken from the call only now: when the call is
  // answered earlier its inputs go, whatever is still scheduled.
  void DecodeNext(const CallPtr& call) {
    size_t part;
    int index;
    std::shared_ptr<const PredictInput> encoded;
    std::vector<std::shared_ptr<const Servable>> servables;
    const absl::Duration begun = clock_->Monotonic();
    {
      absl::MutexLock lock(&call->mutex);
      if (call->answered) return;
      const int task = call->tasks_begun++;
      part = static_cast<size_t>(task / call->inputs);
      index = task % call->inputs;
      encoded = call->encoded[index];
      if (part + 1 == call->parts.size() && !call->keeps_inputs) call->encoded[index].reset();
      servables = call->parts[part].servables;
      if (task == 0) call->decoder_wait = begun - call->acquired;
      call->decode_begun = std::min(call->decode_begun, begun);
    }
    if (call->deadline <= begun) {
      Finish(call, absl::DeadlineExceededError("the deadline passed before the inputs were read"));
      return;
    }
    std::vector<const Servable*> models;
    for (const auto& servable : servables) models.push_back(servable.get());
    absl::StatusOr<PreparedInput> prepared = models.front()->PrepareFor(*encoded, models);
    if (!prepared.ok()) {
      Finish(call, NotPrepared(prepared.status(), index));
      return;
    }
    const absl::Duration ended = clock_->Monotonic();
    absl::MutexLock lock(&call->mutex);
    if (call->answered) return;
    RequestPart& mine = call->parts[part];
    mine.prepared[index] = *std::move(prepared);
    call->timing.decode = std::max(call->timing.decode, ended - call->decode_begun);
    if (call->tasks_given < DecodingTasks(*call)) {
      ++call->tasks_given;
      ScheduleDecode(call);
    }
    const int chunk = index / mine.chunk;
    // Under the call's lock, so that Finish, which takes it first, finds the rows to remove.
    if (--mine.chunk_left[chunk] == 0) AddRows(call, part, chunk);
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
  void AddRows(const CallPtr& call, size_t part, int chunk)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(call->mutex) {
    RequestPart& mine = call->parts[part];
    const int first = chunk * mine.chunk;
    const int last = std::min(first + mine.chunk, call->inputs);
    std::vector<BatchRow> rows;
    for (int i = first; i < last; ++i) {
      const std::optional<drift::PictureStatistics> statistics = mine.prepared[i].statistics;
      rows.push_back({.models = mine.servables,
                      .input = std::move(mine.prepared[i]),
                      .priority = call->priority,
                      .deadline = call->deadline,
                      .owner = call.get(),
                      .done = [this, call, part, i, statistics](absl::StatusOr<RowResult> row) {
                        Answer(call, part, i, statistics, std::move(row));
                      }});
    }
    batcher_.Add(std::move(rows));
  }

  void Answer(const CallPtr& call, size_t part, int index,
              const std::optional<drift::PictureStatistics>& statistics,
              absl::StatusOr<RowResult> row) {
    if (!row.ok()) {
      Finish(call, row.status());
      return;
    }
    absl::StatusOr<PredictResponse> response = PredictResponse();
    {
      absl::MutexLock lock(&call->mutex);
      if (call->answered) return;
      const absl::Status taken = TakeRow(*call, call->parts[part], index, statistics, *row);
      if (taken.ok()) {
        RecordTiming(*call, *row);
        if (--call->rows_left > 0) return;
        response->answers = std::move(call->answers);
      } else {
        response = Annotate(taken, absl::StrCat("inputs[", index, "]"));
      }
    }
    Finish(call, std::move(response));
  }

  // What the models of a part say of an input.
  static absl::Status TakeRow(PendingPredict& call, const RequestPart& part, int index,
                              const std::optional<drift::PictureStatistics>& statistics,
                              RowResult& row) ABSL_EXCLUSIVE_LOCKS_REQUIRED(call.mutex) {
    for (size_t i = 0; i < part.models.size(); ++i) {
      const int model = part.models[i];
      RowNumbers& numbers = row.numbers[i];
      const ModelAsk& ask = call.asked[model].ask;
      if (ask.want == Want::kEmbeddings) {
        call.answers[model].embeddings[index] = std::move(numbers.embedding);
        continue;
      }
      const Servable& servable = *call.models[model].servable;
      const tasks::Decoder& decoder = servable.decoder();
      const tasks::InputContext context{.unknown = numbers.unknown_score.value_or(0) >= 1};
      call.answers[model].unknown_scores[index] = numbers.unknown_score;
      const tasks::DecodeOptions* const options =
          ask.want == Want::kWholeAnswers ? decoder.whole_answer() : ask.options.get();
      GRAFT_ASSIGN_OR_RETURN(call.answers[model].outputs[index],
                             decoder.Decode(numbers.outputs, options, context));
      if (DriftWatch* const watch = servable.drift_watch().get(); watch != nullptr) {
        watch->Count(numbers.outputs, statistics);
      }
    }
    return absl::OkStatus();
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
    uint64_t bytes;
    // Freed before the callback and before others may have their place: after the answer nothing of
    // the request is held, but for the input that a thread is decoding.
    std::vector<AcquiredModel> models;
    std::vector<std::shared_ptr<const PredictInput>> encoded;
    std::vector<RequestPart> parts;
    std::vector<int64_t> versions;
    std::optional<EndedRequest> ended;
    {
      absl::MutexLock lock(&call->mutex);
      if (call->answered) return;
      call->answered = true;
      for (size_t i = 0; i < call->asked.size(); ++i) EndWait(*call, i);
      const absl::Duration now = clock_->Monotonic();
      call->timing.total = now - call->submitted;
      if (call->models_left == 0) {
        ended = {call->submitted, now - call->acquired, call->rows(), result.status().code()};
      }
      timing = call->timing;
      bytes = call->held_bytes;
      for (const AcquiredModel& model : call->models) versions.push_back(model.key.version);
      encoded.swap(call->encoded);
      parts.swap(call->parts);
      if (!result.ok()) batcher_.Remove(call.get());
      models.swap(call->models);
    }
    // Waits for a Cancel that is inside our listener on another thread: it uses this predictor,
    // which may be destroyed as soon as the call is released.
    if (call->cancel != nullptr) call->cancel->Listen(nullptr);
    models.clear();
    if (call->keeps_inputs && result.ok()) TellAnswers(*call, *result, encoded);
    encoded.clear();
    parts.clear();
    admission_.Leave(call->rows(), bytes, call->priority, call->caller, ended);
    ReportRequest(*call, versions, result, timing);
    if (result.ok()) result->timing = timing;
    call->callback(std::move(result));
    call->callback = nullptr;
    Release();
  }

  void TellAnswers(const PendingPredict& call, const PredictResponse& response,
                   const std::vector<std::shared_ptr<const PredictInput>>& inputs) {
    for (size_t i = 0; i < response.answers.size(); ++i) {
      if (call.asked[i].ask.want == Want::kEmbeddings) continue;
      answers_->OnAnswered(call.project, response.answers[i], inputs);
    }
  }

  // One report for each model: of those that were never found too.
  void ReportRequest(const PendingPredict& call, const std::vector<int64_t>& versions,
                     const absl::StatusOr<PredictResponse>& result, const PredictTiming& timing) {
    if (observer_ == nullptr) return;
    for (size_t i = 0; i < call.asked.size(); ++i) {
      RequestStats stats{.project = call.project,
                         .model = call.asked[i].key.model,
                         .version = i < versions.size() ? versions[i] : 0,
                         .code = result.status().code(),
                         .reason = ErrorReason(result.status()),
                         .inputs = call.inputs,
                         .queue = timing.queue,
                         .decode = timing.decode,
                         .compute = timing.compute,
                         .total = timing.total};
      if (result.ok()) CountUnknown(result->answers[i], &stats);
      observer_->OnRequest(stats);
    }
  }

  static void CountUnknown(const ModelAnswer& answer, RequestStats* stats) {
    for (const std::optional<float>& score : answer.unknown_scores) {
      if (!score.has_value()) continue;
      ++stats->judged_inputs;
      if (*score >= 1) ++stats->unknown_inputs;
    }
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
  AnswerSink* const answers_;

  // Locked after a call's mutex, never before.
  absl::Mutex mutex_;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;  // calls whose callback has not returned, and holds
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;

  Admission admission_;
  Batcher batcher_;
  DecodeQueue to_decode_;
  ThreadPool decoders_;  // last: it is stopped first, and gives rows to the batcher
};

}  // namespace

absl::StatusOr<std::unique_ptr<Predictor>> Predictor::Create(const Options& options,
                                                             ModelManager* models, Clock* clock,
                                                             ServingObserver* observer,
                                                             AnswerSink* answers) {
  GRAFT_RETURN_IF_ERROR(Validate(options));
  return std::make_unique<PredictorImpl>(options, models, clock, observer, answers);
}

}  // namespace graft::serving
