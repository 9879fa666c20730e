#ifndef GRAFT_CORE_ENGINE_ZERO_ROWS_H_
#define GRAFT_CORE_ENGINE_ZERO_ROWS_H_

#include <array>
#include <string>
#include <vector>

#include "absl/types/span.h"

#include "core/engine/engine.h"
#include "core/engine/segment.h"

namespace graft::engine {

// Rows of zeros for a segment: something to compute where only the computing counts.
class ZeroRows {
 public:
  ZeroRows(const Segment& segment, int rows) {
    Row row;
    for (size_t i = 0; i < segment.spec.inputs.size(); ++i) {
      inputs_[i].resize(segment.input_bytes(i));
      row.inputs[i] = inputs_[i].data();
    }
    rows_.assign(static_cast<size_t>(rows), row);
  }
  // The rows point into it.
  ZeroRows(const ZeroRows&) = delete;
  ZeroRows& operator=(const ZeroRows&) = delete;

  absl::Span<const Row> rows() const { return rows_; }

 private:
  std::array<std::string, kMaxInputs> inputs_;
  std::vector<Row> rows_;  // all the same
};

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_ZERO_ROWS_H_
