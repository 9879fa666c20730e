#ifndef GRAFT_TESTS_FAKES_FAKE_SERVING_H_
#define GRAFT_TESTS_FAKES_FAKE_SERVING_H_

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

#include "core/base/status_details.h"
#include "core/serving/model_source.h"
#include "core/serving/servable.h"
#include "core/serving/serving_observer.h"

namespace graft {

// A gate that passes can be made to wait at. Open from the start.
class Gate {
 public:
  void Close() {
    absl::MutexLock lock(&mutex_);
    open_ = false;
  }
  void Open() {
    absl::MutexLock lock(&mutex_);
    open_ = true;
  }
  void Pass() {
    absl::MutexLock lock(&mutex_);
    ++arrived_;
    mutex_.Await(absl::Condition(&open_));
  }
  // Returns when `count` have come to the gate since the start.
  void AwaitArrivals(int count) {
    absl::MutexLock lock(&mutex_);
    const auto there = [&] { return arrived_ >= count; };
    mutex_.Await(absl::Condition(&there));
  }

 private:
  absl::Mutex mutex_;
  bool open_ = true;
  int arrived_ = 0;
};

// What the fakes of one test share.
struct FakeWorld {
  Gate resolving;
  Gate loading;
  Gate decoding;
  Gate computing;
  std::atomic<int> loads{0};
  std::atomic<int> alive{0};  // servables in memory
  absl::Mutex mutex;
  absl::Status run_error;            // what Run answers, unless it is OK
  int answers_left_out = 0;          // by each Run
  std::vector<int> batch_sizes;      // of each Run
  std::vector<std::string> decoded;  // each image, in the order they were begun
};

// Three labels: a, b, c. "bad" is no image; any other text is, and its first letter is the most
// probable label.
class FakeServable final : public Servable {
 public:
  struct Shape {
    std::string digest = "backbone";
    uint64_t own_bytes = 10;
    uint64_t backbone_bytes = 100;
    uint64_t measured_bytes = 0;  // of its own, as Measure has it
    int max_rows = 1 << 20;
    uint64_t prepared_bytes = 0;
  };
  FakeServable(FakeWorld* world, Shape shape) : world_(world), shape_(std::move(shape)) {
    ++world_->alive;
  }
  ~FakeServable() override { --world_->alive; }

  const std::vector<std::string>& labels() const override { return labels_; }
  const std::string& batch_key() const override { return shape_.digest; }
  uint64_t own_bytes() const override { return shape_.own_bytes; }
  const std::string& backbone_digest() const override { return shape_.digest; }
  uint64_t backbone_bytes() const override { return shape_.backbone_bytes; }

  int max_rows() const override { return shape_.max_rows; }
  uint64_t prepared_bytes() const override { return shape_.prepared_bytes; }

  absl::StatusOr<PreparedImage> Prepare(absl::string_view encoded) const override {
    {
      absl::MutexLock lock(&world_->mutex);
      world_->decoded.emplace_back(encoded);
    }
    world_->decoding.Pass();
    if (encoded == "bad") return absl::InvalidArgumentError("truncated JPEG");
    return PreparedImage{{static_cast<float>(encoded[0] - 'a')}};
  }
  absl::StatusOr<std::vector<std::vector<float>>> Run(
      const std::vector<ServableRow>& rows) const override {
    {
      absl::MutexLock lock(&world_->mutex);
      world_->batch_sizes.push_back(static_cast<int>(rows.size()));
    }
    world_->computing.Pass();
    int left_out;
    {
      absl::MutexLock lock(&world_->mutex);
      if (!world_->run_error.ok()) return world_->run_error;
      left_out = world_->answers_left_out;
    }
    std::vector<std::vector<float>> answers;
    for (const ServableRow& row : rows) {
      std::vector<float> probabilities = {0.1f, 0.2f, 0.15f};
      probabilities[static_cast<size_t>(row.image->values[0])] = 0.7f;
      answers.push_back(std::move(probabilities));
    }
    answers.resize(answers.size() - static_cast<size_t>(left_out));
    return answers;
  }

 private:
  FakeWorld* const world_;
  const Shape shape_;
  const std::vector<std::string> labels_ = {"a", "b", "c"};
};

// Published versions as the test says, in project "p".
class FakeModels final : public ModelSource, public ServableLoader {
 public:
  explicit FakeModels(FakeWorld* world) : world_(world) {}

  void Publish(const std::string& model, int64_t version, FakeServable::Shape shape = {}) {
    absl::MutexLock lock(&mutex_);
    versions_[model][version] = std::move(shape);
  }
  void Delete(const std::string& model, int64_t version) {
    absl::MutexLock lock(&mutex_);
    versions_[model].erase(version);
  }
  void Corrupt(const std::string& model, int64_t version) {
    absl::MutexLock lock(&mutex_);
    corrupt_.insert({model, version});
  }
  void Repair(const std::string& model, int64_t version) {
    absl::MutexLock lock(&mutex_);
    corrupt_.erase({model, version});
  }
  int resolves() const { return resolves_; }

