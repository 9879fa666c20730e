#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "client/cli/command.h"
#include "client/cli/npy.h"
#include "client/cli/output.h"
#include "client/cli/predict_files.h"
#include "client/cli/text.h"
#include "client/cli/timing.h"
#include "client/cli/which_model.h"
#include "client/lib/local_file.h"

namespace graft::cli {
namespace {

struct Arguments {
  v1::EmbedRequest question;  // without inputs
  std::vector<std::string> images;
  std::string out;
};

using Vector = std::vector<float>;

double Dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
  return sum;
}

// Of length 1, or 0.
Vector Unit(Vector vector) {
  const double length = std::sqrt(Dot(vector, vector));
  for (float& value : vector) value = length > 0 ? static_cast<float>(value / length) : 0;
  return vector;
}

// Each picture with the one that is most like it.
std::string ClosestTable(const std::vector<std::string>& images, std::vector<Vector> embeddings) {
  for (Vector& embedding : embeddings) embedding = Unit(std::move(embedding));
  std::vector<std::vector<std::string>> rows = {{"IMAGE", "NUMBERS", "MOST LIKE", "COSINE"}};
  for (size_t i = 0; i < embeddings.size(); ++i) {
    size_t closest = i;
    double best = -2;
    for (size_t j = 0; j < embeddings.size(); ++j) {
      const double cosine = i == j ? -2 : Dot(embeddings[i], embeddings[j]);
      if (cosine > best) std::tie(best, closest) = std::pair(cosine, j);
    }
    rows.push_back({images[i], absl::StrCat(embeddings[i].size()),
                    closest == i ? "-" : images[closest],
                    closest == i ? "-" : absl::StrFormat("%.3f", best)});
  }
  return FormatTable(std::move(rows));
}

absl::Status Run(const Globals& globals, const Arguments& arguments) {
  const auto response = EmbedFiles(*globals.Connect(), arguments.question, arguments.images);
  if (!response.ok()) return response.status();
  std::vector<Vector> embeddings;
  for (const v1::Embedding& embedding : response->embeddings()) {
    embeddings.emplace_back(embedding.values().begin(), embedding.values().end());
    if (embeddings.back().size() != embeddings.front().size()) {
      return absl::InternalError("the server gave embeddings of different widths");
    }
  }
  if (!arguments.out.empty()) {
    const absl::Status written =
        client::WriteFile(arguments.out, ToNpy(embeddings, embeddings.front().size()));
    if (!written.ok()) return written;
  }
  if (globals.json) {
    PrintJson(*response);
    return absl::OkStatus();
  }
  if (arguments.out.empty()) {
    std::fputs(ClosestTable(arguments.images, embeddings).c_str(), stdout);
  }
  std::printf("%s version %ld, %s\n", PrintableLine(response->model()).c_str(),
              static_cast<long>(response->version()), FormatTiming(response->timing()).c_str());
  if (!arguments.out.empty()) {
    std::printf("%s: %zu x %zu float32, a row a picture (numpy.load)\n",
                PrintableLine(arguments.out).c_str(), embeddings.size(), embeddings.front().size());
  }
  return absl::OkStatus();
}

}  // namespace

void AddEmbedCommand(CLI::App& app, Globals& globals) {
  CLI::App* const embed = app.add_subcommand(
      "embed", "What a model sees in pictures, as vectors: close where it sees the same");
  auto arguments = std::make_shared<Arguments>();
  AddWhichModel(*embed, &arguments->question);
  AddImages(*embed, &arguments->images);
  embed->add_option("--out", arguments->out, "Write the vectors to this .npy file, for NumPy");
  embed->callback([&globals, arguments] { globals.result = Run(globals, *arguments); });
}

}  // namespace graft::cli
