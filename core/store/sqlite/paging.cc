#include "core/store/sqlite/paging.h"

#include <limits>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace graft::store::sqlite {

absl::StatusOr<PageStart> StartOfPage(absl::string_view list, const PageOptions& page) {
  if (page.page_size < 1 || page.page_size > 1000) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size: ", page.page_size, " is not from 1 to 1000"));
  }
  PageStart start{std::numeric_limits<int64_t>::max(), page.page_size};
  if (page.page_token.empty()) return start;
  std::string text;
  absl::string_view number;
  if (absl::WebSafeBase64Unescape(page.page_token, &text)) {
    number = text;
    if (absl::ConsumePrefix(&number, list) && absl::ConsumePrefix(&number, ":") &&
        absl::SimpleAtoi(number, &start.before) && start.before > 0) {
      return start;
    }
  }
  return absl::InvalidArgumentError(
      "page_token: not a token of this list; send the next_page_token of an answer, or none");
}

std::string PageToken(absl::string_view list, int64_t seq) {
  return absl::WebSafeBase64Escape(absl::StrCat(list, ":", seq));
}

}  // namespace graft::store::sqlite
