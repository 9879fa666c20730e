#include "core/data/image_folder.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "core/base/status_macros.h"
#include "core/data/archive_names.h"
#include "core/data/class_names.h"
#include "core/data/part_names.h"

namespace graft::data {
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
    if (PartOfName(candidate).has_value()) return root;
    ++root;
  }
}

// The folders that are parts, at the root.
struct Part {
  Split split = Split::kUnassigned;
  bool doubled = false;  // seg_train/seg_train/cats/1.jpg, as Kaggle packs
};
using Parts = std::map<absl::string_view, Part>;

// Where the images and folders of an archive have their classes.
struct Levels {
  size_t root = 0;  // folders around it all
  Parts parts;      // none: the folders at the root are the classes

  // The level of the class folder in a path; nothing where it lies beside what was found.
  std::optional<size_t> ClassLevel(const Path& path) const {
    if (parts.empty()) return root;
    if (path.size() <= root) return std::nullopt;
    const auto part = parts.find(path[root]);
    if (part == parts.end()) return std::nullopt;
    return root + (part->second.doubled ? 2 : 1);
  }
};

constexpr absl::string_view kPartAdvice =
    "put each image into the folder of its class, as in train/cats/1.jpg and test/cats/2.jpg, and "
    "take out those that have no class";

// The folders at the root by name, if all images lie in some.
std::optional<Parts> TopFolders(const std::vector<Path>& images, size_t root) {
  Parts tops;
  for (const Path& path : images) {
    if (path.size() < root + 2) return std::nullopt;
    const bool doubled = path.size() >= root + 3 && path[root + 1] == path[root];
    const auto [top, inserted] = tops.emplace(path[root], Part{Split::kUnassigned, doubled});
    top->second.doubled = top->second.doubled && doubled;
  }
  return tops;
}

// Whether folders of these names are parts, or may be: a class can be called "train", or
// "steam_train", but hardly all of them, or some like the one part and some like the other.
bool AreNamedLikeParts(const Parts& tops) {
  bool all_plain = true;
  std::set<Split> splits;
  for (const auto& [name, part] : tops) {
    const PartNameMatch match = MatchPartName(name);
    if (!match.like_a_part) return false;
    all_plain = all_plain && match.nothing_else;
    splits.insert(match.split);
  }
  return all_plain || (splits.contains(Split::kTrain) && splits.size() > 1);
}

