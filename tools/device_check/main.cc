// Shows on one machine that what graft trains and infers comes out the same on its accelerator as
// on the CPU, and how long it takes on both. Needs LibTorch and Abseil alone: docs/devices.md says
// how to build it where there is little more.
//
// Exit status: 0 all is within its tolerance, 1 something is not, 2 it could not be asked.
#include <cstdio>
#include <string>
#include <utility>

#include <ATen/Parallel.h>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_cat.h"
#include "tools/device_check/report.h"
#include "torch/version.h"

#include "core/base/version.h"
#include "core/nn/devices.h"
#include "core/nn/torch_error.h"

ABSL_FLAG(std::string, device, "",
          "what to check: cpu, cuda, cuda:1, ...; empty: the accelerator that LibTorch sees, else "
          "the CPU's float32 against its float64");
ABSL_FLAG(bool, list, false, "print what LibTorch sees and what would be checked, and end");
ABSL_FLAG(bool, json, false, "print one JSON object in place of tables");
ABSL_FLAG(uint64_t, seed, 0, "of weights, images and inputs");
ABSL_FLAG(int, repeats, 5, "how often each is timed, 1 or more; the median is printed");
ABSL_FLAG(int, batch, 8, "rows in a batch of the operations' checks, 1 to 4096");
ABSL_FLAG(int, threads, 0, "of the CPU; 0: as many as LibTorch likes");

namespace graft {
namespace {

constexpr int kFailed = 1;
constexpr int kNotAsked = 2;

// TF32 keeps 10 bits of each factor's fraction: 2^-11, of sums of products that cancel in part.
constexpr double kTf32Tolerance = 1e-2;

bool Multiplies(const OpCase& op_case) {
  std::vector<nn::Shape> shapes;
  for (const OpInput& input : op_case.inputs) shapes.push_back(input.input.shape);
  const absl::StatusOr<nn::Shape> out = nn::OutputShape(op_case.op, shapes);
  return out.ok() && nn::FlopsOf(op_case.op, shapes, *out) > 0;
}

void List() {
  std::printf("LibTorch %s sees:\n", TORCH_VERSION);
  for (const at::Device& device : nn::VisibleDevices()) std::printf("  %s\n", device.str().c_str());
  std::printf("\nOperations:\n");
  for (const OpCase& op_case : AllOpCases()) std::printf("  %s\n", op_case.name.c_str());
  std::printf("\nTraining runs:\n");
  for (const TrainingCase& run : TrainingCases()) std::printf("  %s\n", run.name.c_str());
  std::printf("\nServed networks, by each engine of an accelerator:\n");
  for (const EngineCase& each : EngineCases()) std::printf("  %s\n", each.name.c_str());
}

absl::StatusOr<CheckReport> Plan() {
  CheckReport report;
  report.libtorch = TORCH_VERSION;
  report.build = BuildDescription();
  report.options.seed = absl::GetFlag(FLAGS_seed);
  report.options.repeats = absl::GetFlag(FLAGS_repeats);
  report.options.batch = absl::GetFlag(FLAGS_batch);
  if (report.options.repeats < 1 || report.options.batch < 1 || report.options.batch > 4'096) {
    return absl::InvalidArgumentError("--repeats must be 1 or more, --batch 1 to 4096");
  }
  const std::string asked = absl::GetFlag(FLAGS_device);
  absl::StatusOr<at::Device> device = nn::VisibleDevices().back();
  if (!asked.empty()) device = nn::FindDevice(asked);
  if (!device.ok()) return device.status();
  report.options.subject = {*device, at::kFloat};
  const bool on_cpu = device->is_cpu();
  report.options.reference = {at::kCPU, on_cpu ? at::kDouble : at::kFloat};
  report.subject = absl::StrCat(device->str(), " float32");
  report.reference = on_cpu ? "cpu float64" : "cpu float32";
  if (on_cpu) {
    report.note = absl::StrCat(
        asked.empty() ? "LibTorch sees no accelerator here" : "the CPU was asked for",
        ": its float32 is checked against its float64, which shows nothing of any other device");
  }
  return report;
}

int Main() {
  if (absl::GetFlag(FLAGS_list)) {
    List();
    return 0;
  }
  absl::StatusOr<CheckReport> report = Plan();
  if (!report.ok()) {
    std::fprintf(stderr, "%s\n", std::string(report.status().message()).c_str());
    return kNotAsked;
  }
  if (absl::GetFlag(FLAGS_threads) > 0) at::set_num_threads(absl::GetFlag(FLAGS_threads));
  nn::AllowTf32(false);
  for (const OpCase& op_case : AllOpCases()) {
    report->ops.push_back(CheckOpCase(op_case, report->options));
  }
  for (const TrainingCase& run : TrainingCases()) {
    report->trainings.push_back(CheckTraining(run, report->options));
  }
  for (const EngineCase& each : EngineCases()) {
    for (EngineResult& result : CheckEngines(each, report->options)) {
      report->engines.push_back(std::move(result));
    }
  }
  if (report->options.subject.device.is_cuda()) {
    nn::AllowTf32(true);
    for (OpCase& op_case : AllOpCases()) {
      if (!Multiplies(op_case)) continue;
      op_case.tolerance = kTf32Tolerance;
      report->tf32_ops.push_back(CheckOpCase(op_case, report->options));
    }
    nn::AllowTf32(false);
  }
  const std::string out = absl::GetFlag(FLAGS_json) ? ToJson(*report) : ToText(*report);
  std::fwrite(out.data(), 1, out.size(), stdout);
  return report->failures() == 0 ? 0 : kFailed;
}

}  // namespace
}  // namespace graft

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "compares training and inference on a device with the CPU, and times them");
  absl::ParseCommandLine(argc, argv);
  try {
    return graft::Main();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n",
                 std::string(graft::nn::TorchErrorStatus("device check", error).message()).c_str());
    return graft::kNotAsked;
  }
}
