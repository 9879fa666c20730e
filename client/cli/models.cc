#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

#include "client/cli/command.h"
#include "client/cli/listing.h"
#include "client/cli/output.h"
#include "client/cli/tasks/catalog.h"

namespace graft::cli {
namespace {

absl::Status List(const Globals& globals, const v1::ListModelsRequest& request) {
  return ShowPage(
      globals, globals.Connect()->ListModels(request), [](const v1::ListModelsResponse& page) {
        std::vector<std::vector<std::string>> rows = {{"MODEL", "LATEST", "VERSIONS", "UPDATED"}};
        for (const v1::Model& model : page.models()) {
          rows.push_back({model.name(), absl::StrCat(model.latest_version()),
                          absl::StrCat(model.versions_size()), FormatTime(model.update_time())});
        }
        return rows;
      });
}

// "224 x 224, centre crop".
std::string FormatInput(const v1::InputSpec& input) {
  return absl::StrCat(input.width(), " x ", input.height(), ", ",
                      absl::StrReplaceAll(input.framing(), {{"_", " "}}));
}

absl::Status Show(const Globals& globals, const std::string& name, int64_t version_number) {
  const auto response = globals.Connect()->GetModel(name, version_number);
  if (!response.ok()) return response.status();
  if (globals.json) {
    PrintJson(*response);
    return absl::OkStatus();
  }
  const v1::ModelVersion& version = response->version();
  PrintField("model", response->model().name());
  PrintField("version", absl::StrCat(version.version(), " (of ",
                                     absl::StrJoin(response->model().versions(), ", "), ")"));
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
  if (response->has_serving()) {
    PrintField("served by",
               absl::StrCat(response->serving().engine(), ", ", response->serving().precision()));
    for (const std::string& declined : response->serving().declined()) {
      PrintField("", absl::StrCat("not by ", declined));
    }
  }
  PrintOutputs(version.outputs());
  if (version.has_report()) std::printf("\n%s", FormatReport(version.report()).c_str());
  return absl::OkStatus();
}

}  // namespace

void AddModelsCommand(CLI::App& app, Globals& globals) {
  CLI::App* const models =
      app.add_subcommand("models", "List, show, delete models; alone, it lists");
  models->require_subcommand(0, 1);
  auto name = std::make_shared<std::string>();
  auto version = std::make_shared<int64_t>(0);
  auto every_version = std::make_shared<bool>(false);

  CLI::App* const list = models->add_subcommand("list", "Newest first");
  auto request = std::make_shared<v1::ListModelsRequest>();
  AddPageOptions(*list, request);
  OrList(*models, *list, [&globals, request] { globals.result = List(globals, *request); });

  CLI::App* const show = models->add_subcommand("show", "One version, with its test report");
  show->add_option("MODEL", *name, "Name of the model")->required();
  show->add_option("--model-version", *version, "0 is the latest")->capture_default_str();
  show->callback([&globals, name, version] { globals.result = Show(globals, *name, *version); });

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
