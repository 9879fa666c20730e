#include "tools/device_check/report.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace graft {
namespace {

constexpr int kNameWidth = 34;

void AppendOps(const std::string& title, const std::vector<OpResult>& ops,
               const CheckReport& report, std::string& out) {
  absl::StrAppendFormat(&out, "\n%s\n", title);
  absl::StrAppendFormat(&out, "%-*s %9s %9s %9s %9s %8s | %9s %9s | %9s %9s |\n", kNameWidth,
                        "operation", "fwd abs", "fwd rel", "bwd abs", "bwd rel", "allowed",
                        "infer ms", "train ms", "infer ms", "train ms");
  absl::StrAppendFormat(&out, "%-*s %57s %19s | %19s |\n", kNameWidth, "", report.reference + " |",
                        "", report.subject);
  for (const OpResult& op : ops) {
    if (!op.status.ok()) {
      absl::StrAppendFormat(&out, "%-*s FAILED: %s\n", kNameWidth, op.name, op.status.message());
      continue;
    }
    absl::StrAppendFormat(
        &out, "%-*s %9.1e %9.1e %9.1e %9.1e %8.0e | %9.3f %9.3f | %9.3f %9.3f | %s\n", kNameWidth,
        op.name, op.forward.absolute, op.forward.relative, op.backward.absolute,
        op.backward.relative, op.tolerance, op.reference_infer_ms, op.reference_train_ms,
        op.subject_infer_ms, op.subject_train_ms, op.ok() ? "ok" : "DIFFERS");
  }
}

void AppendTraining(const TrainingResult& run, const CheckReport& report, std::string& out) {
  absl::StrAppendFormat(&out, "\n%s\n", run.name);
  if (!run.status.ok()) {
    absl::StrAppendFormat(&out, "  FAILED: %s\n", run.status.message());
    return;
  }
  absl::StrAppendFormat(&out, "  %-22s %14s %14s %14s %14s\n", "loss of epoch", "training",
                        "(checked)", "validation", "(checked)");
  for (const EpochLosses& epoch : run.epochs) {
    absl::StrAppendFormat(&out, "  %3d %-18s %14.7f %14.7f %14.7f %14.7f\n", epoch.epoch,
                          epoch.phase, epoch.reference_train, epoch.subject_train,
                          epoch.reference_validation, epoch.subject_validation);
  }
  absl::StrAppendFormat(&out, "  losses differ by %.1e of themselves (%.0e allowed)\n",
                        run.losses.relative, run.loss_tolerance);
  absl::StrAppendFormat(&out,
                        "  answers differ by %.1e, after an interruption by %.1e (%.0e allowed)\n",
                        run.outputs.relative, run.resumed.relative, run.output_tolerance);
  absl::StrAppendFormat(&out, "  %-24s trained in %8.3f s, infers in %8.3f ms\n", report.reference,
                        run.reference_train_seconds, run.reference_infer_ms);
  absl::StrAppendFormat(&out, "  %-24s trained in %8.3f s, infers in %8.3f ms\n", report.subject,
                        run.subject_train_seconds, run.subject_infer_ms);
  absl::StrAppendFormat(&out, "  %s\n", run.ok() ? "ok" : "DIFFERS");
}

void AppendEngines(const std::vector<EngineResult>& engines, std::string& out) {
  absl::StrAppendFormat(&out, "\n%-24s %-28s %5s %9s %8s | %9s %9s %7s |\n", "Serving: network",
                        "engine", "rows", "differs", "allowed", "eager ms", "engine ms", "ratio");
  for (const EngineResult& each : engines) {
    if (!each.status.ok()) {
      absl::StrAppendFormat(&out, "%-24s %-28s %5d FAILED: %s\n", each.name, each.engine, each.rows,
                            each.status.message());
      continue;
    }
    absl::StrAppendFormat(&out, "%-24s %-28s %5d %9.1e %8.0e | %9.3f %9.3f %7.2f | %s\n", each.name,
                          each.engine, each.rows, each.difference.relative, each.tolerance,
                          each.eager_ms, each.engine_ms, each.eager_ms / each.engine_ms,
                          each.ok() ? "ok" : "DIFFERS");
  }
}

nlohmann::json Number(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

nlohmann::json JsonOf(const Difference& difference) {
  return {{"absolute", Number(difference.absolute)}, {"relative", Number(difference.relative)}};
}

nlohmann::json JsonOf(const std::vector<OpResult>& ops) {
  nlohmann::json all = nlohmann::json::array();
  for (const OpResult& op : ops) {
    nlohmann::json json = {{"name", op.name},
                           {"ok", op.ok()},
                           {"tolerance", op.tolerance},
                           {"forward", JsonOf(op.forward)},
                           {"backward", JsonOf(op.backward)},
                           {"reference_infer_ms", op.reference_infer_ms},
                           {"reference_train_ms", op.reference_train_ms},
                           {"subject_infer_ms", op.subject_infer_ms},
                           {"subject_train_ms", op.subject_train_ms}};
    if (!op.status.ok()) json["error"] = std::string(op.status.message());
    all.push_back(std::move(json));
  }
  return all;
}

nlohmann::json JsonOf(const TrainingResult& run) {
  nlohmann::json epochs = nlohmann::json::array();
  for (const EpochLosses& epoch : run.epochs) {
    epochs.push_back({{"phase", epoch.phase},
                      {"epoch", epoch.epoch},
                      {"reference_train_loss", Number(epoch.reference_train)},
                      {"subject_train_loss", Number(epoch.subject_train)},
                      {"reference_validation_loss", Number(epoch.reference_validation)},
                      {"subject_validation_loss", Number(epoch.subject_validation)}});
  }
  nlohmann::json json = {{"name", run.name},
                         {"ok", run.ok()},
                         {"epochs", std::move(epochs)},
                         {"losses", JsonOf(run.losses)},
                         {"loss_tolerance", run.loss_tolerance},
                         {"outputs", JsonOf(run.outputs)},
                         {"resumed_outputs", JsonOf(run.resumed)},
                         {"output_tolerance", run.output_tolerance},
                         {"reference_train_seconds", run.reference_train_seconds},
                         {"subject_train_seconds", run.subject_train_seconds},
                         {"reference_infer_ms", run.reference_infer_ms},
                         {"subject_infer_ms", run.subject_infer_ms}};
  if (!run.status.ok()) json["error"] = std::string(run.status.message());
  return json;
}

nlohmann::json JsonOf(const std::vector<EngineResult>& engines) {
  nlohmann::json all = nlohmann::json::array();
  for (const EngineResult& each : engines) {
    nlohmann::json json = {{"name", each.name},
                           {"engine", each.engine},
                           {"rows", each.rows},
                           {"ok", each.ok()},
                           {"difference", JsonOf(each.difference)},
                           {"tolerance", each.tolerance},
                           {"eager_ms", Number(each.eager_ms)},
                           {"engine_ms", Number(each.engine_ms)}};
    if (!each.status.ok()) json["error"] = std::string(each.status.message());
    all.push_back(std::move(json));
  }
  return all;
}

}  // namespace

int CheckReport::failures() const {
  int failed = 0;
  for (const std::vector<OpResult>* const results : {&ops, &tf32_ops}) {
    for (const OpResult& op : *results) failed += op.ok() ? 0 : 1;
  }
  for (const TrainingResult& run : trainings) failed += run.ok() ? 0 : 1;
  for (const EngineResult& each : engines) failed += each.ok() ? 0 : 1;
  return failed;
}

std::string ToText(const CheckReport& report) {
  std::string out;
  absl::StrAppendFormat(&out, "graft %s on LibTorch %s\n", report.build, report.libtorch);
  absl::StrAppendFormat(&out, "%s checked against %s; batches of %d, seed %d, median of %d\n",
                        report.subject, report.reference, report.options.batch, report.options.seed,
                        report.options.repeats);
  if (!report.note.empty()) absl::StrAppendFormat(&out, "%s\n", report.note);
  AppendOps("Operations, TF32 off: largest difference of all elements, and against the largest",
            report.ops, report, out);
  if (!report.tf32_ops.empty()) {
    AppendOps("The same with TF32 allowed, of what multiplies", report.tf32_ops, report, out);
  }
  for (const TrainingResult& run : report.trainings) AppendTraining(run, report, out);
  if (!report.engines.empty()) AppendEngines(report.engines, out);
  const size_t checks =
      report.ops.size() + report.tf32_ops.size() + report.trainings.size() + report.engines.size();
  if (report.failures() == 0) {
    absl::StrAppendFormat(&out, "\nPASS: %d checks\n", checks);
  } else {
    absl::StrAppendFormat(&out, "\nFAIL: %d of %d checks\n", report.failures(), checks);
  }
  return out;
}

std::string ToJson(const CheckReport& report) {
  nlohmann::json trainings = nlohmann::json::array();
  for (const TrainingResult& run : report.trainings) trainings.push_back(JsonOf(run));
  return nlohmann::json{{"libtorch", report.libtorch},
                        {"build", report.build},
                        {"reference", report.reference},
                        {"subject", report.subject},
                        {"note", report.note},
                        {"batch", report.options.batch},
                        {"seed", report.options.seed},
                        {"repeats", report.options.repeats},
                        {"ops", JsonOf(report.ops)},
                        {"tf32_ops", JsonOf(report.tf32_ops)},
                        {"trainings", std::move(trainings)},
                        {"engines", JsonOf(report.engines)},
                        {"failures", report.failures()}}
             .dump(2) +
         "\n";
}

}  // namespace graft
