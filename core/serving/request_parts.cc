#include "core/serving/request_parts.h"

#include <algorithm>

namespace graft::serving {

std::vector<RequestPart> DivideRequest(const std::vector<std::shared_ptr<const Servable>>& models,
                                       int inputs, int max_batch_size) {
  std::vector<RequestPart> parts;
  for (size_t i = 0; i < models.size(); ++i) {
    const Servable& model = *models[i];
    auto part = std::find_if(parts.begin(), parts.end(), [&](const RequestPart& each) {
      const Servable& first = *each.servables.front();
      return first.batch_key() == model.batch_key() && first.input_key() == model.input_key();
    });
    if (part == parts.end()) {
      part = parts.emplace(parts.end());
      part->chunk = std::min(max_batch_size, model.max_rows());
      part->prepared.resize(static_cast<size_t>(inputs));
      for (int at = 0; at < inputs; at += part->chunk) {
        part->chunk_left.push_back(std::min(part->chunk, inputs - at));
      }
    }
    part->models.push_back(static_cast<int>(i));
    part->servables.push_back(models[i]);
  }
  return parts;
}

uint64_t PreparedBytes(const std::vector<RequestPart>& parts) {
  uint64_t bytes = 0;
  for (const RequestPart& part : parts) {
    bytes += part.servables.front()->prepared_bytes() * part.prepared.size();
  }
  return bytes;
}

}  // namespace graft::serving