absl::Status NoClassesInParts(const Parts& tops, absl::string_view stray) {
  std::vector<std::string> names;
  for (const auto& [name, part] : tops) {
    if (names.size() < 4) names.push_back(absl::StrCat("'", PrintableName(name), "'"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(absl::StrJoin(names, ", "), tops.size() > names.size() ? ", ..." : "",
                   names.size() == 1 ? " is" : " are",
                   " named like parts of a dataset, not like classes, and '", PrintableName(stray),
                   "' is in no class folder of a part: where are the classes? ", kPartAdvice));
}

// The parts, none where the folders at the root are classes.
absl::StatusOr<Parts> FindParts(const std::vector<std::string>& images,
                                const std::vector<Path>& paths, size_t root) {
  std::optional<Parts> tops = TopFolders(paths, root);
  if (!tops.has_value() || !AreNamedLikeParts(*tops)) return Parts();
  for (auto& [name, part] : *tops) part.split = MatchPartName(name).split;
  for (size_t i = 0; i < paths.size(); ++i) {
    const Part& part = tops->at(paths[i][root]);
    if (part.split == Split::kUnassigned || paths[i].size() < root + (part.doubled ? 4 : 3)) {
      return NoClassesInParts(*tops, images[i]);
    }
  }
  return *std::move(tops);
}

// A train folder with classes in it means parts; taken for a class it would be learned as one.
absl::Status CheckNoTrainFolder(const std::vector<std::string>& images,
                                const std::vector<Path>& paths, size_t root) {
  const auto in_part = [&](const Path& path) {
    return path.size() >= root + 3 && PartOfName(path[root]).has_value();
  };
  const bool trains = std::any_of(paths.begin(), paths.end(), [&](const Path& path) {
    return in_part(path) && PartOfName(path[root]) == Split::kTrain;
  });
  if (!trains) return absl::OkStatus();
  const auto stray = std::find_if_not(paths.begin(), paths.end(), in_part) - paths.begin();
  return absl::InvalidArgumentError(
      absl::StrCat("'", PrintableName(images[static_cast<size_t>(stray)]),
                   "' is in no class folder of a part, but others are: put it into one, as in "
                   "train/cats/1.jpg, or take it out"));
}

// Two datasets side by side are no dataset: photos1/cats and photos2/cats, or a/train/cats and
// b/val/cats, would become classes photos1 and photos2, or a and b.
absl::Status CheckOneRoot(const std::vector<Path>& images, const Levels& levels) {
  std::map<absl::string_view, absl::string_view> class_of;  // of each folder below a class
  for (const Path& path : images) {
    if (path.size() == *levels.ClassLevel(path) + 2) {
      return absl::OkStatus();  // a class as it should be
    }
  }
  constexpr absl::string_view kAdvice =
      "put each image directly into its class's folder, as in cats/1.jpg or train/cats/1.jpg";
  for (const Path& path : images) {
    const size_t class_level = *levels.ClassLevel(path);
    const absl::string_view name = path[class_level];
    const absl::string_view below = path[class_level + 1];
    if (PartOfName(below).has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", PrintableName(path.Prefix(class_level + 2)),
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

// What one class alone means: often a picture that lies beside the class folders, which then look
// like folders within a class.
absl::Status OnlyOneClass(const std::vector<std::string>& images, const std::vector<Path>& paths,
                          const Levels& levels, absl::string_view name) {
  std::vector<absl::string_view> strays;
  std::set<absl::string_view> below;
  for (size_t i = 0; i < paths.size(); ++i) {
    const size_t class_level = *levels.ClassLevel(paths[i]);
    if (paths[i].size() == class_level + 2) {
      strays.push_back(images[i]);
    } else {
      below.insert(paths[i].Prefix(class_level + 2));
    }
  }
  if (strays.empty() || below.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("only one class, '", PrintableName(name),
                     "': a classifier needs two or more, one folder each"));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "'", PrintableName(strays[0]), "'",
      strays.size() > 1 ? absl::StrCat(" and ", strays.size() - 1, " more images") : "",
      strays.size() > 1 ? " lie" : " lies", " beside the class folders '",
      PrintableName(*below.begin()), "' and '", PrintableName(*std::next(below.begin())),
      below.size() > 2 ? absl::StrCat("' and ", below.size() - 2, " more") : "'",
      ": put each image into the folder of its class, or take it out"));
}

// A class without an image would be missing from the model without a word.
absl::Status CheckNoEmptyClass(const FolderLayout& layout, const std::vector<std::string>& folders,
                               const Levels& levels, const Path& an_image) {
  const std::set<absl::string_view> known(layout.classes.begin(), layout.classes.end());
  for (const std::string& folder : folders) {
    const Path path(folder);
    if (path.size() <= levels.root) continue;
    if (levels.root > 0 && path.Prefix(levels.root) != an_image.Prefix(levels.root)) continue;
    const std::optional<size_t> class_level = levels.ClassLevel(path);
    if (!class_level.has_value() || path.size() <= *class_level) continue;
    if (known.contains(path[*class_level])) continue;
    if (*class_level == 0 && PartOfName(path[0]).has_value()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("class folder '", PrintableName(path.Prefix(*class_level + 1)),
                     "' has no images that can be read: put some in or take the folder out"));
  }
  return absl::OkStatus();
}

absl::Status CheckClasses(const FolderLayout& layout, int max_classes) {
  if (static_cast<int>(layout.classes.size()) > max_classes) {
    return absl::InvalidArgumentError(
        absl::StrCat(layout.classes.size(), " classes; at most ", max_classes, " are allowed"));
  }
  GRAFT_RETURN_IF_ERROR(CheckSpelling(layout.classes, "class folders"));
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
  Levels levels;
  levels.root = SharedRoot(paths);
  GRAFT_ASSIGN_OR_RETURN(levels.parts, FindParts(images, paths, levels.root));
  if (levels.parts.empty()) {
    GRAFT_RETURN_IF_ERROR(CheckNoTrainFolder(images, paths, levels.root));
  }

  std::map<absl::string_view, int> indices;  // sorted, as ImageFolder's classes are
  bool nested = false;
  for (size_t i = 0; i < paths.size(); ++i) {
    const size_t class_level = *levels.ClassLevel(paths[i]);
    if (paths[i].size() < class_level + 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", PrintableName(images[i]),
                       "' is in no class folder: put each image into a folder named after its "
                       "class, as in cats/1.jpg"));
    }
    nested = nested || paths[i].size() > class_level + 2;
    indices[paths[i][class_level]] = 0;
  }
  GRAFT_RETURN_IF_ERROR(CheckOneRoot(paths, levels));
  FolderLayout layout;
  for (auto& [name, index] : indices) {
    index = static_cast<int>(layout.classes.size());
    layout.classes.emplace_back(name);
  }
  for (const Path& path : paths) {
    FolderLabel label;
    label.class_index = indices[path[*levels.ClassLevel(path)]];
    if (!levels.parts.empty()) label.split = levels.parts.at(path[levels.root]).split;
    layout.labels.push_back(label);
  }
  if (layout.classes.size() < 2) {
    return OnlyOneClass(images, paths, levels, layout.classes[0]);
  }
  GRAFT_RETURN_IF_ERROR(CheckClasses(layout, max_classes));
  GRAFT_RETURN_IF_ERROR(CheckNoEmptyClass(layout, folders, levels, paths[0]));
  if (nested) {
    layout.warnings.push_back(
        "some class folders have folders of their own; their images belong to the class");
  }
  return layout;
}

}  // namespace graft::data
