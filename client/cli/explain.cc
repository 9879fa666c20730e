#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "client/cli/command.h"
#include "client/cli/output.h"
#include "client/cli/tasks/catalog.h"
#include "client/cli/text.h"
#include "client/cli/which_model.h"
#include "client/lib/channel.h"
#include "client/lib/local_file.h"

namespace graft::cli {
namespace {

struct Arguments {
  v1::ExplainRequest question;  // without input
  std::string image;
  std::string out;
};

// "rex-dog.png" for rex.jpg and the label "dog", with what a file name had better not have left
// out.
std::string DefaultName(const std::string& image, const std::string& of) {
  std::string name = of;
  for (char& c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') c = '_';
  }
  return absl::StrCat(std::filesystem::path(image).stem().string(), "-", name, ".png");
}

absl::Status Run(const Globals& globals, const Arguments& arguments) {
  absl::StatusOr<std::string> bytes = client::ReadFile(arguments.image, client::kMaxPictureBytes);
  if (!bytes.ok()) return bytes.status();
  v1::ExplainRequest request = arguments.question;
  request.mutable_input()->set_image(*std::move(bytes));
  request.set_overlay(!globals.json || !arguments.out.empty());
  auto response = globals.Connect()->Explain(std::move(request));
  if (!response.ok()) return response.status();
  const std::string out =
      arguments.out.empty() ? DefaultName(arguments.image, response->of()) : arguments.out;
  if (!response->overlay_png().empty()) {
    const absl::Status written = client::WriteFile(out, response->overlay_png());
    if (!written.ok()) return written;
  }
  if (globals.json) {
    response->clear_overlay_png();  // it is in the file
    PrintJson(*response);
    return absl::OkStatus();
  }
  std::fputs(
      FormatTable({{arguments.image, absl::StrJoin(Cells(response->output()), "  ")}}).c_str(),
      stdout);
  std::printf("%s: what speaks for %s, from blue (nothing) to red (most); %s version %ld\n",
              PrintableLine(out).c_str(), PrintableLine(response->of()).c_str(),
              PrintableLine(response->model()).c_str(), static_cast<long>(response->version()));
  return absl::OkStatus();
}

}  // namespace

void AddExplainCommand(CLI::App& app, Globals& globals) {
  CLI::App* const explain = app.add_subcommand(
      "explain", "Which places of a picture speak for a model's answer, drawn on the picture");
  auto arguments = std::make_shared<Arguments>();
  AddWhichModel(*explain, &arguments->question);
  explain->add_option("IMAGE", arguments->image, "A JPEG, PNG, WebP or BMP file")->required();
  explain->add_option_function<std::string>(
      "--of", [arguments](const std::string& of) { arguments->question.set_of(of); },
      "The label or number to explain; default: the most probable label, the first number");
  explain->add_option("--out", arguments->out,
                      "Where the PNG goes; default: IMAGE's name and the label's, in this folder");
  explain->callback([&globals, arguments] { globals.result = Run(globals, *arguments); });
}

}  // namespace graft::cli
