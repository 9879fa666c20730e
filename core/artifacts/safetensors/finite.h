#ifndef GRAFT_CORE_ARTIFACTS_SAFETENSORS_FINITE_H_
#define GRAFT_CORE_ARTIFACTS_SAFETENSORS_FINITE_H_

#include "absl/strings/string_view.h"

#include "core/artifacts/safetensors/dtype.h"

namespace graft::artifacts {

// Whether none of these numbers is NaN or an infinity; true for types that have none. `bytes`:
// little-endian elements of `dtype`, whole ones, aligned or not. Pure.
bool AllFinite(DType dtype, absl::string_view bytes);

}  // namespace graft::artifacts

#endif  // GRAFT_CORE_ARTIFACTS_SAFETENSORS_FINITE_H_
