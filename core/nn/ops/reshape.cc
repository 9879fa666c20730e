#include "core/nn/ops/reshape.h"

#include "core/base/status_macros.h"
#include "core/nn/ops/check.h"

namespace graft::nn {

absl::Status Flatten::Check() const { return absl::OkStatus(); }
absl::StatusOr<Shape> Flatten::OutputShape(absl::Span<const Shape> in) const {
  return Shape{in[0].elements()};
}

absl::Status MapToTokens::Check() const { return absl::OkStatus(); }
absl::StatusOr<Shape> MapToTokens::OutputShape(absl::Span<const Shape> in) const {
  if (in[0].rank() != 3) return CheckMap(in[0], 0);
  return Shape{in[0][1] * in[0][2], in[0][0]};
}

absl::Status ClassToken::Check() const {
  if (channels < 1) return absl::InvalidArgumentError("has sizes that make no token");
  return absl::OkStatus();
}
std::vector<Slot> ClassToken::Slots() const {  // As timm draws it.
  return {{.suffix = "", .shape = {1, 1, channels}, .init = {Init::Kind::kNormal, 1e-6}}};
}
absl::StatusOr<Shape> ClassToken::OutputShape(absl::Span<const Shape> in) const {
  GRAFT_RETURN_IF_ERROR(CheckTokens(in[0]));
  GRAFT_RETURN_IF_ERROR(CheckLast(in[0], channels));
  return Shape{in[0][0] + 1, channels};
}
int64_t ClassToken::Flops(absl::Span<const Shape>, const Shape&) const { return 0; }
int64_t ClassToken::ScratchBytes(absl::Span<const Shape>, const Shape&) const { return 0; }

absl::Status PositionEmbedding::Check() const {
  if (tokens < 1 || channels < 1)
    return absl::InvalidArgumentError("has sizes that make no positions");
  return absl::OkStatus();
}
std::vector<Slot> PositionEmbedding::Slots() const {
  return {{.suffix = "", .shape = {1, tokens, channels}, .init = {Init::Kind::kNormal, 0.02}}};
}
absl::StatusOr<Shape> PositionEmbedding::OutputShape(absl::Span<const Shape> in) const {
  if (!(in[0] == Shape{tokens, channels})) {
    return absl::InvalidArgumentError(
        absl::StrCat("has learnt positions for ", Shape{tokens, channels}.ToString(), " and gets ",
                     in[0].ToString(), ": give the image size that the network was made for"));
  }
  return in[0];
}
int64_t PositionEmbedding::Flops(absl::Span<const Shape>, const Shape&) const { return 0; }
int64_t PositionEmbedding::ScratchBytes(absl::Span<const Shape>, const Shape&) const { return 0; }

absl::Status TokensToMap::Check() const { return absl::OkStatus(); }
absl::StatusOr<Shape> TokensToMap::OutputShape(absl::Span<const Shape> in) const {
  GRAFT_RETURN_IF_ERROR(CheckTokens(in[0]));
  if (in[1].rank() != 3) return CheckMap(in[1], 0);
  if (in[0][0] != in[1][1] * in[1][2]) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", in[0][0], " tokens for the places of ", in[1].ToString()));
  }
  return Shape{in[0][1], in[1][1], in[1][2]};
}

absl::Status ConcatChannels::Check() const { return absl::OkStatus(); }
absl::StatusOr<Shape> ConcatChannels::OutputShape(absl::Span<const Shape> in) const {
  int64_t channels = 0;
  for (const Shape& shape : in) {
    if (shape.rank() != 3 || shape[1] != in[0][1] || shape[2] != in[0][2]) {
      return absl::InvalidArgumentError(absl::StrCat(
          "joins maps of different sizes: ", in[0].ToString(), " and ", shape.ToString()));
    }
    channels += shape[0];
  }
  return Shape{channels, in[0][1], in[0][2]};
}

absl::Status Concat::Check() const { return absl::OkStatus(); }
absl::StatusOr<Shape> Concat::OutputShape(absl::Span<const Shape> in) const {
  int64_t last = 0;
  for (const Shape& shape : in) {
    if (shape.rank() == 0 || !(shape.WithLast(0) == in[0].WithLast(0))) {
      return absl::InvalidArgumentError(absl::StrCat(
          "joins shapes that differ in more than the last dimension: ", in[0].ToString(), " and ",
          shape.ToString()));
    }
    last += shape.back();
  }
  return in[0].WithLast(last);
}

}  // namespace graft::nn
