#ifndef GRAFT_CORE_NN_OPS_CHECK_H_
#define GRAFT_CORE_NN_OPS_CHECK_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "core/nn/shape.h"

namespace graft::nn {

// What an operation says of its inputs; network_spec puts the node's name before it.

// Whether `in` is a feature map of `channels`.
inline absl::Status CheckMap(const Shape& in, int64_t channels) {
  if (in.rank() != 3) {
    return absl::InvalidArgumentError(
        absl::StrCat("takes [channels, height, width] and gets ", in.ToString()));
  }
  if (in[0] == channels) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("takes ", channels, " channels and gets ", in[0]));
}

// Whether the last dimension of `in` is `channels`.
inline absl::Status CheckLast(const Shape& in, int64_t channels) {
  if (in.rank() > 0 && in.back() == channels) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("takes ", channels, " channels and gets ", in.ToString()));
}

// Whether `in` is [tokens, channels].
inline absl::Status CheckTokens(const Shape& in) {
  if (in.rank() == 2) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("takes [tokens, channels] and gets ", in.ToString()));
}

// Whether `mask` has one number a token of `in`.
inline absl::Status CheckMask(const Shape& mask, const Shape& in) {
  if (mask == Shape{in[0]}) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("takes a mask of ", in[0], " tokens and gets ", mask.ToString()));
}

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_OPS_CHECK_H_
