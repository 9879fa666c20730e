#ifndef GRAFT_TESTS_FAKES_COUNTING_ENGINE_H_
#define GRAFT_TESTS_FAKES_COUNTING_ENGINE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

#include "core/base/status_macros.h"
#include "core/engine/eager/eager_engine.h"
#include "core/engine/engine.h"

namespace graft {

// Runs as LibTorch does, and counts the rows of each part. A part is named by its layers that have
// tensors: "one+two". It takes twice the bytes of its tensors. Safe for concurrent use.
class CountingEngineFactory final : public engine::EngineFactory {
 public:
  // `before` is called with each part that is run.
  explicit CountingEngineFactory(std::function<void(const std::string& part)> before = nullptr)
      : counts_(std::make_shared<Counts>()), before_(std::move(before)) {}

  absl::string_view name() const override { return "counting"; }
  uint64_t MostBytes(uint64_t tensor_bytes, const engine::EngineOptions&) const override {
    return 2 * tensor_bytes;
  }
  absl::StatusOr<std::unique_ptr<engine::Engine>> Make(
      std::shared_ptr<const engine::Segment> segment,
      const engine::EngineOptions& options) const override {
    std::string part;
    for (const nn::Node& node : segment->spec.nodes) {
      if (!node.name.empty()) absl::StrAppend(&part, part.empty() ? "" : "+", node.name);
    }
    {
      absl::MutexLock lock(&counts_->mutex);
      counts_->made.push_back(part);
    }
    const uint64_t bytes = 2 * engine::TensorBytes(segment->spec);
    GRAFT_ASSIGN_OR_RETURN(auto made, engine::EagerEngineFactory().Make(segment, options));
    return std::make_unique<Counting>(std::move(made), std::move(part), bytes, counts_, before_);
  }

  // Rows of each part since the last call, and the parts that engines were made for.
  std::map<std::string, int> TakeRows() const {
    absl::MutexLock lock(&counts_->mutex);
    return std::exchange(counts_->rows, {});
  }
  std::vector<std::string> TakeMade() const {
    absl::MutexLock lock(&counts_->mutex);
    return std::exchange(counts_->made, {});
  }

 private:
  struct Counts {
    absl::Mutex mutex;
    std::map<std::string, int> rows;
    std::vector<std::string> made;
  };

  class Counting final : public engine::Engine {
   public:
    Counting(std::unique_ptr<engine::Engine> under, std::string part, uint64_t bytes,
             std::shared_ptr<Counts> counts, std::function<void(const std::string&)> before)
        : under_(std::move(under)),
          part_(std::move(part)),
          bytes_(bytes),
          counts_(std::move(counts)),
          before_(std::move(before)) {}
    absl::string_view name() const override { return "counting"; }
    engine::Precision precision() const override { return engine::Precision::kF32; }
    int64_t outputs() const override { return under_->outputs(); }
    int rows_at_once() const override { return under_->rows_at_once(); }
    uint64_t bytes() const override { return bytes_; }
    absl::Status Run(absl::Span<const engine::Row> batch, float* out) const override {
      if (before_ != nullptr) before_(part_);
      {
        absl::MutexLock lock(&counts_->mutex);
        counts_->rows[part_] += static_cast<int>(batch.size());
      }
      return under_->Run(batch, out);
    }

   private:
    const std::unique_ptr<engine::Engine> under_;
    const std::string part_;
    const uint64_t bytes_;
    const std::shared_ptr<Counts> counts_;
    const std::function<void(const std::string&)> before_;
  };

  const std::shared_ptr<Counts> counts_;
  const std::function<void(const std::string&)> before_;
};

}  // namespace graft

#endif  // GRAFT_TESTS_FAKES_COUNTING_ENGINE_H_
