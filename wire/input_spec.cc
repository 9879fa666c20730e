#include "wire/input_spec.h"

namespace graft::wire {

v1::InputSpec ToProto(const model::InputSpec& spec) {
  v1::InputSpec proto;
  proto.set_height(spec.height);
  proto.set_width(spec.width);
  proto.set_crop_fraction(spec.crop_fraction);
  proto.set_interpolation(spec.interpolation == model::Interpolation::kBilinear ? "bilinear"
                                                                                : "bicubic");
  for (const float mean : spec.mean) proto.add_mean(mean);
  for (const float std : spec.std) proto.add_std(std);
  proto.set_channel_order(spec.channel_order == model::ChannelOrder::kBgr ? "bgr" : "rgb");
  proto.set_value_range(spec.value_range);
  proto.set_framing(std::string(model::FramingName(spec.framing)));
  return proto;
}

}  // namespace graft::wire
