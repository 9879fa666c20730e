#ifndef GRAFT_CORE_SERVING_REQUEST_PARTS_H_
#define GRAFT_CORE_SERVING_REQUEST_PARTS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "core/serving/servable.h"

namespace graft::serving {

// The models of a request that take their inputs alike and share a network's lower part: each input
// is decoded, and passes through that part, once for all of them.
struct RequestPart {
  std::vector<int> models;                                 // indices of the request's
  std::vector<std::shared_ptr<const Servable>> servables;  // those; any prepares for all
  // Inputs that go to the network together: alone, the first one decoded would make a batch of one.
  // A request beyond one batch is decoded and computed side by side.
  int chunk = 1;
  std::vector<PreparedInput> prepared;  // of the request's inputs
  std::vector<int> chunk_left;          // inputs of each chunk that are still to be decoded
};

// Divides the models of a request of so many inputs. Models stay in their order. Pure.
std::vector<RequestPart> DivideRequest(const std::vector<std::shared_ptr<const Servable>>& models,
                                       int inputs, int max_batch_size);

// Memory of all prepared inputs of `parts`.
uint64_t PreparedBytes(const std::vector<RequestPart>& parts);

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_REQUEST_PARTS_H_
