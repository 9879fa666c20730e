#include "core/serving/trunk_plan.h"

#include <algorithm>

#include "core/base/status_macros.h"
#include "core/nn/head.h"
#include "core/nn/segment_spec.h"

namespace graft::serving {

std::vector<TrunkPiece> CutTrunk(std::vector<TrunkExit> exits) {
  std::sort(exits.begin(), exits.end());
  exits.erase(std::unique(exits.begin(), exits.end()), exits.end());
  std::vector<TrunkPiece> pieces;
  int below = -1;  // the piece that gives what comes out of the stages so far
  for (size_t first = 0; first < exits.size();) {
    const int stages = exits[first].stages;
    size_t next = first + 1;
    while (next < exits.size() && exits[next].stages == stages) ++next;
    TrunkPiece piece{.reads = below, .begin = below < 0 ? 0 : pieces[below].end, .end = stages};
    if (next == exits.size() && next - first == 1) {
      piece.pooling = exits[first].pooling;
      pieces.push_back(piece);
      return pieces;
    }
    pieces.push_back(piece);
    below = static_cast<int>(pieces.size()) - 1;
    for (; first < next; ++first) {
      if (exits[first].pooling == model::Pooling::kNone) continue;
      pieces.push_back({below, stages, stages, exits[first].pooling});
    }
  }
  return pieces;
}

int PieceOf(absl::Span<const TrunkPiece> pieces, const TrunkExit& exit) {
  const auto found = std::find_if(pieces.begin(), pieces.end(), [&](const TrunkPiece& piece) {
    return piece.end == exit.stages && piece.pooling == exit.pooling;
  });
  return found == pieces.end() ? -1 : static_cast<int>(found - pieces.begin());
}

std::vector<int> WayTo(absl::Span<const TrunkPiece> pieces, int piece) {
  std::vector<int> way;
  for (; piece >= 0; piece = pieces[piece].reads) way.push_back(piece);
  std::reverse(way.begin(), way.end());
  return way;
}

absl::StatusOr<nn::NetworkSpec> SpecOf(const TrunkPiece& piece, const nn::NetworkSpec& backbone,
                                       const model::InputSpec& input) {
  GRAFT_ASSIGN_OR_RETURN(const nn::Shape out,
                         nn::ShapeAfter(backbone, piece.end, input.height, input.width));
  nn::NetworkSpec spec;
  if (piece.begin < piece.end) {
    GRAFT_ASSIGN_OR_RETURN(spec,
                           nn::CutStages(backbone, piece.begin, piece.end,
                                         nn::ImageInputs(backbone, input.height, input.width)));
  } else {
    spec.architecture = backbone.architecture;
    spec.inputs = {{.name = backbone.stages[piece.end - 1].name, .shape = out}};
  }
  if (piece.pooling == model::Pooling::kNone) return spec;
  // As a head's bottom does it (core/nn/head.h).
  const int last = static_cast<int>(spec.nodes.size()) - 1;
  const nn::Op pool = nn::PoolingOf(piece.pooling, nn::FeatureMapOf(backbone, out));
  const nn::Reading pooled{last, {pool, nn::Flatten{}}};
  nn::AppendJoined({pooled}, spec);
  return spec;
}

}  // namespace graft::serving
