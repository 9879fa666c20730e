#ifndef GRAFT_CORE_SERVING_TRUNK_H_
#define GRAFT_CORE_SERVING_TRUNK_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"

#include "core/engine/engine.h"
#include "core/model/activation_range.h"
#include "core/nn/network_spec.h"
#include "core/serving/loaded_segment.h"
#include "core/serving/trunk_plan.h"

namespace graft::serving {

// One input of a pass, and where what models read of it comes out: at least once.
struct TrunkRow {
  engine::Row pixels;
  std::vector<TrunkExit> exits;
};

// What came out in one pass.
class TrunkFeatures {
 public:
  // At an exit that the row has.
  absl::Span<const float> of(size_t row, const TrunkExit& exit) const;

 private:
  friend class Trunk;
  struct Outputs {
    std::vector<float> values;
    size_t width = 0;
    std::vector<int> place;  // of each row of the pass, among `values`; -1: it did not come so far

    absl::Span<const float> of(size_t row) const {
      return {values.data() + static_cast<size_t>(place[row]) * width, width};
    }
  };

  std::vector<TrunkPiece> plan_;
  std::vector<Outputs> outputs_;  // of each piece
};

// The lower part of one backbone, as it is, for the models that leave it at one stage or another:
// one engine where all leave at the same, else a chain of them, cut where models leave
// (trunk_plan.h). In a pass each piece runs once, for all rows that go so far.
//
// When a model comes that leaves elsewhere the trunk is cut anew: passes under way end with the
// pieces that they began with, and models that are there already notice nothing. When the last one
// of an exit goes, the pieces go that no other needs; what is left stays cut as it is. Safe for
// concurrent use.
class Trunk {
 public:
  // `id`: among those that are in memory no other has it.
  explicit Trunk(std::string id) : id_(std::move(id)) {}
  Trunk(const Trunk&) = delete;
  Trunk& operator=(const Trunk&) = delete;

  const std::string& id() const { return id_; }

  // A model that comes. Borrowed for the call.
  struct Joining {
    TrunkExit exit;
    const nn::NetworkSpec* way = nullptr;  // what runs up to the exit
    // Of the layers that it has for 8-bit integers; none: it is not computed in them.
    const std::vector<model::ActivationRange>* ranges = nullptr;
  };

  // A model's place in a trunk, or that of one which is expected: what its exit needs stays there
  // as long as this does. Immutable.
  class Place {
   public:
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { trunk_->Leave(exit_); }

    const Trunk& trunk() const { return *trunk_; }
    const TrunkExit& exit() const { return exit_; }

    // What the model is to be counted with, of a trunk that counts once, as the model with the most
    // has it: what engines take up to its exit. Where it had the trunk cut, and the pieces take
    // more than what they replaced: what the whole trunk takes.
    uint64_t bytes() const { return bytes_; }

   private:
    friend class Trunk;
    Place(std::shared_ptr<Trunk> trunk, const TrunkExit& exit)
        : trunk_(std::move(trunk)), exit_(exit) {}

    const std::shared_ptr<Trunk> trunk_;
    const TrunkExit exit_;
    uint64_t bytes_ = 0;  // constant once it has joined
  };

  // For a model that is about to join: whoever has the trunk cut meanwhile has it cut for this
  // exit, too. What only this exit needs nobody makes before it joins.
  static std::unique_ptr<const Place> Expect(const std::shared_ptr<Trunk>& trunk,
                                             const TrunkExit& exit);

  // Makes a piece; of `ranges` those of its layers count.
  using MakePiece = absl::FunctionRef<absl::StatusOr<std::shared_ptr<const LoadedSegment>>(
      const TrunkPiece& piece, const std::vector<model::ActivationRange>& ranges)>;

  // Has the pieces made that the model needs and the trunk has not; one after the other where
  // several join. Null where they do not agree: a layer below the exit is not computed as the
  // model's ranges say. Errors of `make`: the trunk is as it was.
  static absl::StatusOr<std::unique_ptr<const Place>> Join(const std::shared_ptr<Trunk>& trunk,
                                                           const Joining& joining, MakePiece make);

  // Whether a model could join now.
  bool Agrees(const Joining& joining) const ABSL_LOCKS_EXCLUDED(mutex_);
  // What would be made for a model with this exit in place of what is there, or is being made: both
  // are in memory until all is.
  std::vector<TrunkPiece> Replacing(const TrunkExit& exit) const ABSL_LOCKS_EXCLUDED(mutex_);

  // The features of each row at its exits, all of which somebody has a place at. Errors of engines;
  // throws where memory is short.
  absl::StatusOr<TrunkFeatures> Run(absl::Span<const TrunkRow> rows) const
      ABSL_LOCKS_EXCLUDED(mutex_);

  // How many rows a pass had best have: as the piece that takes longest has it.
  int rows_at_once() const { return rows_at_once_.load(std::memory_order_relaxed); }

  // What engines take to run it.
  uint64_t bytes() const ABSL_LOCKS_EXCLUDED(mutex_);

  // The pieces up to an exit, lowest first, and the one among them that takes longest.
  std::vector<std::shared_ptr<const LoadedSegment>> PiecesTo(const TrunkExit& exit) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  std::shared_ptr<const LoadedSegment> LargestTo(const TrunkExit& exit) const
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Ranges = std::vector<model::ActivationRange>;
  // How it is cut, and what runs each piece.
  struct Cut {
    std::vector<TrunkPiece> plan;
    std::vector<std::shared_ptr<const LoadedSegment>> pieces;  // of `plan`
  };
  using CutPtr = std::shared_ptr<const Cut>;

  // What engines take for the pieces that end with stage `stages` - 1 or below it.
  static uint64_t BytesBelow(const Cut& cut, int stages);
  static bool Agree(const Cut& cut, const Joining& joining);
  // Of the cut's layers, and of the model's that it has not.
  static Ranges RangesWith(const Cut& cut, const Joining& joining);
  // What is left where only these exits are needed.
  static CutPtr Needed(const Cut& cut, const std::vector<TrunkExit>& exits);

  CutPtr cut() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Those behind no more stages, lowest first.
  std::vector<TrunkExit> ExitsUpTo(int stages) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Lets go of what nobody needs, and gives what was there before, to be destroyed without the
  // lock.
  CutPtr Set(const Cut& next) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Leave(const TrunkExit& exit) ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string id_;

  absl::Mutex cutting_;        // held while pieces are made; before mutex_
  mutable absl::Mutex mutex_;  // no other is taken while it is held
  std::map<TrunkExit, int> places_ ABSL_GUARDED_BY(mutex_);  // how many have each exit
  // For which exits pieces are being made at this time.
  std::vector<TrunkExit> cutting_for_ ABSL_GUARDED_BY(mutex_);
  CutPtr cut_ ABSL_GUARDED_BY(mutex_) = std::make_shared<const Cut>();
  std::atomic<int> rows_at_once_{1};  // of cut_
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_TRUNK_H_
