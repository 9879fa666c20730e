#include "wire/input_spec.h"

namespace graft {

v1::InputSpec ToProto(const InputSpec& spec) {
  v1::InputSpec proto;
  proto.set_height(spec.height);
  proto.set_width(spec.width);
  proto.set_crop_fraction(spec.crop_fraction);
  proto.set_interpolation(spec.interpolation == Interpolation::kBilinear ? "bilinear" : "bicubic");
  for (const float mean : spec.mean) proto.add_mean(mean);
  for (const float std : spec.std) proto.add_std(std);
  proto.set_channel_order(spec.channel_order == ChannelOrder::kBgr ? "bgr" : "rgb");
  proto.set_value_range(spec.value_range);
  proto.set_framing(std::string(FramingName(spec.framing)));
  return proto;
}

}  // namespace graft
