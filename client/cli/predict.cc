#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "client/cli/command.h"
#include "client/cli/output.h"
#include "client/cli/predict_files.h"
#include "client/cli/text.h"

namespace graft::cli {
namespace {

struct Arguments {
  std::string model;
  std::vector<std::string> images;
  int64_t version = 0;
  int top_k = 3;
};

double Milliseconds(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) * 1e3 +
         static_cast<double>(duration.nanos()) / 1e6;
}

absl::Status Run(const Globals& globals, const Arguments& arguments) {
  v1::PredictRequest request;
  request.set_model(arguments.model);
  request.set_version(arguments.version);
  request.set_top_k(arguments.top_k);
  const auto response = PredictFiles(*globals.Connect(), request, arguments.images);
  if (!response.ok()) return response.status();
  if (globals.json) {
    PrintJson(*response);
    return absl::OkStatus();
  }
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < response->outputs_size(); ++i) {
    std::vector<std::string> row = {arguments.images[i]};
    for (const v1::LabelScore& label : response->outputs(i).classification().labels()) {
      row.push_back(absl::StrCat(label.label(), " ", FormatPercent(label.probability())));
    }
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
  predict->add_option("MODEL", arguments->model, "Name of the model")->required();
  predict->add_option("IMAGE", arguments->images, "JPEG, PNG, WebP or BMP files, any number")
      ->required();
  predict->add_option("--model-version", arguments->version, "0 is the latest")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  predict->add_option("--top-k", arguments->top_k, "Labels shown for each picture")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  predict->callback([&globals, arguments] { globals.result = Run(globals, *arguments); });
}

}  // namespace graft::cli
