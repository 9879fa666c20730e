#ifndef GRAFT_CLIENT_CLI_LISTING_H_
#define GRAFT_CLIENT_CLI_LISTING_H_

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "client/cli/command.h"
#include "client/cli/output.h"
#include "client/cli/text.h"

namespace graft::cli {

// --page-size and --page-token of a command that lists. `Request` is one of the List requests.
template <typename Request>
void AddPageOptions(CLI::App& list, const std::shared_ptr<Request>& request) {
  list.add_option_function<int>(
      "--page-size", [request](int size) { request->set_page_size(size); }, "Rows a page, at most");
  list.add_option_function<std::string>(
      "--page-token", [request](const std::string& token) { request->set_page_token(token); },
      "Where the last page ended");
}

// Makes `run`, which lists, the work of `command list` and of `command` alone. For `command list`
// CLI11 runs the callbacks of both.
inline void OrList(CLI::App& command, CLI::App& list, const std::function<void()>& run) {
  list.callback(run);
  command.callback([&command, run] {
    if (command.get_subcommands().empty()) run();
  });
}

// Shows a page: JSON for programs, else the table that `rows` makes of it (the first row is the
// heading) and how to get the next page.
template <typename Response, typename Rows>
absl::Status ShowPage(const Globals& globals, const absl::StatusOr<Response>& response,
                      const Rows& rows) {
  if (!response.ok()) return response.status();
  if (globals.json) {
    PrintJson(*response);
    return absl::OkStatus();
  }
  std::fputs(FormatTable(rows(*response)).c_str(), stdout);
  if (!response->next_page_token().empty()) {
    std::printf("more: --page-token %s\n", PrintableLine(response->next_page_token()).c_str());
  }
  return absl::OkStatus();
}

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_LISTING_H_
