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
#include "core/serving/drift_watch.h"
#include "core/serving/memory_ledger.h"
#include "core/serving/model_source.h"
#include "core/serving/prediction.h"
#include "core/serving/servable.h"
#include "core/serving/serving_observer.h"
#include "core/tasks/decoder.h"

namespace graft {

// A gate that passes can be made to wait at. Open from the start.
class TestGate {
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

// Memory that servables would take, each backbone once. Safe for concurrent use.
class FakeMemory {
 public:
  void Take(const serving::ModelBytes& bytes) {
    absl::MutexLock lock(&mutex_);
    taken_.push_back(bytes);
    peak_ = std::max(peak_, serving::TotalBytes(taken_));
  }
  void Release(const serving::ModelBytes& bytes) {
    absl::MutexLock lock(&mutex_);
    taken_.erase(std::find(taken_.begin(), taken_.end(), bytes));
  }
  uint64_t peak() const {
    absl::MutexLock lock(&mutex_);
    return peak_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<serving::ModelBytes> taken_;
  uint64_t peak_ = 0;
};

// What the fakes of one test share.
struct FakeWorld {
  TestGate resolving;
  TestGate loading;
  TestGate decoding;
  TestGate computing;
  std::atomic<int> announced{0};  // loads that are said to follow, and have not ended
  std::atomic<int> loads{0};
  std::atomic<int> alive{0};  // servables in memory, or being loaded
  FakeMemory memory;          // that those take
  absl::Mutex mutex;
  absl::Status run_error;            // what Run answers, unless it is OK
  int answers_left_out = 0;          // by each Run
  std::vector<int> batch_sizes;      // of each Run
  std::vector<std::string> decoded;  // each input, in the order they were begun
  std::vector<size_t> prepared_for;  // how many models each was decoded for
};

// The answer of a task that hands on the network's numbers.
class FakeOutput final : public tasks::TaskOutput {
 public:
  explicit FakeOutput(std::vector<float> row) : row_(std::move(row)) {}
  absl::string_view task() const override { return "fake"; }
  const std::vector<float>& row() const { return row_; }
  // The letter, from 'a', of the largest number.
  char best() const {
    return static_cast<char>('a' + (std::max_element(row_.begin(), row_.end()) - row_.begin()));
  }

 private:
  const std::vector<float> row_;
};

class FakeOptions final : public tasks::DecodeOptions {
 public:
  enum Kind { kGood, kRefused, kUndecodable, kNeedsUnknown };
  explicit FakeOptions(Kind kind) : kind_(kind) {}
  absl::string_view task() const override { return "fake"; }
  bool needs_unknown() const override { return kind_ == kNeedsUnknown; }
  Kind kind() const { return kind_; }

 private:
  const Kind kind_;
};

class FakeDecoder final : public tasks::Decoder {
 public:
  absl::string_view task() const override { return "fake"; }
  int64_t outputs() const override { return 3; }
  absl::Status CheckOptions(const tasks::DecodeOptions* options) const override {
    return KindOf(options) == FakeOptions::kRefused ? absl::InvalidArgumentError("refused")
                                                    : absl::OkStatus();
  }
  absl::StatusOr<std::unique_ptr<tasks::TaskOutput>> Decode(
      absl::Span<const float> row, const tasks::DecodeOptions* options,
      const tasks::InputContext&) const override {
    if (KindOf(options) == FakeOptions::kUndecodable) return absl::InternalError("not decodable");
    return std::make_unique<FakeOutput>(std::vector<float>(row.begin(), row.end()));
  }
  absl::StatusOr<int64_t> FindOutput(absl::string_view name,
                                     absl::Span<const float> row) const override {
    if (name.empty()) return std::max_element(row.begin(), row.end()) - row.begin();
    if (name.size() == 1 && name[0] >= 'a' && name[0] <= 'c') return name[0] - 'a';
    return absl::InvalidArgumentError("no such output");
  }
  std::string OutputName(int64_t output) const override {
    return std::string(1, static_cast<char>('a' + output));
  }
  const tasks::DecodeOptions* whole_answer() const override { return nullptr; }
  bool SameAnswer(absl::Span<const float> a, absl::Span<const float> b) const override {
    return a == b;
  }
  const std::vector<tasks::AnswerPart>& answer_parts() const override { return parts_; }
  std::vector<double> ReadParts(absl::Span<const float> row) const override {
    return {static_cast<double>(std::max_element(row.begin(), row.end()) - row.begin())};
  }

