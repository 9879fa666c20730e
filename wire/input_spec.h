#ifndef GRAFT_WIRE_INPUT_SPEC_H_
#define GRAFT_WIRE_INPUT_SPEC_H_

#include "graft/v1/common.pb.h"

#include "core/model/input_spec.h"

namespace graft::wire {

// How an image is prepared, as core/ has it -> as the API says it. Pure.
v1::InputSpec ToProto(const model::InputSpec& spec);

}  // namespace graft::wire

#endif  // GRAFT_WIRE_INPUT_SPEC_H_
