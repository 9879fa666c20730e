#ifndef GRAFT_CORE_NN_TORCH_ERROR_H_
#define GRAFT_CORE_NN_TORCH_ERROR_H_

#include <exception>
#include <new>
#include <type_traits>

#include <c10/util/Exception.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace graft::nn {

// INTERNAL "context: what LibTorch said" without its stack trace, which names source paths;
// RESOURCE_EXHAUSTED where memory ran out.
inline absl::Status TorchErrorStatus(absl::string_view context, const std::exception& error) {
  if (const auto* torch = dynamic_cast<const c10::Error*>(&error)) {
    const std::string message = absl::StrCat(context, ": ", torch->what_without_backtrace());
    const bool memory = dynamic_cast<const c10::OutOfMemoryError*>(torch) != nullptr ||
                        message.find("can't allocate memory") != std::string::npos;
    return memory ? absl::ResourceExhaustedError(message) : absl::InternalError(message);
  }
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
    return absl::ResourceExhaustedError(absl::StrCat(context, ": out of memory"));
  }
  return absl::InternalError(absl::StrCat(context, ": ", error.what()));
}

// Runs `body`, which returns Status or StatusOr, and turns what LibTorch throws into a Status.
template <typename Body>
auto CatchTorchErrors(absl::string_view context, Body&& body) -> std::invoke_result_t<Body> {
  try {
    return body();
  } catch (const std::exception& error) {
    return TorchErrorStatus(context, error);
  }
}

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_TORCH_ERROR_H_
