#ifndef GRAFT_CORE_SERVING_NETWORK_SERVABLE_H_
#define GRAFT_CORE_SERVING_NETWORK_SERVABLE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/image/probe.h"
#include "core/model/model_description.h"
#include "core/serving/loaded_segment.h"
#include "core/serving/prediction.h"
#include "core/serving/servable.h"
#include "core/tasks/decoder.h"

namespace graft::serving {

// A model as a chain of segments: what it has in common with others over the same backbone, run for
// the rows of all of them at once, and what is its own.
class NetworkServable final : public Servable {
 public:
  struct Parts {
    model::ModelDescription description;
    std::shared_ptr<const LoadedSegment> common;  // null: it has nothing in common with others
    std::shared_ptr<const LoadedSegment> own;
    std::unique_ptr<const tasks::Decoder> decoder;  // of what `own` gives
    std::string batch_key;
    EngineUse engine_use;
    ModelBytes memory;
    image::ImageLimits image_limits;
    int max_rows = 1;
  };
  explicit NetworkServable(Parts parts) : parts_(std::move(parts)) {}

  const tasks::Decoder& decoder() const override { return *parts_.decoder; }
  const std::string& batch_key() const override { return parts_.batch_key; }
  const EngineUse& engine_use() const override { return parts_.engine_use; }
  const ModelBytes& memory() const override { return parts_.memory; }

  int max_rows() const override { return parts_.max_rows; }
  uint64_t prepared_bytes() const override;

  absl::StatusOr<PreparedInput> Prepare(const PredictInput& input) const override;
  absl::StatusOr<std::vector<std::vector<float>>> Run(
      const std::vector<ServableRow>& rows) const override;

  // May be null.
  const LoadedSegment* common() const { return parts_.common.get(); }
  const LoadedSegment& own() const { return *parts_.own; }

 private:
  const Parts parts_;
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_NETWORK_SERVABLE_H_
