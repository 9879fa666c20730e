#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "client/cli/command.h"
#include "client/cli/output.h"
#include "client/cli/predict_files.h"
#include "client/cli/tasks/catalog.h"
#include "client/cli/text.h"

namespace graft::cli {
namespace {

struct Arguments {
  v1::PredictRequest question;  // without inputs
  std::vector<std::string> images;
};

double Milliseconds(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) * 1e3 +
         static_cast<double>(duration.nanos()) / 1e6;
}

absl::Status Run(const Globals& globals, const Arguments& arguments) {
  const auto response = PredictFiles(*globals.Connect(), arguments.question, arguments.images);
  if (!response.ok()) return response.status();
  if (globals.json) {
    PrintJson(*response);
    return absl::OkStatus();
  }
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < response->outputs_size(); ++i) {
    std::vector<std::string> row = {arguments.images[i]};
    for (std::string& cell : Cells(response->outputs(i))) row.push_back(std::move(cell));
    rows.push_back(std::move(row));
  }
  std::fputs(FormatTable(rows).c_str(), stdout);
  const v1::PredictTiming& timing = response->timing();
  std::printf("%s version %ld, %.1f ms (queue %.1f, decode %.1f, compute %.1f)\n",
              PrintableLine(response->model()).c_str(), static_cast<long>(response->version()),
              Milliseconds(timing.total()), Milliseconds(timing.queue()),
              Milliseconds(timing.decode()), Milliseconds(timing.compute()));
  return absl::OkStatus();
}

}  // namespace

void AddPredictCommand(CLI::App& app, Globals& globals) {
  CLI::App* const predict = app.add_subcommand("predict", "Ask a model about pictures");
  auto arguments = std::make_shared<Arguments>();
  v1::PredictRequest* const question = &arguments->question;
  predict
      ->add_option_function<std::string>(
          "MODEL", [question](const std::string& name) { question->set_model(name); },
          "Name of the model")
      ->required();
  predict->add_option("IMAGE", arguments->images, "JPEG, PNG, WebP or BMP files, any number")
      ->required();
  CLI::Option* const by_number =
      predict
          ->add_option_function<int64_t>(
              "--model-version", [question](int64_t version) { question->set_version(version); },
              "0, the default, is the latest")
          ->check(CLI::NonNegativeNumber);
  predict
      ->add_option_function<std::string>(
          "--label", [question](const std::string& label) { question->set_label(label); },
          "The version that this label names (graft models label)")
      ->excludes(by_number);
  AddPredictOptions(*predict, question->mutable_options());
  predict->callback([&globals, arguments] { globals.result = Run(globals, *arguments); });
}

}  // namespace graft::cli
