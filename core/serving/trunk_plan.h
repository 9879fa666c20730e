#ifndef GRAFT_CORE_SERVING_TRUNK_PLAN_H_
#define GRAFT_CORE_SERVING_TRUNK_PLAN_H_

#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/model/head_spec.h"
#include "core/model/input_spec.h"
#include "core/nn/network_spec.h"

namespace graft::serving {

// Where a model leaves the lower part of a backbone that it has in common with others.
struct TrunkExit {
  int stages = 0;  // behind stages [0, stages)
  // How what comes out is made a vector; kNone: it is taken as it is.
  model::Pooling pooling = model::Pooling::kNone;

  friend bool operator==(const TrunkExit&, const TrunkExit&) = default;
  friend bool operator<(const TrunkExit& a, const TrunkExit& b) {
    return std::tie(a.stages, a.pooling) < std::tie(b.stages, b.pooling);
  }
};

// A stretch of that part which is run as a whole.
struct TrunkPiece {
  int reads = -1;  // the piece whose output it reads, an earlier one; -1: pixels
  int begin = 0;   // stages [begin, end) of the backbone; where they are none it pools alone
  int end = 0;
  model::Pooling pooling = model::Pooling::kNone;  // of what they give

  friend bool operator==(const TrunkPiece&, const TrunkPiece&) = default;
};

// The pieces that give the features of each of `exits`, the lower ones first. There are no more
// than it takes: of one exit, one. Where several leave behind the same stage, these give what comes
// out as it is, and what pools it is a piece of its own. Pure.
std::vector<TrunkPiece> CutTrunk(std::vector<TrunkExit> exits);

// The piece that gives an exit's features; -1 for none.
int PieceOf(absl::Span<const TrunkPiece> pieces, const TrunkExit& exit);

// The pieces of which each one's output is needed for what the next one computes, the last of which
// is `piece`. Lowest first.
std::vector<int> WayTo(absl::Span<const TrunkPiece> pieces, int piece);

// The piece of `backbone` as a network that is run as a whole (core/nn/segment_spec.h), for images
// of this size. INVALID_ARGUMENT as InferShapes.
absl::StatusOr<nn::NetworkSpec> SpecOf(const TrunkPiece& piece, const nn::NetworkSpec& backbone,
                                       const model::InputSpec& input);

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_TRUNK_PLAN_H_