  absl::StatusOr<int64_t> Resolve(const std::string& project, const std::string& model,
                                  int64_t version) override {
    ++resolves_;
    world_->resolving.Pass();
    absl::MutexLock lock(&mutex_);
    const auto it = versions_.find(model);
    if (project != "p" || it == versions_.end() || it->second.empty()) {
      return WithReason(absl::NotFoundError(absl::StrCat("model \"", model, "\" does not exist")),
                        "MODEL_NOT_FOUND");
    }
    if (version == 0) return it->second.rbegin()->first;
    if (!it->second.contains(version)) {
      return absl::NotFoundError(absl::StrCat("model \"", model, "\" has no version ", version));
    }
    return version;
  }
  absl::StatusOr<std::unique_ptr<ModelArtifact>> Open(const ModelKey&) override {
    return absl::UnimplementedError("the fake loader needs no files");
  }
  absl::StatusOr<ArtifactSummary> Summarise(const ModelKey&) override {
    return absl::UnimplementedError("the fake loader needs no files");
  }
  absl::StatusOr<LoadedItem> Measure(const ModelKey& key) override {
    absl::MutexLock lock(&mutex_);
    const auto& versions = versions_[key.model];
    const auto it = versions.find(key.version);
    if (it == versions.end()) return absl::NotFoundError("deleted");
    const FakeServable::Shape& shape = it->second;
    return LoadedItem{.own_bytes = shape.measured_bytes,
                      .backbone_digest = shape.digest,
                      .backbone_bytes = shape.backbone_bytes};
  }
  absl::StatusOr<std::shared_ptr<const Servable>> Load(const ModelKey& key,
                                                       const std::vector<int>&) override {
    ++world_->loads;
    world_->loading.Pass();
    absl::MutexLock lock(&mutex_);
    if (corrupt_.contains({key.model, key.version})) {
      return absl::DataLossError("model.safetensors: is not the one that was published");
    }
    const auto& versions = versions_[key.model];
    const auto it = versions.find(key.version);
    if (it == versions.end()) return absl::NotFoundError("deleted");
    return std::make_shared<FakeServable>(world_, it->second);
  }

 private:
  FakeWorld* const world_;
  std::atomic<int> resolves_{0};
  absl::Mutex mutex_;
  std::map<std::string, std::map<int64_t, FakeServable::Shape>> versions_;
  std::set<std::pair<std::string, int64_t>> corrupt_;
};

// Remembers what it heard.
class RecordingServingObserver final : public ServingObserver {
 public:
  void OnRequest(const RequestStats& stats) override {
    absl::MutexLock lock(&mutex_);
    requests_.push_back(stats);
  }
  void OnBatch(const BatchStats& stats) override {
    absl::MutexLock lock(&mutex_);
    batches_.push_back(stats);
  }
  void OnLoad(const LoadStats& stats) override {
    absl::MutexLock lock(&mutex_);
    loads_.push_back(stats);
  }
  // Returns when `count` loads have ended and been told.
  std::vector<LoadStats> AwaitLoads(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto there = [&] { return loads_.size() >= count; };
    mutex_.Await(absl::Condition(&there));
    return loads_;
  }
  // Returns when `count` requests have been answered and told.
  std::vector<RequestStats> AwaitRequests(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto there = [&] { return requests_.size() >= count; };
    mutex_.Await(absl::Condition(&there));
    return requests_;
  }
  std::vector<RequestStats> requests() {
    absl::MutexLock lock(&mutex_);
    return requests_;
  }
  std::vector<BatchStats> batches() {
    absl::MutexLock lock(&mutex_);
    return batches_;
  }

 private:
  absl::Mutex mutex_;
  std::vector<RequestStats> requests_;
  std::vector<BatchStats> batches_;
  std::vector<LoadStats> loads_;
};

// The one answer that a callback gives, waited for.
template <typename T>
class Answer {
 public:
  // A second call is a broken promise, and fails loudly.
  std::function<void(absl::StatusOr<T>)> Callback() {
    return [state = state_](absl::StatusOr<T> value) {
      state->value = std::move(value);
      state->done.Notify();
    };
  }
  bool done() const { return state_->done.HasBeenNotified(); }
  absl::StatusOr<T>& Wait() {
    state_->done.WaitForNotification();
    return state_->value;
  }

 private:
  struct State {
    absl::StatusOr<T> value;
    absl::Notification done;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace graft

#endif  // GRAFT_TESTS_FAKES_FAKE_SERVING_H_
