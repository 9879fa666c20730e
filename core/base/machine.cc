#include "core/base/machine.h"

#include <fstream>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace graft {

std::string ParseProcessor(absl::string_view cpuinfo) {
  std::map<std::string, std::string> fields;
  for (const absl::string_view line : absl::StrSplit(cpuinfo, '\n')) {
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    // Of the first processor that says so.
    fields.emplace(absl::StripAsciiWhitespace(field.first),
                   absl::StripAsciiWhitespace(field.second));
  }
  const auto at = [&](const char* name) {
    const auto it = fields.find(name);
    return it == fields.end() ? std::string() : it->second;
  };
  const std::string numbers = absl::StrCat(at("cpu family"), "/", at("model"), "/", at("stepping"));
  std::string name =
      absl::StrCat(at("vendor_id"), " ", numbers == "//" ? "" : numbers, " ", at("model name"));
  absl::StrReplaceAll({{"\t", " "}}, &name);
  absl::RemoveExtraAsciiWhitespace(&name);
  return name.empty() ? "unknown" : name;
}

std::string ProcessorName(const std::filesystem::path& root) {
  std::ifstream file(root / "proc/cpuinfo");
  return ParseProcessor(std::string(std::istreambuf_iterator<char>(file), {}));
}

}  // namespace graft
