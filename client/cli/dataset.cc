#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

#include "client/cli/command.h"
#include "client/cli/listing.h"
#include "client/cli/output.h"
#include "client/cli/progress.h"
#include "client/cli/tasks/catalog.h"
#include "client/cli/text.h"

namespace graft::cli {
namespace {

void PrintDataset(const v1::Dataset& dataset) {
  PrintField("dataset", dataset.id());
  if (!dataset.display_name().empty()) PrintField("name", dataset.display_name());
  PrintField("images", absl::StrCat(dataset.images(), ", ", dataset.headline(), ", ",
                                    FormatBytes(dataset.bytes())));
  if (dataset.splits_size() > 0) PrintField("splits", absl::StrJoin(dataset.splits(), ", "));
  PrintField("digest", dataset.digest());
  PrintField("created", FormatTime(dataset.create_time()));
  std::puts("");
  std::fputs(FormatSummary(dataset.summary()).c_str(), stdout);
  constexpr int kShown = 10;
  for (int i = 0; i < std::min(kShown, dataset.skipped_size()); ++i) {
    std::printf("left out: %s: %s\n", PrintableLine(dataset.skipped(i).name()).c_str(),
                PrintableLine(dataset.skipped(i).reason()).c_str());
  }
  if (dataset.skipped_total() > kShown) {
    std::printf("left out: %ld more\n", static_cast<long>(dataset.skipped_total() - kShown));
  }
  for (const std::string& warning : dataset.warnings()) {
    std::printf("warning: %s\n", PrintableLine(warning).c_str());
  }
}

absl::Status Upload(const Globals& globals, const std::string& path,
                    const client::UploadOptions& options) {
  Progress progress(globals.progress());
  client::UploadCallbacks callbacks;
  callbacks.on_left_out = [](const client::LeftOut& left_out) {
    std::fprintf(stderr, "left out: %s\n", client::Describe(left_out).c_str());
  };
  callbacks.on_progress = [&](uint64_t sent, uint64_t total) {
    const std::string stage = sent < total ? absl::StrCat("uploading ", FormatBytes(total))
                                           : std::string("checking every image");
    progress.Show(total == 0 ? 1 : static_cast<double>(sent) / total, stage, stage);
  };
  const auto response = globals.Connect()->UploadDataset(path, options, callbacks);
  progress.Clear();
  if (!response.ok()) return response.status();
  if (globals.json) {
    PrintJson(*response);
    return absl::OkStatus();
  }
  if (!response->created()) std::puts("The server has this content already:");
  PrintDataset(response->dataset());
  return absl::OkStatus();
}

absl::Status List(const Globals& globals, const v1::ListDatasetsRequest& request) {
  return ShowPage(
      globals, globals.Connect()->ListDatasets(request), [](const v1::ListDatasetsResponse& page) {
        std::vector<std::vector<std::string>> rows = {
            {"ID", "NAME", "IMAGES", "HOLDS", "SIZE", "CREATED"}};
        for (const v1::Dataset& dataset : page.datasets()) {
          rows.push_back({dataset.id(), dataset.display_name(), absl::StrCat(dataset.images()),
                          dataset.headline(), FormatBytes(dataset.bytes()),
                          FormatTime(dataset.create_time())});
        }
        return rows;
      });
}

absl::Status Get(const Globals& globals, const std::string& id) {
  const auto dataset = globals.Connect()->GetDataset(id);
  if (!dataset.ok()) return dataset.status();
  if (globals.json) {
    PrintJson(*dataset);
  } else {
    PrintDataset(*dataset);
  }
  return absl::OkStatus();
}

}  // namespace

void AddDatasetCommand(CLI::App& app, Globals& globals) {
  CLI::App* const dataset =
      app.add_subcommand("dataset", "Upload, list, show, delete datasets; alone, it lists");
  dataset->require_subcommand(0, 1);

  CLI::App* const upload = dataset->add_subcommand(
      "upload",
      "Upload photographs: a folder with one folder a class, or a tar, tar.gz or zip of one.\n"
      "With a manifest (a CSV or JSON Lines with columns path, and label, labels or number:NAME, "
      "and\n"
      "perhaps split and group), given here or in the folder as manifest.csv or .jsonl, the "
      "pictures\n"
      "may lie in any folders.\n"
      "Hidden files and symbolic links in a folder are left out, and counted.");
  auto path = std::make_shared<std::string>();
  auto options = std::make_shared<client::UploadOptions>();
  upload->add_option("PATH", *path, "Folder or archive")->required()->check(CLI::ExistingPath);
  upload->add_option("--name", options->display_name, "A name for people");
  upload->add_option("--manifest", options->manifest, "CSV or JSON Lines that says what is shown")
      ->check(CLI::ExistingFile);
  upload->add_option("--number-column", options->number_columns,
                     "A column of the manifest that holds numbers to learn; may be repeated");
  upload->add_option("--ignore-column", options->ignored_columns,
                     "A column of the manifest that is not meant; may be repeated");
  upload->add_option("--sha256", options->sha256,
                     "Of the archive, where you have it: damage on the way is found, and an "
                     "archive that the server has already is not sent again");
  upload->callback(
      [&globals, path, options] { globals.result = Upload(globals, *path, *options); });

  CLI::App* const list = dataset->add_subcommand("list", "Newest first");
  auto request = std::make_shared<v1::ListDatasetsRequest>();
  AddPageOptions(*list, request);
  OrList(*dataset, *list, [&globals, request] { globals.result = List(globals, *request); });

  auto id = std::make_shared<std::string>();
  CLI::App* const show = dataset->add_subcommand("show", "One dataset, with its classes");
  show->add_option("ID", *id, "Dataset")->required();
  show->callback([&globals, id] { globals.result = Get(globals, *id); });

  CLI::App* const remove = dataset->add_subcommand("delete", "Delete a dataset");
  remove->add_option("ID", *id, "Dataset")->required();
  remove->callback([&globals, id] {
    globals.result =
        ShowDone(globals.Connect()->DeleteDataset(*id), globals.json, "deleted dataset " + *id);
  });
}

}  // namespace graft::cli
