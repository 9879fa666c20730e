#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

#include "client/cli/command.h"
#include "client/cli/listing.h"
#include "client/cli/output.h"
#include "client/cli/tasks/catalog.h"
#include "client/cli/text.h"

namespace graft::cli {
namespace {

constexpr double kChanged = 0.25;  // Drift.index from which on it counts

// "canary 3, stable 2".
std::string FormatLabels(const v1::Model& model) {
  const std::map<std::string, int64_t> sorted(model.labels().begin(), model.labels().end());
  return absl::StrJoin(sorted, ", ", absl::PairFormatter(" "));
}

absl::Status List(const Globals& globals, const v1::ListModelsRequest& request) {
  return ShowPage(
      globals, globals.Connect()->ListModels(request), [](const v1::ListModelsResponse& page) {
        std::vector<std::vector<std::string>> rows = {
            {"MODEL", "LATEST", "VERSIONS", "UPDATED", "PINNED", "LABELS"}};
        for (const v1::Model& model : page.models()) {
          rows.push_back({model.name(), absl::StrCat(model.latest_version()),
                          absl::StrCat(model.versions_size()), FormatTime(model.update_time()),
                          model.pinned() ? "yes" : "", FormatLabels(model)});
        }
        return rows;
      });
}

// "224 x 224, centre crop".
std::string FormatInput(const v1::InputSpec& input) {
  return absl::StrCat(input.width(), " x ", input.height(), ", ",
                      absl::StrReplaceAll(input.framing(), {{"_", " "}}));
}

// "answers: dog 50.0 % -> 8.0 %, index 1.32 over the last 840".
std::string FormatDrift(const v1::Drift& drift) {
  const bool share = drift.deviation() == 0 && drift.of() == "answers";
  const auto number = [share](double value) {
    return share ? absl::StrFormat("%.1f %%", 100 * value) : absl::StrFormat("%.4g", value);
  };
  std::string text = absl::StrCat(drift.of(), ": ");
  if (!drift.what().empty()) absl::StrAppend(&text, drift.what(), " ");
  absl::StrAppend(&text, number(drift.usual()), " -> ", number(drift.now()));
  if (drift.deviation() > 0) {
    absl::StrAppendFormat(&text, " (%+.1f deviations)",
                          (drift.now() - drift.usual()) / drift.deviation());
  }
  absl::StrAppendFormat(&text, ", index %.2f over the last %d", drift.index(), drift.inputs());
  return text;
}

// What has changed, or that nothing has.
void PrintDrift(const v1::Serving& serving) {
  if (serving.drift().empty()) return;
  std::vector<std::string> lines;
  int64_t told = 0;
  for (const v1::Drift& drift : serving.drift()) {
    if (!drift.has_index()) continue;
    told = std::max(told, drift.inputs());
    if (drift.index() >= kChanged) lines.push_back(FormatDrift(drift));
  }
  if (told == 0) {
    lines.push_back("not known of fewer than 100 inputs");
  } else if (lines.empty()) {
    lines.push_back(absl::StrCat("none: the last ", told, " are like what it was made with"));
  }
  for (size_t i = 0; i < lines.size(); ++i) PrintField(i == 0 ? "drift" : "", lines[i]);
}

absl::Status Show(const Globals& globals, const v1::GetModelRequest& request) {
  const auto response = globals.Connect()->GetModel(request);
  if (!response.ok()) return response.status();
  if (globals.json) {
    PrintJson(*response);
    return absl::OkStatus();
  }
  const v1::ModelVersion& version = response->version();
  PrintField("model", response->model().name());
  PrintField("version", absl::StrCat(version.version(), " (of ",
                                     absl::StrJoin(response->model().versions(), ", "), ")"));
  if (response->model().labels_size() > 0) {
    PrintField("labelled", FormatLabels(response->model()));
  }
  if (response->model().pinned()) PrintField("pinned", "stays in memory");
  PrintField("made", absl::StrCat(FormatTime(version.create_time()), " by ", version.job_id()));
  PrintField("backbone", absl::StrCat(version.backbone(), ", cut at ", version.cut_point(), ", ",
                                      version.head(), " head"));
  if (version.changed_stages_size() > 0) {
    PrintField("changed", absl::StrJoin(version.changed_stages(), ", "));
  }
  PrintField("input", FormatInput(version.input_spec()));
  PrintField("size", absl::StrCat(FormatBytes(version.bytes()), " over the backbone"));
  if (version.has_precision()) {
    PrintField("precision", version.precision().chosen());
    PrintField("", version.precision().reason());
  }
  if (version.has_novelty()) {
    PrintField("unknown",
               absl::StrCat("told by ", version.novelty().training_images(), " training and ",
                            version.novelty().held_out_images(), " held-out images"));
  }
  if (response->has_serving()) {
    PrintField("served by",
               absl::StrCat(response->serving().engine(), ", ", response->serving().precision()));
    for (const std::string& declined : response->serving().declined()) {
      PrintField("", absl::StrCat("not by ", declined));
    }
    PrintDrift(response->serving());
  }
  PrintOutputs(version.outputs());
  if (version.has_report()) std::printf("\n%s", FormatReport(version.report()).c_str());
  return absl::OkStatus();
}

absl::Status SetLabel(const Globals& globals, const std::string& model, const std::string& label,
                      int64_t version, v1::SetModelLabelRequest request) {
  request.set_model(model);
  request.set_label(label);
  request.set_version(version);
  const auto response = globals.Connect()->SetModelLabel(request);
  if (!response.ok()) return response.status();
  if (globals.json) {
    PrintJson(*response);
    return absl::OkStatus();
  }
  const auto words = [](int64_t number) {
    return number == 0 ? "no version" : absl::StrCat("version ", number);
  };
  std::printf("%s\n",
              PrintableLine(absl::StrCat(model, ": ", label, " names ", words(version),
                                         " (before: ", words(response->previous_version()), ")"))
                  .c_str());
  return absl::OkStatus();
}

void AddExpectedVersion(CLI::App& command,
                        const std::shared_ptr<v1::SetModelLabelRequest>& request) {
  command
      .add_option_function<int64_t>(
          "--expect", [request](int64_t version) { request->set_expected_version(version); },
          "Do nothing unless it names this version now; 0: none")
      ->check(CLI::NonNegativeNumber);
}

}  // namespace

void AddModelsCommand(CLI::App& app, Globals& globals) {
  CLI::App* const models =
      app.add_subcommand("models", "List, show, label, pin, delete models; alone, it lists");
  models->require_subcommand(0, 1);
  auto name = std::make_shared<std::string>();
  auto version = std::make_shared<int64_t>(0);
  auto label = std::make_shared<std::string>();
  auto every_version = std::make_shared<bool>(false);

  CLI::App* const list = models->add_subcommand("list", "Newest first");
  auto request = std::make_shared<v1::ListModelsRequest>();
  AddPageOptions(*list, request);
  OrList(*models, *list, [&globals, request] { globals.result = List(globals, *request); });

  CLI::App* const show = models->add_subcommand("show", "One version, with its test report");
  auto shown = std::make_shared<v1::GetModelRequest>();
  show->add_option("MODEL", *name, "Name of the model")->required();
  CLI::Option* const by_number =
      show->add_option("--model-version", *version, "0 is the latest")->capture_default_str();
  show->add_option("--label", *label, "The version that this label names")->excludes(by_number);
  show->callback([&globals, shown, name, version, label] {
    shown->set_model(*name);
    shown->set_version(*version);
    shown->set_label(*label);
    globals.result = Show(globals, *shown);
  });

  CLI::App* const set_label = models->add_subcommand(
      "label", "Let a label name a version: predict --label asks that one from then on");
  auto moved = std::make_shared<v1::SetModelLabelRequest>();
  set_label->add_option("MODEL", *name, "Name of the model")->required();
  set_label->add_option("LABEL", *label, "stable, canary, or whatever you like")->required();
  set_label->add_option("VERSION", *version, "Its number; a label that has one moves")
      ->required()
      ->check(CLI::PositiveNumber);
  AddExpectedVersion(*set_label, moved);
  set_label->callback([&globals, moved, name, label, version] {
    globals.result = SetLabel(globals, *name, *label, *version, *moved);
  });

  CLI::App* const unlabel = models->add_subcommand("unlabel", "Take a label away");
  unlabel->add_option("MODEL", *name, "Name of the model")->required();
  unlabel->add_option("LABEL", *label, "The label")->required();
  AddExpectedVersion(*unlabel, moved);
  unlabel->callback([&globals, moved, name, label] {
    globals.result = SetLabel(globals, *name, *label, 0, *moved);
  });

  CLI::App* const pin = models->add_subcommand(
      "pin", "Keep a model in memory: its latest version and those that have labels");
  pin->add_option("MODEL", *name, "Name of the model")->required();
  pin->callback([&globals, name] {
    globals.result = ShowDone(globals.Connect()->SetModelPin(*name, true), globals.json,
                              absl::StrCat(*name, " stays in memory"));
  });

  CLI::App* const unpin = models->add_subcommand("unpin", "Let it leave memory again");
  unpin->add_option("MODEL", *name, "Name of the model")->required();
  unpin->callback([&globals, name] {
    globals.result = ShowDone(globals.Connect()->SetModelPin(*name, false), globals.json,
                              absl::StrCat(*name, " may leave memory"));
  });

  CLI::App* const remove = models->add_subcommand("delete", "Delete one version, or all");
  remove->add_option("MODEL", *name, "Name of the model")->required();
  CLI::Option* const one = remove->add_option("--model-version", *version, "The version to delete")
                               ->check(CLI::PositiveNumber);
  CLI::Option* const every = remove->add_flag("--all", *every_version, "Delete every version");
  one->excludes(every);
  remove->callback([&globals, name, version, every_version, one] {
    if (one->count() == 0 && !*every_version) {
      globals.result = absl::InvalidArgumentError("say --model-version N, or --all");
      return;
    }
    globals.result = ShowDone(
        globals.Connect()->DeleteModel(*name, *every_version ? 0 : *version), globals.json,
        absl::StrCat("deleted ", *name,
                     *every_version ? " with every version" : absl::StrCat(" version ", *version)));
  });
}

}  // namespace graft::cli
