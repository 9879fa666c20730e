#include "server/app/serving_engines.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/nn/device_names.h"

namespace graft::server {
namespace {

absl::StatusOr<std::string> DeviceOf(absl::string_view flag, absl::string_view asked) {
  absl::StatusOr<std::string> device = nn::ResolveDevice(asked);
  if (device.ok()) return device;
  return Annotate(device.status(), flag);
}

}  // namespace

absl::StatusOr<ServingEngines> ChooseServingEngines(const ServerConfig& config) {
  GRAFT_RETURN_IF_ERROR(DeviceOf("--worker-device", config.worker_device).status());
  ServingEngines chosen;
  GRAFT_ASSIGN_OR_RETURN(chosen.device, DeviceOf("--serving-device", config.serving_device));
  GRAFT_ASSIGN_OR_RETURN(chosen.engines,
                         engine::EnginesOn(chosen.device, config.serving_engine == "libtorch"));
  // Empty for "auto", which is no precision.
  const std::optional<model::Precision> precision =
      model::PrecisionFromName(config.serving_precision);
  const bool computes =
      !precision.has_value() ||
      std::any_of(chosen.engines.begin(), chosen.engines.end(),
                  [&](const auto& each) { return each->precision() == *precision; });
  if (computes) return chosen;
  return absl::InvalidArgumentError(absl::StrCat(
      "--serving-precision: no engine of ", chosen.device, " computes in ",
      config.serving_precision, config.serving_engine == "libtorch" ? " with LibTorch alone" : "",
      "; say auto or f32"));
}

}  // namespace graft::server