 private:
  const std::vector<tasks::AnswerPart> parts_ = {{.name = "", .kinds = {"a", "b", "c"}}};

  static FakeOptions::Kind KindOf(const tasks::DecodeOptions* options) {
    return options == nullptr ? FakeOptions::kGood
                              : static_cast<const FakeOptions*>(options)->kind();
  }
};

// Three outputs: a, b, c. "bad" is no image; any other text is, and its first letter is that of the
// largest output.
class FakeServable final : public serving::Servable {
 public:
  struct Shape {
    std::string digest = "backbone";
    std::string framing = "whole";
    bool judges = false;  // an input's unknown score is then 0 for a, 1 for b, 2 for c
    uint64_t own_bytes = 10;
    uint64_t backbone_bytes = 100;
    uint64_t measured_own_bytes = 0;  // what Measure says of its own; 0: the same
    int max_rows = 1 << 20;
    uint64_t prepared_bytes = 0;
    serving::EngineUse engine_use = {"fake", "f32", {}, ""};
    std::shared_ptr<const tasks::Decoder> decoder = std::make_shared<FakeDecoder>();
    std::shared_ptr<serving::DriftWatch> drift_watch = nullptr;
  };
  FakeServable(FakeWorld* world, Shape shape)
      : world_(world),
        shape_(std::move(shape)),
        memory_{shape_.own_bytes, shape_.digest, shape_.backbone_bytes} {
    ++world_->alive;
    world_->memory.Take(memory_);
  }
  ~FakeServable() override {
    world_->memory.Release(memory_);
    --world_->alive;
  }

  const tasks::Decoder& decoder() const override { return *shape_.decoder; }
  const std::string& batch_key() const override { return shape_.digest; }
  const std::string& input_key() const override { return shape_.framing; }
  const std::string& features_key() const override { return shape_.digest; }
  bool tells_unknown() const override { return shape_.judges; }
  const serving::EngineUse& engine_use() const override { return shape_.engine_use; }
  const std::shared_ptr<serving::DriftWatch>& drift_watch() const override {
    return shape_.drift_watch;
  }
  const serving::ModelBytes& memory() const override { return memory_; }

  int max_rows() const override { return shape_.max_rows; }
  uint64_t prepared_bytes() const override { return shape_.prepared_bytes; }

  absl::StatusOr<serving::PreparedInput> PrepareFor(
      const serving::PredictInput& input,
      absl::Span<const serving::Servable* const> models) const override {
    const std::string& encoded = std::get<serving::EncodedImage>(input).bytes;
    {
      absl::MutexLock lock(&world_->mutex);
      world_->decoded.push_back(encoded);
      world_->prepared_for.push_back(models.size());
    }
    world_->decoding.Pass();
    if (encoded == "bad") return absl::InvalidArgumentError("truncated JPEG");
    serving::PreparedInput prepared{{static_cast<uint8_t>(encoded[0] - 'a')}};
    // A picture as bright as its letter.
    if (shape_.drift_watch != nullptr) {
      prepared.statistics = {static_cast<float>(prepared.bytes[0]) / 2, 0, 0, 0};
    }
    return prepared;
  }
  // Of what `choose` says, on one place.
  absl::StatusOr<serving::Explanation> Explain(const serving::PredictInput& input,
                                               const serving::ChooseOutput& choose,
                                               bool overlay) const override {
    auto prepared = Prepare(input);
    if (!prepared.ok()) return prepared.status();
    serving::Explanation explanation;
    explanation.numbers.outputs = {0.1f, 0.2f, 0.15f};
    explanation.numbers.outputs[prepared->bytes[0]] = 0.7f;
    const absl::StatusOr<int64_t> of = choose(explanation.numbers.outputs);
    if (!of.ok()) return of.status();
    explanation.of = *of;
    explanation.map.height = explanation.map.width = 1;
    explanation.map.values = {1};
    if (overlay) explanation.overlay_png = "png";
    return explanation;
  }
  absl::StatusOr<std::vector<std::vector<serving::RowNumbers>>> Run(
      const std::vector<serving::ServableRow>& rows) const override {
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
    std::vector<std::vector<serving::RowNumbers>> answers;
    for (const serving::ServableRow& row : rows) {
      std::vector<serving::RowNumbers>& of_models = answers.emplace_back();
      for (size_t i = 0; i < row.models.size(); ++i) {
        serving::RowNumbers numbers;
        numbers.outputs = {0.1f, 0.2f, 0.15f};
        numbers.outputs[row.input->bytes[0]] = 0.7f;
        numbers.embedding = {static_cast<float>(row.input->bytes[0])};
        if (row.models[i]->tells_unknown()) numbers.unknown_score = numbers.embedding[0];
        of_models.push_back(std::move(numbers));
      }
    }
    answers.resize(answers.size() - static_cast<size_t>(left_out));
    return answers;
  }

