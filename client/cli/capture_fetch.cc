#include "client/cli/capture_fetch.h"

#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "client/cli/picture_folders.h"
#include "client/lib/local_file.h"

namespace graft::cli {
namespace {

constexpr int kPage = 500;

}  // namespace

absl::Status ForEachPicture(client::Client& client, const std::string& model,
                            const std::function<bool(const v1::CapturedPicture&)>& each) {
  v1::ListCapturedPicturesRequest request;
  request.set_model(model);
  request.set_page_size(kPage);
  do {
    const auto page = client.ListCapturedPictures(request);
    if (!page.ok()) return page.status();
    for (const v1::CapturedPicture& picture : page->pictures()) {
      if (!each(picture)) return absl::OkStatus();
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> WholeIds(client::Client& client,
                                                  const std::vector<std::string>& beginnings) {
  std::vector<std::set<std::string>> found(beginnings.size());
  const absl::Status listed = ForEachPicture(client, "", [&](const v1::CapturedPicture& picture) {
    for (size_t i = 0; i < beginnings.size(); ++i) {
      if (absl::StartsWith(picture.picture_id(), beginnings[i])) {
        found[i].insert(picture.picture_id());
      }
    }
    return true;
  });
  if (!listed.ok()) return listed;
  std::set<std::string> ids;
  for (size_t i = 0; i < beginnings.size(); ++i) {
    if (found[i].empty()) {
      return absl::NotFoundError(absl::StrCat("picture \"", beginnings[i], "\" is not kept"));
    }
    if (found[i].size() > 1) {
      return absl::InvalidArgumentError(absl::StrCat("\"", beginnings[i], "\" is the beginning of ",
                                                     found[i].size(), " pictures' ids: give more"));
    }
    ids.merge(found[i]);
  }
  return std::vector<std::string>(ids.begin(), ids.end());
}

absl::StatusOr<FetchResult> FetchPictures(client::Client& client, const std::string& model,
                                          const std::filesystem::path& folder, int64_t limit,
                                          const std::function<void(int64_t)>& on_progress) {
  const std::set<std::string> there = FilesBelow(folder);
  FetchResult result;
  absl::Status failed;
  const absl::Status listed =
      ForEachPicture(client, model, [&](const v1::CapturedPicture& picture) {
        const std::string name = picture.picture_id().substr(0, kShownId);
        if (there.contains(name)) {
          ++result.there;
          return true;
        }
        if (result.written == limit) return false;
        const auto got = client.GetCapturedPicture(picture.picture_id());
        if (absl::IsNotFound(got.status())) return true;  // deleted since
        failed = got.status();
        if (!failed.ok()) return false;
        const std::string below = FolderOf(picture);
        std::error_code error;
        std::filesystem::create_directories(folder / below, error);
        if (error) {
          failed = absl::InvalidArgumentError(
              absl::StrCat("cannot make '", (folder / below).string(), "': ", error.message()));
          return false;
        }
        failed = client::WriteFile(
            folder / below / absl::StrCat(name, ".", ExtensionOf(got->image())), got->image());
        if (!failed.ok()) return false;
        ++result.folders[below];
        on_progress(++result.written);
        return true;
      });
  if (!failed.ok()) return failed;
  if (!listed.ok()) return listed;
  return result;
}

}  // namespace graft::cli
