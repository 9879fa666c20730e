#include "core/data/image_folder.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "core/base/status_macros.h"
#include "core/data/archive_reader.h"

namespace graft {
namespace {

using Parts = std::vector<std::string>;

Parts SplitPath(const std::string& name) { return absl::StrSplit(name, '/'); }

std::optional<Split> SplitOfFolder(const std::string& folder) {
  const std::string name = absl::AsciiStrToLower(folder);
  if (name == "train" || name == "training") return Split::kTrain;
  if (name == "val" || name == "valid" || name == "validation") return Split::kValidation;
  if (name == "test" || name == "testing") return Split::kTest;
  return std::nullopt;
}

// How many leading folders all images share without one of them being a class or a part: each is
// taken off only if every image lies at least two folders below it, or in a split below it.
size_t SharedRoot(const std::vector<Parts>& images) {
  size_t root = 0;
  while (true) {
    const std::string& candidate = images[0][root];
    for (const Parts& parts : images) {
      // Below the candidate there must be a class folder and the image itself.
      if (parts.size() < root + 3 || parts[root] != candidate) return root;
    }
    if (SplitOfFolder(candidate).has_value()) return root;
    ++root;
  }
}

absl::Status CheckClasses(const FolderLayout& layout, const std::vector<std::string>& folders,
                          size_t class_level, int max_classes) {
  if (layout.classes.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("only one class, '", PrintableName(layout.classes[0]),
                     "': a classifier needs two or more, one folder each"));
  }
  if (static_cast<int>(layout.classes.size()) > max_classes) {
    return absl::InvalidArgumentError(
        absl::StrCat(layout.classes.size(), " classes; at most ", max_classes, " are allowed"));
  }
  const std::set<std::string> known(layout.classes.begin(), layout.classes.end());
  for (const std::string& folder : folders) {
    const Parts parts = SplitPath(folder);
    if (parts.size() == class_level + 1 && !known.contains(parts[class_level]) &&
        !(class_level == 0 && SplitOfFolder(parts[0]).has_value())) {
      return absl::InvalidArgumentError(
          absl::StrCat("class folder '", PrintableName(folder),
                       "' has no images: put some in or take the folder out"));
    }
  }
  std::vector<bool> trains(layout.classes.size(), false);
  for (const FolderLabel& label : layout.labels) {
    if (label.split == Split::kTrain || label.split == Split::kUnassigned) {
      trains[static_cast<size_t>(label.class_index)] = true;
    }
  }
  for (size_t c = 0; c < trains.size(); ++c) {
    if (!trains[c]) {
      return absl::InvalidArgumentError(absl::StrCat("class '", PrintableName(layout.classes[c]),
                                                     "' has no images in the train folder"));
    }
  }
  return absl::OkStatus();
}

// A train folder with classes in it means parts; taken for a class it would be learned as one.
template <typename F>
absl::Status CheckNoTrainFolder(const std::vector<std::string>& images,
                                const std::vector<Parts>& paths, size_t root, F&& in_part) {
  const bool trains = std::any_of(paths.begin(), paths.end(), [&](const Parts& parts) {
    return in_part(parts) && SplitOfFolder(parts[root]) == Split::kTrain;
  });
  if (!trains) return absl::OkStatus();
  const auto stray = std::find_if_not(paths.begin(), paths.end(), in_part) - paths.begin();
  return absl::InvalidArgumentError(
      absl::StrCat("'", PrintableName(images[static_cast<size_t>(stray)]),
                   "' is in no class folder of a part, but others are: put it into one, as in "
                   "train/cats/1.jpg, or take it out"));
}

}  // namespace

absl::StatusOr<FolderLayout> LayOutImageFolder(const std::vector<std::string>& images,
                                               const std::vector<std::string>& folders,
                                               int max_classes) {
  if (images.empty()) {
    return absl::InvalidArgumentError(
        "no images: put the photographs into one folder a class, as in cats/1.jpg and dogs/1.jpg");
  }
  std::vector<Parts> paths;
  paths.reserve(images.size());
  for (const std::string& name : images) paths.push_back(SplitPath(name));
  const size_t root = SharedRoot(paths);

  const auto in_part = [&](const Parts& parts) {
    return parts.size() >= root + 3 && SplitOfFolder(parts[root]).has_value();
  };
  const bool has_splits = std::all_of(paths.begin(), paths.end(), in_part);
  if (!has_splits) GRAFT_RETURN_IF_ERROR(CheckNoTrainFolder(images, paths, root, in_part));
  const size_t class_level = has_splits ? root + 1 : root;

  std::map<std::string, int> indices;  // sorted, as ImageFolder's classes are
  bool nested = false;
  for (size_t i = 0; i < paths.size(); ++i) {
    if (paths[i].size() < class_level + 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", PrintableName(images[i]),
                       "' is in no class folder: put each image into a folder named after its "
                       "class, as in cats/1.jpg"));
    }
    nested = nested || paths[i].size() > class_level + 2;
    indices[paths[i][class_level]] = 0;
  }
  FolderLayout layout;
  for (auto& [name, index] : indices) {
    index = static_cast<int>(layout.classes.size());
    layout.classes.push_back(name);
  }
  for (const Parts& parts : paths) {
    FolderLabel label;
    label.class_index = indices[parts[class_level]];
    if (has_splits) label.split = *SplitOfFolder(parts[root]);
    layout.labels.push_back(label);
  }
  absl::Status status = CheckClasses(layout, folders, class_level, max_classes);
  if (!status.ok()) return status;
  if (nested) {
    layout.warnings.push_back(
        "some class folders have folders of their own; their images belong to the class");
  }
  return layout;
}

}  // namespace graft
