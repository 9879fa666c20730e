#include "core/serving/trunk.h"

#include <algorithm>

#include "absl/cleanup/cleanup.h"

#include "core/base/status_macros.h"
#include "core/engine/quantized_layers.h"

namespace graft::serving {
namespace {

using Pieces = std::vector<std::shared_ptr<const LoadedSegment>>;

// Of one row, as its operations count them: what tells how long a piece takes.
int64_t FlopsOf(const LoadedSegment& piece) {
  const nn::NetworkSpec& spec = piece.segment->spec;
  return nn::CountFlops(spec, 0, 1, nn::InputShapes(spec)).value_or(0);
}

std::shared_ptr<const LoadedSegment> LargestOf(const Pieces& pieces) {
  return *std::max_element(pieces.begin(), pieces.end(),
                           [](const auto& a, const auto& b) { return FlopsOf(*a) < FlopsOf(*b); });
}

uint64_t BytesOf(const Pieces& pieces) {
  uint64_t bytes = 0;
  for (const auto& piece : pieces) bytes += piece->engine->bytes();
  return bytes;
}

// Whether the two run the same stretch, whatever they read it from.
bool SameStretch(const TrunkPiece& a, const TrunkPiece& b) {
  return a.begin == b.begin && a.end == b.end && a.pooling == b.pooling;
}

// How many stages the pieces run.
int DepthOf(const std::vector<TrunkPiece>& plan) { return plan.empty() ? 0 : plan.back().end; }

// The piece among `plan` that runs the same stretch; -1 for none.
int FindStretch(const std::vector<TrunkPiece>& plan, const TrunkPiece& piece) {
  const auto found = std::find_if(plan.begin(), plan.end(),
                                  [&](const TrunkPiece& each) { return SameStretch(each, piece); });
  return found == plan.end() ? -1 : static_cast<int>(found - plan.begin());
}

// Which rows each piece is to run: those with an exit that it is on the way to.
std::vector<std::vector<bool>> RowsOfPieces(const std::vector<TrunkPiece>& plan,
                                            absl::Span<const TrunkRow> rows) {
  std::vector<std::vector<bool>> wanted(plan.size(), std::vector<bool>(rows.size()));
  for (size_t row = 0; row < rows.size(); ++row) {
    for (const TrunkExit& exit : rows[row].exits) {
      for (const int piece : WayTo(plan, PieceOf(plan, exit))) wanted[piece][row] = true;
    }
  }
  return wanted;
}

}  // namespace

absl::Span<const float> TrunkFeatures::of(size_t row, const TrunkExit& exit) const {
  return outputs_[PieceOf(plan_, exit)].of(row);
}

bool Trunk::Agree(const Cut& cut, const Joining& joining) {
  Ranges here;    // of layers that the model has, too
  Ranges theirs;  // of layers that the trunk has, too
  for (const auto& piece : cut.pieces) {
    const Ranges known = engine::RangesIn(*joining.way, piece->segment->ranges);
    const Ranges brought = engine::RangesIn(piece->segment->spec, *joining.ranges);
    here.insert(here.end(), known.begin(), known.end());
    theirs.insert(theirs.end(), brought.begin(), brought.end());
  }
  return here == theirs;
}

Trunk::Ranges Trunk::RangesWith(const Cut& cut, const Joining& joining) {
  Ranges ranges = *joining.ranges;
  for (const auto& piece : cut.pieces) {
    for (const model::ActivationRange& range : piece->segment->ranges) {
      if (std::find(ranges.begin(), ranges.end(), range) == ranges.end()) ranges.push_back(range);
    }
  }
  return ranges;
}

uint64_t Trunk::BytesBelow(const Cut& cut, int stages) {
  Pieces below;
  for (size_t i = 0; i < cut.plan.size(); ++i) {
    if (cut.plan[i].end <= stages) below.push_back(cut.pieces[i]);
  }
  return BytesOf(below);
}

Trunk::CutPtr Trunk::Needed(const Cut& cut, const std::vector<TrunkExit>& exits) {
  std::vector<bool> needed(cut.plan.size());
  for (const TrunkExit& exit : exits) {
    for (const int piece : WayTo(cut.plan, PieceOf(cut.plan, exit))) needed[piece] = true;
  }
  auto left = std::make_shared<Cut>();
  std::vector<int> moved(cut.plan.size(), -1);
  for (size_t i = 0; i < cut.plan.size(); ++i) {
    if (!needed[i]) continue;
    moved[i] = static_cast<int>(left->plan.size());
    TrunkPiece piece = cut.plan[i];
    if (piece.reads >= 0) piece.reads = moved[piece.reads];
    left->plan.push_back(piece);
    left->pieces.push_back(cut.pieces[i]);
  }
  return left;
}

Trunk::CutPtr Trunk::cut() const {
  absl::MutexLock lock(&mutex_);
  return cut_;
}

std::vector<TrunkExit> Trunk::ExitsUpTo(int stages) const {
  std::vector<TrunkExit> exits;
  for (const auto& [exit, models] : places_) {
    if (exit.stages <= stages) exits.push_back(exit);
  }
  return exits;
}

Trunk::CutPtr Trunk::Set(const Cut& next) {
  CutPtr before = std::exchange(cut_, Needed(next, ExitsUpTo(DepthOf(next.plan))));
  if (!cut_->pieces.empty()) {
    rows_at_once_ = LargestOf(cut_->pieces)->engine->rows_at_once();
  }
  return before;
}

std::unique_ptr<const Trunk::Place> Trunk::Expect(const std::shared_ptr<Trunk>& trunk,
                                                  const TrunkExit& exit) {
  absl::MutexLock lock(&trunk->mutex_);
  ++trunk->places_[exit];
  return std::unique_ptr<const Place>(new Place(trunk, exit));
}

absl::StatusOr<std::unique_ptr<const Trunk::Place>> Trunk::Join(const std::shared_ptr<Trunk>& trunk,
                                                                const Joining& joining,
                                                                MakePiece make) {
  absl::MutexLock cutting(&trunk->cutting_);
  CutPtr before;
  std::vector<TrunkExit> exits;
  {
    absl::MutexLock lock(&trunk->mutex_);
    before = trunk->cut_;
    if (!Agree(*before, joining)) return nullptr;
    ++trunk->places_[joining.exit];
    exits = trunk->ExitsUpTo(std::max(joining.exit.stages, DepthOf(before->plan)));
    if (PieceOf(before->plan, joining.exit) < 0) trunk->cutting_for_ = exits;
  }
  const auto end_cutting = absl::MakeCleanup([&] {
    absl::MutexLock lock(&trunk->mutex_);
    trunk->cutting_for_.clear();
  });
  std::unique_ptr<Place> place(new Place(trunk, joining.exit));
  if (PieceOf(before->plan, joining.exit) >= 0) {
    place->bytes_ = BytesOf(trunk->PiecesTo(joining.exit));
    return place;
  }
  const Ranges ranges = RangesWith(*before, joining);
  Cut next;
  next.plan = CutTrunk(std::move(exits));
  for (const TrunkPiece& piece : next.plan) {
    const int there = FindStretch(before->plan, piece);
    if (there >= 0) {
      next.pieces.push_back(before->pieces[there]);
      continue;
    }
    GRAFT_ASSIGN_OR_RETURN(next.pieces.emplace_back(), make(piece, ranges));
  }
  place->bytes_ = BytesBelow(next, DepthOf(before->plan)) > BytesOf(before->pieces)
                      ? BytesOf(next.pieces)
                      : BytesBelow(next, joining.exit.stages);
  {
    absl::MutexLock lock(&trunk->mutex_);
    trunk->Set(next);  // `before` keeps what it was until the lock is gone
  }
  return place;
}

void Trunk::Leave(const TrunkExit& exit) {
  CutPtr before;
  absl::MutexLock lock(&mutex_);
  const auto it = places_.find(exit);
  if (--it->second > 0) return;
  places_.erase(it);
  before = Set(*cut_);
}

bool Trunk::Agrees(const Joining& joining) const { return Agree(*cut(), joining); }

std::vector<TrunkPiece> Trunk::Replacing(const TrunkExit& exit) const {
  std::vector<TrunkPiece> there;
  std::vector<TrunkExit> exits;
  int depth = 0;  // above it nothing is there
  {
    absl::MutexLock lock(&mutex_);
    there = cutting_for_.empty() ? cut_->plan : CutTrunk(cutting_for_);
    depth = DepthOf(there);
    exits = ExitsUpTo(std::max(exit.stages, depth));
  }
  if (PieceOf(there, exit) >= 0) return {};
  exits.push_back(exit);
  std::vector<TrunkPiece> replacing;
  for (const TrunkPiece& piece : CutTrunk(std::move(exits))) {
    if (piece.begin < depth && FindStretch(there, piece) < 0) replacing.push_back(piece);
  }
  return replacing;
}

absl::StatusOr<TrunkFeatures> Trunk::Run(absl::Span<const TrunkRow> rows) const {
  const CutPtr now = cut();
  for (const TrunkRow& row : rows) {
    for (const TrunkExit& exit : row.exits) {
      if (PieceOf(now->plan, exit) < 0) return absl::InternalError("nobody has a place there");
    }
  }
  const std::vector<std::vector<bool>> wanted = RowsOfPieces(now->plan, rows);
  TrunkFeatures features;
  features.plan_ = now->plan;
  features.outputs_.resize(now->plan.size());
  for (size_t piece = 0; piece < now->plan.size(); ++piece) {
    const int reads = now->plan[piece].reads;
    TrunkFeatures::Outputs& outputs = features.outputs_[piece];
    outputs.place.assign(rows.size(), -1);
    std::vector<engine::Row> inputs;
    for (size_t row = 0; row < rows.size(); ++row) {
      if (!wanted[piece][row]) continue;
      outputs.place[row] = static_cast<int>(inputs.size());
      inputs.push_back(reads < 0 ? rows[row].pixels
                                 : engine::Row{{features.outputs_[reads].of(row).data()}});
    }
    if (inputs.empty()) continue;
    const engine::Engine& engine = *now->pieces[piece]->engine;
    outputs.width = static_cast<size_t>(engine.outputs());
    outputs.values.resize(outputs.width * inputs.size());
    GRAFT_RETURN_IF_ERROR(engine.Run(inputs, outputs.values.data()));
  }
  return features;
}

uint64_t Trunk::bytes() const { return BytesOf(cut()->pieces); }

Pieces Trunk::PiecesTo(const TrunkExit& exit) const {
  const CutPtr now = cut();
  Pieces pieces;
  for (const int piece : WayTo(now->plan, PieceOf(now->plan, exit))) {
    pieces.push_back(now->pieces[piece]);
  }
  return pieces;
}

std::shared_ptr<const LoadedSegment> Trunk::LargestTo(const TrunkExit& exit) const {
  return LargestOf(PiecesTo(exit));
}

}  // namespace graft::serving
