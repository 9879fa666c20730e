#include "server/rpc/infer_stream.h"

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"

#include "core/base/refusals.h"
#include "server/rpc/unary_call.h"
#include "wire/status.h"

namespace graft::server {
namespace {

using inference::ModelInferRequest;
using inference::ModelInferResponse;
using inference::ModelStreamInferResponse;

// Of one stream: requests that are not answered, or whose answers are not taken; and bytes of
// answers that are not, beyond which nothing more is read.
constexpr int kMostUnderWay = 64;
constexpr size_t kMostAnswerBytes = 4 << 20;

ModelStreamInferResponse AnswerOf(const InferenceService& service,
                                  absl::StatusOr<ModelInferResponse> result,
                                  const std::string& id) {
  ModelStreamInferResponse answer;
  if (result.ok()) {
    *answer.mutable_infer_response() = *std::move(result);
  } else {
    const absl::Status shown(result.status().code(), service.ErrorText(result.status()));
    answer.set_error_message(wire::ToGrpcStatus(shown).error_message());  // of a bounded length
    answer.mutable_infer_response()->set_id(id);
  }
  return answer;
}

class InferStream final
    : public grpc::ServerBidiReactor<ModelInferRequest, ModelStreamInferResponse> {
 public:
  InferStream(const Gate& gate, InferenceService& service, CallContext call)
      : gate_(gate), service_(service), call_(std::move(call)) {}

  void Begin() ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::Status let_in = service_.streams().Add(this, [this] { Stop(); });
    absl::MutexLock lock(&mutex_);
    if (finished_) return;  // the server stopped between these lines
    if (let_in.ok()) return ReadOn();
    ended_ = finished_ = true;
    Finish(wire::ToGrpcStatus(let_in));
  }

 private:
  using Token = std::shared_ptr<serving::CancellationToken>;

  void OnReadDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_) {
    if (!ok) {
      absl::MutexLock lock(&mutex_);
      reading_ = false;
      ended_ = true;
      FinishIfDone();
      return;
    }
    // One that takes the request back, each its own.
    CallContext call = call_;
    call.cancel = std::make_shared<serving::CancellationToken>();
    const Token token = call.cancel;
    {
      absl::MutexLock lock(&mutex_);
      if (finished_) return;  // the server stops
      ++under_way_;
      if (!cancelled_) tokens_.insert(token);
      if (cancelled_) token->Cancel();
    }
    const std::string id = request_.id();
    const absl::StatusOr<Caller> caller = gate_.Admit(std::move(call), request_);
    const auto done = [this, id, token](absl::StatusOr<ModelInferResponse> result) {
      Answer(AnswerOf(service_, std::move(result), id), token);
    };
    if (caller.ok()) {
      service_.ModelInfer(*caller, std::exchange(request_, {}), done);
    } else {
      service_.OnRefused(request_, caller.status());
      done(caller.status());
    }
    absl::MutexLock lock(&mutex_);
    reading_ = false;
    ReadOn();
    FinishIfDone();
  }

  // One answer is ready; possibly inside OnReadDone.
  void Answer(ModelStreamInferResponse answer, const Token& token) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    tokens_.erase(token);
    answer_bytes_ += answer.ByteSizeLong();
    answers_.push_back(std::move(answer));
    if (answers_.size() == 1) StartWrite(&answers_.front());
  }

  void OnWriteDone(bool /*ok: else the call is cancelled, and so ends*/) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    answer_bytes_ -= answers_.front().ByteSizeLong();
    answers_.pop_front();
    --under_way_;
    if (!answers_.empty()) StartWrite(&answers_.front());
    ReadOn();
    FinishIfDone();
  }

  void OnCancel() override ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::flat_hash_set<Token> tokens;
    {
      absl::MutexLock lock(&mutex_);
      cancelled_ = true;
      tokens.swap(tokens_);
    }
    // Their callbacks come inside, and want the lock.
    for (const Token& token : tokens) token->Cancel();
  }

  void OnDone() override {
    service_.streams().Remove(this);
    delete this;
  }

  // The server stops: nothing more is read, and what is under way is answered.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    ended_ = stopped_ = true;
    FinishIfDone();
  }

  void ReadOn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (reading_ || ended_ || under_way_ >= kMostUnderWay || answer_bytes_ > kMostAnswerBytes) {
      return;
    }
    reading_ = true;
    StartRead(&request_);
  }

  void FinishIfDone() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    // A read may be under way where the server stops: it fails then.
    if (!ended_ || under_way_ > 0 || finished_) return;
    finished_ = true;
    Finish(stopped_ ? wire::ToGrpcStatus(Draining()) : grpc::Status::OK);
  }

  const Gate& gate_;
  InferenceService& service_;
  const CallContext call_;

  ModelInferRequest request_;  // of the read under way
  absl::Mutex mutex_;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;  // no more is read
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;  // by the server
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  size_t answer_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<ModelStreamInferResponse> answers_ ABSL_GUARDED_BY(mutex_);  // the first is written
  absl::flat_hash_set<Token> tokens_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

grpc::ServerBidiReactor<ModelInferRequest, ModelStreamInferResponse>* StartInferStream(
    const Gate& gate, InferenceService& service, const grpc::CallbackServerContext& context) {
  auto* const stream = new InferStream(gate, service, ContextOf(context));
  stream->Begin();
  return stream;
}

}  // namespace graft::server
