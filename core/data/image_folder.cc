#include "core/data/image_folder.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/data/archive_reader.h"

namespace graft {
namespace {

// A name and its parts, found anew each time: kept apart, the parts of many deep names would fill
// the memory.
class Path {
 public:
  explicit Path(absl::string_view name)
      : name_(name), size_(1 + static_cast<size_t>(std::count(name.begin(), name.end(), '/'))) {}

  size_t size() const { return size_; }
  absl::string_view operator[](size_t index) const {
    absl::string_view rest = name_;
    for (; index > 0; --index) rest.remove_prefix(rest.find('/') + 1);
    return rest.substr(0, rest.find('/'));
  }
  // The first `count` parts.
  absl::string_view Prefix(size_t count) const {
    const absl::string_view last = (*this)[count - 1];
    return name_.substr(0, static_cast<size_t>(last.end() - name_.begin()));
  }

 private:
  absl::string_view name_;
  size_t size_;
};

std::optional<Split> SplitOfFolder(absl::string_view folder) {
  const std::string name = absl::AsciiStrToLower(folder);
  if (name == "train" || name == "training") return Split::kTrain;
  if (name == "val" || name == "valid" || name == "validation") return Split::kValidation;
  if (name == "test" || name == "testing") return Split::kTest;
  return std::nullopt;
}

// How many leading folders all images share without one of them being a class or a part: each is
// taken off only if every image lies at least two folders below it, or in a split below it.
size_t SharedRoot(const std::vector<Path>& images) {
  size_t root = 0;
  while (true) {
    const absl::string_view candidate = images[0][root];
    for (const Path& parts : images) {
      // Below the candidate there must be a class folder and the image itself.
      if (parts.size() < root + 3 || parts[root] != candidate) return root;
    }
    if (SplitOfFolder(candidate).has_value()) return root;
    ++root;
  }
}

// Two datasets side by side are no dataset: photos1/cats and photos2/cats, or a/train/cats and
// b/val/cats, would become classes photos1 and photos2, or a and b.
absl::Status CheckOneRoot(const std::vector<Path>& images, size_t class_level) {
  std::map<absl::string_view, absl::string_view> class_of;  // of each folder below a class
  for (const Path& parts : images) {
    if (parts.size() == class_level + 2) return absl::OkStatus();  // a class as it should be
  }
  constexpr absl::string_view kAdvice =
      "put each image directly into its class's folder, as in cats/1.jpg or train/cats/1.jpg";
  for (const Path& parts : images) {
    const absl::string_view name = parts[class_level];
    const absl::string_view below = parts[class_level + 1];
    if (SplitOfFolder(below).has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", PrintableName(parts.Prefix(class_level + 2)),
                       "' is named like a part of a dataset but is in the folder of class '",
                       PrintableName(name), "': ", kAdvice));
    }
    const auto [known, inserted] = class_of.emplace(below, name);
    if (!inserted && known->second != name) {
      return absl::InvalidArgumentError(absl::StrCat(
          "folders '", PrintableName(known->second), "' and '", PrintableName(name),
          "' both have a folder '", PrintableName(below),
          "', and no class folder has images of its own: which are the classes? ", kAdvice));
    }
  }
  return absl::OkStatus();
}

// A class that is spelled in two ways would be learned as two.
absl::Status CheckSpelling(const std::vector<std::string>& classes) {
  std::map<std::string, std::string> spelled;
  for (const std::string& name : classes) {
    const auto [known, inserted] = spelled.emplace(absl::AsciiStrToLower(name), name);
    if (inserted) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "class folders '", PrintableName(known->second), "' and '", PrintableName(name),
        "' differ in case only: put their images into one, or give one another name"));
  }
  return absl::OkStatus();
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
  GRAFT_RETURN_IF_ERROR(CheckSpelling(layout.classes));
  const std::set<absl::string_view> known(layout.classes.begin(), layout.classes.end());
  for (const std::string& folder : folders) {
    const Path parts(folder);
    if (parts.size() <= class_level || known.contains(parts[class_level])) continue;
    if (class_level == 0 && SplitOfFolder(parts[0]).has_value()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("class folder '", PrintableName(parts.Prefix(class_level + 1)),
                     "' has no images: put some in or take the folder out"));
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
                                const std::vector<Path>& paths, size_t root, F&& in_part) {
  const bool trains = std::any_of(paths.begin(), paths.end(), [&](const Path& parts) {
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
  std::vector<Path> paths;
  paths.reserve(images.size());
  for (const std::string& name : images) paths.emplace_back(name);
  const size_t root = SharedRoot(paths);

  const auto in_part = [&](const Path& parts) {
    return parts.size() >= root + 3 && SplitOfFolder(parts[root]).has_value();
  };
  const bool has_splits = std::all_of(paths.begin(), paths.end(), in_part);
  if (!has_splits) GRAFT_RETURN_IF_ERROR(CheckNoTrainFolder(images, paths, root, in_part));
  const size_t class_level = has_splits ? root + 1 : root;

  std::map<absl::string_view, int> indices;  // sorted, as ImageFolder's classes are
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
  GRAFT_RETURN_IF_ERROR(CheckOneRoot(paths, class_level));
  FolderLayout layout;
  for (auto& [name, index] : indices) {
    index = static_cast<int>(layout.classes.size());
    layout.classes.emplace_back(name);
  }
  for (const Path& parts : paths) {
    FolderLabel label;
    label.class_index = indices[parts[class_level]];
    if (has_splits) label.split = *SplitOfFolder(parts[root]);
    layout.labels.push_back(label);
  }
  GRAFT_RETURN_IF_ERROR(CheckClasses(layout, folders, class_level, max_classes));
  if (nested) {
    layout.warnings.push_back(
        "some class folders have folders of their own; their images belong to the class");
  }
  return layout;
}

}  // namespace graft
