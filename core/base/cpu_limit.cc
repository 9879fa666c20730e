#include "core/base/cpu_limit.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <sched.h>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFileBytes = 1 << 16;
// More than any machine has; a list beyond it is none.
constexpr int kMaxCpus = 1 << 20;

// "" for a file that is not there. These have no size until they are read.
std::string Content(const fs::path& file) {
  std::ifstream stream(file);
  std::string text(kMaxFileBytes, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(stream.gcount()));
  return text;
}

template <typename T>
void Least(std::optional<T>* least, std::optional<T> value) {
  if (value.has_value()) *least = least->has_value() ? std::min(**least, *value) : *value;
}

// A control group's folder and those above it, itself first. In a container the path may be the
// host's, and only the top is there.
std::vector<fs::path> FoldersUp(const fs::path& top, absl::string_view group) {
  std::vector<fs::path> folders;
  if (!absl::StrContains(group, "..")) {
    fs::path relative(std::string(absl::StripAsciiWhitespace(group)));
    relative = relative.relative_path();
    for (; !relative.empty(); relative = relative.parent_path()) folders.push_back(top / relative);
  }
  folders.push_back(top);
  return folders;
}

std::optional<int> ReadAffinity() {
  for (int cpus = 1024; cpus <= kMaxCpus; cpus *= 2) {
    cpu_set_t* const set = CPU_ALLOC(static_cast<size_t>(cpus));
    if (set == nullptr) return std::nullopt;
    const size_t bytes = CPU_ALLOC_SIZE(static_cast<size_t>(cpus));
    const bool read = sched_getaffinity(0, bytes, set) == 0;
    const int count = read ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
  }
  return std::nullopt;
}

}  // namespace

int UsableCpus(const CpuLimits& limits) {
  std::optional<int> least = limits.affinity;
  Least(&least, limits.cpuset);
  if (limits.quota.has_value()) Least(&least, std::optional<int>(std::ceil(*limits.quota)));
  return std::max(least.value_or(1), 1);
}

std::optional<double> ParseCpuMax(absl::string_view text) {
  const std::vector<absl::string_view> words =
      absl::StrSplit(text, absl::ByAnyChar(" \t\n"), absl::SkipEmpty());
  if (words.size() != 2) return std::nullopt;
  return ParseCfsQuota(words[0], words[1]);
}

std::optional<double> ParseCfsQuota(absl::string_view quota, absl::string_view period) {
  int64_t used = 0;
  int64_t of = 0;
  if (!absl::SimpleAtoi(quota, &used) || !absl::SimpleAtoi(period, &of)) return std::nullopt;
  if (used <= 0 || of <= 0) return std::nullopt;
  const double cpus = static_cast<double>(used) / static_cast<double>(of);
  return cpus <= kMaxCpus ? std::optional<double>(cpus) : std::nullopt;
}

std::optional<int> CountCpuSet(absl::string_view list) {
  int count = 0;
  for (absl::string_view part : absl::StrSplit(absl::StripAsciiWhitespace(list), ',')) {
    const std::vector<absl::string_view> ends = absl::StrSplit(part, '-');
    int first = 0;
    int last = 0;
    if (ends.size() > 2 || !absl::SimpleAtoi(ends.front(), &first) ||
        !absl::SimpleAtoi(ends.back(), &last)) {
      return std::nullopt;
    }
    if (first < 0 || last < first || last >= kMaxCpus) return std::nullopt;
    count += last - first + 1;
    if (count > kMaxCpus) return std::nullopt;
  }
  return count;
}

CpuLimits ReadControlGroup(const fs::path& root) {
  CpuLimits limits;
  const fs::path mounted = root / "sys/fs/cgroup";
  const auto read_cpuset = [&](const std::vector<fs::path>& folders, const char* file) {
    // The nearest that says something: it is within those above it.
    for (const fs::path& folder : folders) {
      if (limits.cpuset.has_value()) return;
      limits.cpuset = CountCpuSet(Content(folder / file));
    }
  };
  // Lines are "<number>:<controllers>:<path>"; version 2 has one without controllers.
  for (absl::string_view line : absl::StrSplit(Content(root / "proc/self/cgroup"), '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3) continue;
    if (fields[1].empty()) {
      const std::vector<fs::path> folders = FoldersUp(mounted, fields[2]);
      for (const fs::path& folder : folders) {
        Least(&limits.quota, ParseCpuMax(Content(folder / "cpu.max")));
      }
      read_cpuset(folders, "cpuset.cpus.effective");
      continue;
    }
    for (absl::string_view controller : absl::StrSplit(fields[1], ',')) {
      const std::vector<fs::path> folders = FoldersUp(mounted / std::string(controller), fields[2]);
      if (controller == "cpu") {
        for (const fs::path& folder : folders) {
          Least(&limits.quota,
                ParseCfsQuota(absl::StripAsciiWhitespace(Content(folder / "cpu.cfs_quota_us")),
                              absl::StripAsciiWhitespace(Content(folder / "cpu.cfs_period_us"))));
        }
      } else if (controller == "cpuset") {
        read_cpuset(folders, "cpuset.effective_cpus");
        read_cpuset(folders, "cpuset.cpus");
      }
    }
  }
  return limits;
}

int AvailableCpus() {
  CpuLimits limits = ReadControlGroup();
  limits.affinity = ReadAffinity();
  if (!limits.affinity.has_value()) {
    const unsigned online = std::thread::hardware_concurrency();
    if (online > 0) limits.affinity = static_cast<int>(online);
  }
  return UsableCpus(limits);
}

}  // namespace graft
