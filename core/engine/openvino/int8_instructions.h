#ifndef GRAFT_CORE_ENGINE_OPENVINO_INT8_INSTRUCTIONS_H_
#define GRAFT_CORE_ENGINE_OPENVINO_INT8_INSTRUCTIONS_H_

namespace graft::engine {

// Whether the processor multiplies 8-bit integers and adds up the products in 32 bits in one
// instruction (VNNI). OpenVINO computes in 8-bit integers without it as well, and gains little.
bool HasInt8Instructions();

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_OPENVINO_INT8_INSTRUCTIONS_H_
