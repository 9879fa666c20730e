#ifndef GRAFT_CORE_DATA_BATCH_LOADER_H_
#define GRAFT_CORE_DATA_BATCH_LOADER_H_

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace graft::data {

struct ImageBatch {
  std::vector<float> values;   // [positions.size(), values_per_image]
  std::vector<int> positions;  // 0, 1, 2 ... in the order of the whole run
};

// Prepares images on threads of its own, a few batches ahead, and hands them out in order: what
// comes out does not depend on how many threads there are. Next is called by one thread.
class BatchLoader {
 public:
  struct Options {
    int count = 0;       // images in all
    int batch_size = 1;  // the last batch may be smaller
    size_t values_per_image = 0;
    int threads = 1;
    int batches_ahead = 2;
  };
  // Writes the image at `position` (0 .. count-1) to `out`. Called from several threads at a time.
  using Prepare = std::function<absl::Status(int position, float* out)>;

  BatchLoader(const Options& options, Prepare prepare);
  // Stops after the images being prepared.
  ~BatchLoader();

  // The next batch, nothing behind the last, or the error of its first image that failed.
  absl::StatusOr<std::optional<ImageBatch>> Next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_BATCH_LOADER_H_
