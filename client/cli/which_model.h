#ifndef GRAFT_CLIENT_CLI_WHICH_MODEL_H_
#define GRAFT_CLIENT_CLI_WHICH_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace graft::cli {

// MODEL, --model-version and --label, into the fields of `question`, which outlives `app`.
template <typename Message>
void AddWhichModel(CLI::App& app, Message* question) {
  app.add_option_function<std::string>(
         "MODEL", [question](const std::string& name) { question->set_model(name); },
         "Name of the model")
      ->required();
  CLI::Option* const by_number =
      app.add_option_function<int64_t>(
             "--model-version", [question](int64_t version) { question->set_version(version); },
             "0, the default, is the latest")
          ->check(CLI::NonNegativeNumber);
  app.add_option_function<std::string>(
         "--label", [question](const std::string& label) { question->set_label(label); },
         "The version that this label names (graft models label)")
      ->excludes(by_number);
}

// IMAGE...
inline CLI::Option* AddImages(CLI::App& app, std::vector<std::string>* images) {
  return app.add_option("IMAGE", *images, "JPEG, PNG, WebP or BMP files, any number")->required();
}

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_WHICH_MODEL_H_
