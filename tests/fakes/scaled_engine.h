#ifndef GRAFT_TESTS_FAKES_SCALED_ENGINE_H_
#define GRAFT_TESTS_FAKES_SCALED_ENGINE_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"

#include "core/base/status_macros.h"
#include "core/engine/eager/eager_engine.h"
#include "core/engine/engine.h"

namespace graft {

// LibTorch's answers times a factor, in the name of a precision of fewer bits.
class ScaledEngineFactory final : public engine::EngineFactory {
 public:
  explicit ScaledEngineFactory(float factor, absl::Status available = absl::OkStatus(),
                               absl::Status runs = absl::OkStatus(),
                               std::shared_ptr<int> count = nullptr,
                               engine::Precision precision = engine::Precision::kBf16)
      : factor_(factor),
        available_(std::move(available)),
        runs_(std::move(runs)),
        count_(std::move(count)),
        precision_(precision) {}

  absl::string_view name() const override { return "scaled"; }
  engine::Precision precision() const override { return precision_; }
  absl::Status Available() const override { return available_; }
  uint64_t MostBytes(uint64_t, const engine::EngineOptions&) const override { return 0; }
  absl::StatusOr<std::unique_ptr<engine::Engine>> Make(
      std::shared_ptr<const engine::Segment> segment,
      const engine::EngineOptions& options) const override {
    GRAFT_RETURN_IF_ERROR(available_);
    GRAFT_ASSIGN_OR_RETURN(auto eager, engine::EagerEngineFactory().Make(segment, options));
    return std::make_unique<Scaled>(std::move(eager), factor_, runs_, count_, precision_);
  }

 private:
  class Scaled final : public engine::Engine {
   public:
    Scaled(std::unique_ptr<engine::Engine> eager, float factor, absl::Status runs,
           std::shared_ptr<int> count, engine::Precision precision)
        : eager_(std::move(eager)),
          factor_(factor),
          runs_(std::move(runs)),
          count_(std::move(count)),
          precision_(precision) {}
    absl::string_view name() const override { return "scaled"; }
    engine::Precision precision() const override { return precision_; }
    int64_t outputs() const override { return eager_->outputs(); }
    int rows_at_once() const override { return eager_->rows_at_once(); }
    uint64_t bytes() const override { return eager_->bytes(); }
    absl::Status Run(absl::Span<const engine::Row> rows, float* out) const override {
      if (count_ != nullptr) ++*count_;
      GRAFT_RETURN_IF_ERROR(runs_);
      GRAFT_RETURN_IF_ERROR(eager_->Run(rows, out));
      const auto count = static_cast<int64_t>(rows.size()) * outputs();
      for (int64_t i = 0; i < count; ++i) out[i] *= factor_;
      return absl::OkStatus();
    }

   private:
    const std::unique_ptr<engine::Engine> eager_;
    const float factor_;
    const absl::Status runs_;
    const std::shared_ptr<int> count_;
    const engine::Precision precision_;
  };

  const float factor_;
  const absl::Status available_;
  const absl::Status runs_;
  const std::shared_ptr<int> count_;  // of what its engines ran; may be null
  const engine::Precision precision_;
};

}  // namespace graft

#endif  // GRAFT_TESTS_FAKES_SCALED_ENGINE_H_
