#include "core/data/left_out.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "core/data/archive_names.h"

namespace graft::data {
namespace {

constexpr size_t kHiddenNamed = 3;
constexpr absl::string_view kArchiveReason = "an archive within the archive, which is not unpacked";

}  // namespace

void LeftOut::AddBroken(absl::string_view name, absl::string_view reason) {
  broken_.push_back({std::string(name), std::string(reason)});
}

void LeftOut::AddOther(absl::string_view name, absl::string_view reason) {
  others_.push_back({std::string(name), std::string(reason)});
}

void LeftOut::AddArchive(absl::string_view name) {
  if (archives_total_++ == 0) archive_ = PrintableName(name);
  AddOther(name, kArchiveReason);
}

void LeftOut::AddHidden(absl::string_view name) {
  ++hidden_total_;
  if (hidden_.size() < kHiddenNamed) hidden_.push_back(PrintableName(name));
}

std::string LeftOut::Hint() const {
  if (!broken_.empty()) {
    return absl::StrCat(" (", broken_.size(), broken_.size() == 1 ? " image" : " images",
                        " could not be read: ", PrintableName(broken_[0].name), ": ",
                        broken_[0].reason, ")");
  }
  if (archives_total_ > 0) {
    return absl::StrCat(" (", archives_total_, archives_total_ == 1 ? " archive" : " archives",
                        " within the archive, as '", archive_,
                        "', are not opened: unpack them first and pack the folders)");
  }
  if (!others_.empty()) {
    return absl::StrCat(" (", others_.size(), others_.size() == 1 ? " file is" : " files are",
                        " no image: ", PrintableName(others_[0].name), ": ", others_[0].reason,
                        ")");
  }
  return "";
}

std::string LeftOut::DescribeBroken(size_t images) const {
  constexpr size_t kNamed = 5;
  std::string message = absl::StrCat(broken_.size(), " of ", images, " images cannot be read:");
  for (size_t i = 0; i < std::min(kNamed, broken_.size()); ++i) {
    const bool same = i > 0 && broken_[i].reason == broken_[i - 1].reason;
    absl::StrAppend(&message, i == 0 ? " " : "; ", PrintableName(broken_[i].name), ": ",
                    same ? "the same" : broken_[i].reason);
  }
  if (broken_.size() > kNamed) {
    absl::StrAppend(&message, "; and ", broken_.size() - kNamed, " more");
  }
  return message;
}

void LeftOut::Report(size_t max_listed, DatasetManifest& manifest) const {
  manifest.skipped_total = static_cast<int64_t>(broken_.size() + others_.size()) + hidden_total_;
  std::vector<SkippedEntry>& listed = manifest.skipped;
  const auto list = [&](absl::string_view name, absl::string_view reason) {
    if (listed.size() < max_listed) listed.push_back({PrintableName(name), std::string(reason)});
  };
  for (const SkippedEntry& entry : broken_) list(entry.name, entry.reason);
  for (const SkippedEntry& entry : others_) list(entry.name, entry.reason);
  for (size_t i = 0; i < hidden_.size(); ++i) {
    const int64_t rest = hidden_total_ - static_cast<int64_t>(hidden_.size());
    const bool last = i + 1 == hidden_.size();
    list(hidden_[i],
         last && rest > 0 ? absl::StrCat("a hidden file, as ", rest, " more") : "a hidden file");
  }
}

}  // namespace graft::data
