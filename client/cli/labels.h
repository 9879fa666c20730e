#ifndef GRAFT_CLIENT_CLI_LABELS_H_
#define GRAFT_CLIENT_CLI_LABELS_H_

#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

namespace graft::cli {

// --label key=value, which may be given again; `set(key, value)` takes each.
template <typename Set>
void AddLabelOption(CLI::App& app, Set set, const std::string& help) {
  app.add_option_function<std::vector<std::string>>(
         "--label",
         [set = std::move(set)](const std::vector<std::string>& pairs) {
           for (const std::string& pair : pairs) {
             const size_t equals = pair.find('=');
             if (equals == std::string::npos || equals == 0) {
               throw CLI::ValidationError("--label", "give key=value, not: " + pair);
             }
             set(pair.substr(0, equals), pair.substr(equals + 1));
           }
         },
         help)
      ->allow_extra_args(false);
}

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_LABELS_H_
