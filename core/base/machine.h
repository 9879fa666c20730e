#ifndef GRAFT_CORE_BASE_MACHINE_H_
#define GRAFT_CORE_BASE_MACHINE_H_

#include <filesystem>
#include <string>

#include "absl/strings/string_view.h"

namespace graft {

// The processor that /proc/cpuinfo of Linux tells of, the same on all machines of a kind: vendor,
// family, model, stepping and name, as far as they are there ("AuthenticAMD 26/2/1 AMD EPYC").
// "unknown" where none is. Pure.
std::string ParseProcessor(absl::string_view cpuinfo);

// That of this machine.
std::string ProcessorName(const std::filesystem::path& root = "/");

}  // namespace graft

#endif  // GRAFT_CORE_BASE_MACHINE_H_