 private:
  FakeWorld* const world_;
  const Shape shape_;
  const serving::ModelBytes memory_;
};

// Published versions as the test says, in project "p".
class FakeModels final : public serving::ModelSource, public serving::ServableLoader {
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
  absl::StatusOr<std::unique_ptr<serving::ModelArtifact>> Open(const serving::ModelKey&) override {
    return absl::UnimplementedError("the fake loader needs no files");
  }
  absl::StatusOr<serving::ArtifactSummary> Summarise(const serving::ModelKey&) override {
    return absl::UnimplementedError("the fake loader needs no files");
  }
  std::shared_ptr<const void> Announce(const serving::ModelKey&) override {
    ++world_->announced;
    return {world_, [](FakeWorld* world) { --world->announced; }};
  }
  absl::StatusOr<serving::ModelBytes> Measure(const serving::ModelKey& key) override {
    absl::MutexLock lock(&mutex_);
    const FakeServable::Shape* const shape = Find(key);
    if (shape == nullptr) return absl::NotFoundError("deleted");
    const uint64_t own = shape->measured_own_bytes;
    return serving::ModelBytes{own == 0 ? shape->own_bytes : own, shape->digest,
                               shape->backbone_bytes};
  }
  absl::StatusOr<std::shared_ptr<const serving::Servable>> Load(const serving::ModelKey& key,
                                                                const std::vector<int>&) override {
    ++world_->loads;
    std::shared_ptr<const serving::Servable> servable;  // takes its memory from the beginning
    {
      absl::MutexLock lock(&mutex_);
      const FakeServable::Shape* const shape = Find(key);
      if (shape == nullptr) return absl::NotFoundError("deleted");
      servable = std::make_shared<FakeServable>(world_, *shape);
    }
    world_->loading.Pass();
    absl::MutexLock lock(&mutex_);
    if (corrupt_.contains({key.model, key.version})) {
      return absl::DataLossError("model.safetensors: is not the one that was published");
    }
    if (Find(key) == nullptr) return absl::NotFoundError("deleted");
    return servable;
  }

 private:
  const FakeServable::Shape* Find(const serving::ModelKey& key) const {
    const auto model = versions_.find(key.model);
    if (model == versions_.end()) return nullptr;
    const auto version = model->second.find(key.version);
    return version == model->second.end() ? nullptr : &version->second;
  }

  FakeWorld* const world_;
  std::atomic<int> resolves_{0};
  absl::Mutex mutex_;
  std::map<std::string, std::map<int64_t, FakeServable::Shape>> versions_;
  std::set<std::pair<std::string, int64_t>> corrupt_;
};

// Remembers what it heard.
class RecordingServingObserver final : public serving::ServingObserver {
 public:
  void OnRequest(const serving::RequestStats& stats) override {
    absl::MutexLock lock(&mutex_);
    requests_.push_back(stats);
  }
  void OnBatch(const serving::BatchStats& stats) override {
    absl::MutexLock lock(&mutex_);
    batches_.push_back(stats);
  }
  void OnLoad(const serving::LoadStats& stats) override {
    absl::MutexLock lock(&mutex_);
    loads_.push_back(stats);
  }
  // Returns when `count` loads have ended and been told.
  std::vector<serving::LoadStats> AwaitLoads(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto there = [&] { return loads_.size() >= count; };
    mutex_.Await(absl::Condition(&there));
    return loads_;
  }
  // Returns when `count` requests have been answered and told.
  std::vector<serving::RequestStats> AwaitRequests(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto there = [&] { return requests_.size() >= count; };
    mutex_.Await(absl::Condition(&there));
    return requests_;
  }
  std::vector<serving::RequestStats> requests() {
    absl::MutexLock lock(&mutex_);
    return requests_;
  }
  std::vector<serving::BatchStats> batches() {
    absl::MutexLock lock(&mutex_);
    return batches_;
  }

 private:
  absl::Mutex mutex_;
  std::vector<serving::RequestStats> requests_;
  std::vector<serving::BatchStats> batches_;
  std::vector<serving::LoadStats> loads_;
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
