#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "client/cli/command.h"
#include "client/cli/output.h"
#include "client/cli/predict_files.h"
#include "client/cli/tasks/catalog.h"
#include "client/cli/text.h"
#include "client/cli/timing.h"
#include "client/cli/which_model.h"

namespace graft::cli {
namespace {

struct Arguments {
  v1::PredictRequest question;  // without inputs
  std::vector<std::string> also;
  std::vector<std::string> images;
  // What it takes to know the model's task for.
  Thresholds thresholds;
  std::optional<double> coverage;
};

// "pets", "pets:3" or "pets@canary".
v1::ModelAsk ReadModel(const std::string& text) {
  v1::ModelAsk ask;
  const size_t at = text.find_first_of(":@");
  ask.set_model(text.substr(0, at));
  if (at == std::string::npos) return ask;
  const std::string rest = text.substr(at + 1);
  int64_t version = 0;
  if (text[at] == '@') {
    ask.set_label(rest);
  } else if (absl::SimpleAtoi(rest, &version)) {
    ask.set_version(version);
  }
  return ask;
}

std::string CheckModel(const std::string& text) {
  const size_t at = text.find_first_of(":@");
  const std::string rest = at == std::string::npos ? "" : text.substr(at + 1);
  int64_t version = 0;
  const bool good = at == std::string::npos ||
                    (at > 0 && (text[at] == '@' ? !rest.empty()
                                                : absl::SimpleAtoi(rest, &version) && version > 0));
  if (good && !text.empty()) return "";
  return absl::StrCat("'", text, "' is not a model: give NAME, NAME:VERSION or NAME@LABEL");
}

// Fills in what the flags say in the terms of the task of the model that `ask` names, which is
// looked up where they say anything.
template <typename Ask>
absl::Status SetOptions(client::Client& client, const Arguments& arguments, Ask* ask) {
  if (arguments.thresholds.empty() && !arguments.coverage.has_value()) return absl::OkStatus();
  v1::GetModelRequest request;
  request.set_model(ask->model());
  request.set_version(ask->version());
  request.set_label(ask->label());
  const auto model = client.GetModel(request);
  if (!model.ok()) return model.status();
  const v1::ModelOutputs& outputs = model->version().outputs();
  absl::Status set;
  if (!arguments.thresholds.empty()) {
    set = SetThresholds(outputs, arguments.thresholds, ask->mutable_options());
  }
  if (set.ok() && arguments.coverage.has_value()) {
    set = SetCoverage(outputs, *arguments.coverage, ask->mutable_options());
  }
  return set;
}

// "0.8", or "cat=0.9" of one label.
std::string ReadThreshold(const std::string& text, Thresholds* thresholds) {
  const size_t at = text.rfind('=');
  const std::string number = at == std::string::npos ? text : text.substr(at + 1);
  double threshold = 0;
  if (at == 0 || !absl::SimpleAtod(number, &threshold) || !(threshold >= 0 && threshold <= 1)) {
    return absl::StrCat("'", text, "' is no threshold: give P, or LABEL=P, with P from 0 to 1");
  }
  if (at == std::string::npos) {
    thresholds->of_others = threshold;
  } else {
    thresholds->of_labels[text.substr(0, at)] = threshold;
  }
  return "";
}

absl::Status AskOne(const Globals& globals, const Arguments& arguments) {
  const auto client = globals.Connect();
  v1::PredictRequest question = arguments.question;
  const absl::Status set = SetOptions(*client, arguments, &question);
  if (!set.ok()) return set;
  const auto response = PredictFiles(*client, question, arguments.images);
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
  std::printf("%s version %ld, %s\n", PrintableLine(response->model()).c_str(),
              static_cast<long>(response->version()), FormatTiming(response->timing()).c_str());
  return absl::OkStatus();
}

// The options are for all: where a model is of another task than they are, the server says so.
v1::PredictManyRequest QuestionToAll(const Arguments& arguments) {
  v1::PredictManyRequest question;
  question.set_priority(arguments.question.priority());
  v1::ModelAsk* const first = question.add_models();
  first->set_model(arguments.question.model());
  first->set_version(arguments.question.version());
  first->set_label(arguments.question.label());
  for (const std::string& model : arguments.also) *question.add_models() = ReadModel(model);
  for (v1::ModelAsk& ask : *question.mutable_models()) {
    *ask.mutable_options() = arguments.question.options();
  }
  return question;
}

absl::Status AskAll(const Globals& globals, const Arguments& arguments) {
  const auto client = globals.Connect();
  v1::PredictManyRequest question = QuestionToAll(arguments);
  for (v1::ModelAsk& ask : *question.mutable_models()) {
    const absl::Status set = SetOptions(*client, arguments, &ask);
    if (!set.ok()) return set;
  }
  const auto response = PredictManyFiles(*client, question, arguments.images);
  if (!response.ok()) return response.status();
  if (globals.json) {
    PrintJson(*response);
    return absl::OkStatus();
  }
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < arguments.images.size(); ++i) {
    for (const v1::ModelAnswer& answer : response->answers()) {
      std::vector<std::string> row = {&answer == &response->answers(0) ? arguments.images[i] : "",
                                      absl::StrCat(answer.model(), ":", answer.version())};
      for (std::string& cell : Cells(answer.outputs(static_cast<int>(i)))) {
        row.push_back(std::move(cell));
      }
      rows.push_back(std::move(row));
    }
  }
  std::fputs(FormatTable(rows).c_str(), stdout);
  std::printf("%d models, %s\n", response->answers_size(),
              FormatTiming(response->timing()).c_str());
  return absl::OkStatus();
}

}  // namespace

void AddPredictCommand(CLI::App& app, Globals& globals) {
  CLI::App* const predict =
      app.add_subcommand("predict", "Ask a model, or several, about pictures");
  auto arguments = std::make_shared<Arguments>();
  v1::PredictRequest* const question = &arguments->question;
  AddWhichModel(*predict, question);
  AddImages(*predict, &arguments->images);
  predict
      ->add_option("--also", arguments->also,
                   "Another model to ask about the same pictures: NAME, NAME:VERSION or\n"
                   "NAME@LABEL; may be given again")
      ->expected(1)
      ->check(CLI::Validator(&CheckModel, "", "model"))
      ->take_all();
  predict->add_flag_callback(
      "--bulk", [question] { question->set_priority(v1::PRIORITY_BULK); },
      "Let requests that somebody waits for go first");
  predict
      ->add_option_function<std::vector<std::string>>(
          "--threshold",
          [arguments](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              const std::string wrong = ReadThreshold(text, &arguments->thresholds);
              if (!wrong.empty()) throw CLI::ValidationError("--threshold", wrong);
            }
          },
          "Give a label only from this probability on: P, or LABEL=P for one label;\n"
          "may be given again")
      ->expected(1)
      ->take_all();
  predict->add_option_function<double>(
      "--coverage",
      [arguments](double coverage) {
        if (!(coverage > 0 && coverage < 1)) {
          throw CLI::ValidationError("--coverage", "must be above 0 and below 1, as 0.9 is");
        }
        arguments->coverage = coverage;
      },
      "Say what the truth is among in this share of pictures: a set of labels, or a\n"
      "range for each number");
  AddPredictOptions(*predict, question->mutable_options());
  predict->callback([&globals, arguments] {
    globals.result =
        arguments->also.empty() ? AskOne(globals, *arguments) : AskAll(globals, *arguments);
  });
}

}  // namespace graft::cli
