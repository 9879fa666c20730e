#include "core/drift/drift_window.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/drift/stability_index.h"

namespace graft::drift {
namespace {

// Statistics that are known here, by their place in the record.
std::vector<size_t> KnownStatistics(const model::DriftRecord& record) {
  std::vector<size_t> known;
  for (size_t statistic = 0; statistic < kPictureStatistics; ++statistic) {
    for (const model::Distribution& each : record.pictures) {
      if (each.of == kPictureStatisticNames[statistic]) {
        known.push_back(statistic);
        break;
      }
    }
  }
  return known;
}

std::vector<model::Distribution> OfStatistics(const model::DriftRecord& record,
                                              const std::vector<size_t>& statistics) {
  std::vector<model::Distribution> chosen;
  for (const size_t statistic : statistics) {
    chosen.push_back(*std::find_if(
        record.pictures.begin(), record.pictures.end(),
        [&](const auto& each) { return each.of == kPictureStatisticNames[statistic]; }));
  }
  return chosen;
}

// Of some distributions, of which each is counted, the one that has changed most.
DriftFigure Most(std::string of, absl::Span<const model::Distribution> usual,
                 const HalvedCounts& counted, size_t first, size_t count) {
  DriftFigure figure;
  figure.of = std::move(of);
  figure.inputs = counted.inputs();
  if (figure.inputs < kFewestInputs) return figure;
  Stability largest;
  std::vector<int64_t> counts;
  for (size_t place = first; place < first + count; ++place) {
    std::vector<int64_t> these = counted.CountsOf(place);
    const Stability found = CompareCounts(these, usual[place].counts, count);
    if (place > first && std::pair(found.index, found.psi) <= std::pair(largest.index, largest.psi))
      continue;
    largest = found;
    figure.part = place - first;
    counts = std::move(these);
  }
  const size_t place = first + figure.part;
  figure.index = largest.index;
  if (!usual[place].edges.empty()) {
    figure.usual = usual[place].mean;
    figure.now = counted.MeanOf(place);
    figure.deviation = usual[place].deviation;
    return figure;
  }
  const auto share = [&](absl::Span<const int64_t> of_bins) {
    int64_t total = 0;
    for (const int64_t each : of_bins) total += each;
    return total == 0 ? 0 : static_cast<double>(of_bins[*figure.bin]) / static_cast<double>(total);
  };
  figure.bin = largest.most;
  figure.usual = share(usual[place].counts);
  figure.now = share(counts);
  return figure;
}

}  // namespace

DriftWindow::DriftWindow(const model::DriftRecord& record, int64_t inputs)
    : answers_(record.answers),
      statistics_(KnownStatistics(record)),
      pictures_(OfStatistics(record, statistics_)),
      answered_(answers_, inputs),
      pictured_(pictures_, inputs) {}

void DriftWindow::CountAnswer(absl::Span<const double> parts) {
  absl::MutexLock lock(&mutex_);
  answered_.Add(parts);
}

void DriftWindow::CountPicture(const PictureStatistics& statistics) {
  std::array<double, kPictureStatistics> values;
  for (size_t i = 0; i < statistics_.size(); ++i) values[i] = statistics[statistics_[i]];
  absl::MutexLock lock(&mutex_);
  pictured_.Add(absl::MakeConstSpan(values).first(statistics_.size()));
}

std::vector<DriftFigure> DriftWindow::Figures() const {
  // Copied, so that nobody who answers waits for the comparison.
  const auto [answered, pictured] = [this] {
    absl::MutexLock lock(&mutex_);
    return std::pair(answered_, pictured_);
  }();
  std::vector<DriftFigure> figures;
  if (!answers_.empty()) figures.push_back(Most(kAnswers, answers_, answered, 0, answers_.size()));
  for (size_t i = 0; i < pictures_.size(); ++i) {
    figures.push_back(Most(pictures_[i].of, pictures_, pictured, i, 1));
  }
  return figures;
}

}  // namespace graft::drift
