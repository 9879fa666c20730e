#include "client/cli/timing.h"

#include "absl/strings/str_format.h"

namespace graft::cli {
namespace {

double Milliseconds(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) * 1e3 +
         static_cast<double>(duration.nanos()) / 1e6;
}

}  // namespace

std::string FormatTiming(const v1::PredictTiming& timing) {
  return absl::StrFormat("%.1f ms (queue %.1f, decode %.1f, compute %.1f)",
                         Milliseconds(timing.total()), Milliseconds(timing.queue()),
                         Milliseconds(timing.decode()), Milliseconds(timing.compute()));
}

}  // namespace graft::cli
