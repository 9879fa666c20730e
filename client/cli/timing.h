#ifndef GRAFT_CLIENT_CLI_TIMING_H_
#define GRAFT_CLIENT_CLI_TIMING_H_

#include <string>

#include "graft/v1/prediction.pb.h"

namespace graft::cli {

// "12.3 ms (queue 0.1, decode 4.0, compute 8.1)".
std::string FormatTiming(const v1::PredictTiming& timing);

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_TIMING_H_
