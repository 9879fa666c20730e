#include <cstdio>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "client/cli/command.h"
#include "client/cli/output.h"

namespace graft::cli {
namespace {

absl::Status Run(const Globals& globals) {
  const auto response = globals.Connect()->ListBackbones();
  if (!response.ok()) return response.status();
  if (globals.json) {
    PrintJson(*response);
    return absl::OkStatus();
  }
  std::vector<std::vector<std::string>> rows = {
      {"ID", "ARCHITECTURE", "INPUT", "PARAMETERS", "GFLOP/IMAGE", "IMAGENET", "LICENCE"}};
  for (const v1::Backbone& backbone : response->backbones()) {
    rows.push_back(
        {absl::StrCat(backbone.id(), backbone.is_default() ? " (default)" : ""),
         backbone.architecture(),
         absl::StrCat(backbone.input_spec().height(), "x", backbone.input_spec().width()),
         absl::StrFormat("%.1f M", static_cast<double>(backbone.parameters()) / 1e6),
         absl::StrFormat("%.2f", backbone.forward_gflops()),
         backbone.imagenet_top1() > 0 ? FormatPercent(backbone.imagenet_top1()) : "-",
         backbone.licence()});
  }
  std::fputs(FormatTable(rows).c_str(), stdout);
  return absl::OkStatus();
}

}  // namespace

void AddBackbonesCommand(CLI::App& app, Globals& globals) {
  app.add_subcommand("backbones", "List the pretrained networks the server has")
      ->callback([&globals] { globals.result = Run(globals); });
}

}  // namespace graft::cli
