#ifndef GRAFT_CORE_BASE_CPU_LIMIT_H_
#define GRAFT_CORE_BASE_CPU_LIMIT_H_

#include <filesystem>
#include <optional>

#include "absl/strings/string_view.h"

namespace graft {

// How many CPUs a process may use. A container on a machine of 64 cores may have the time of two:
// threads for all 64 would stand in each other's way.

// What limits a process; what is not there does not.
struct CpuLimits {
  std::optional<int> affinity;  // CPUs that the scheduler runs it on (taskset, cpuset)
  std::optional<int> cpuset;    // CPUs of its control group
  std::optional<double> quota;  // time of its control group, in CPUs: 1.5
};

// The whole number of CPUs that is worth having threads for: the least of the limits, a quota
// rounded up; at least 1. A pure function, as are the parsers.
int UsableCpus(const CpuLimits& limits);

// cgroup v2's cpu.max: "150000 100000" is 1.5, "max 100000" and what is no such text are no limit.
std::optional<double> ParseCpuMax(absl::string_view text);

// cgroup v1's cpu.cfs_quota_us and cpu.cfs_period_us: a quota of -1 is no limit.
std::optional<double> ParseCfsQuota(absl::string_view quota, absl::string_view period);

// How many CPUs a list such as "0-3,8,10-11" names (seven); nothing for an empty list or what is
// none.
std::optional<int> CountCpuSet(absl::string_view list);

// The limits of this process's control group and those above it, from the files that Linux has for
// them below `root`. What cannot be read is no limit.
CpuLimits ReadControlGroup(const std::filesystem::path& root = "/");

// What this process may use at present.
int AvailableCpus();

}  // namespace graft

#endif  // GRAFT_CORE_BASE_CPU_LIMIT_H_
