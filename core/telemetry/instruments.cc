#include "core/telemetry/instruments.h"

#include <cmath>
#include <map>
#include <type_traits>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"

namespace graft::telemetry {

void Counter::Increment(double by) {
  if (std::isfinite(by) && by > 0) counter_->Increment(by);
}
double Counter::Value() const { return counter_->Value(); }

void Gauge::Set(double value) { gauge_->Set(value); }
void Gauge::Add(double by) { gauge_->Increment(by); }
double Gauge::Value() const { return gauge_->Value(); }

void Histogram::Observe(double value) {
  if (std::isfinite(value)) histogram_->Observe(value);
}

template <typename Native>
struct LabelledSeries<Native>::State {
  State(prometheus::Family<Native>& native_family, std::vector<std::string> names,
        size_t series_limit, Buckets bucket_bounds)
      : family(native_family),
        label_names(std::move(names)),
        buckets(std::move(bucket_bounds)),
        limit(series_limit) {}

  prometheus::Family<Native>& family;
  const std::vector<std::string> label_names;
  const Buckets buckets;
  SeriesLimit limit;
  absl::Mutex mutex;
  std::map<std::vector<std::string>, Native*> series ABSL_GUARDED_BY(mutex);
};

template <typename Native>
LabelledSeries<Native>::LabelledSeries(prometheus::Family<Native>& family,
                                       std::vector<std::string> label_names, size_t series_limit,
                                       Buckets buckets)
    : state_(std::make_unique<State>(family, std::move(label_names), series_limit,
                                     std::move(buckets))) {}

template <typename Native>
LabelledSeries<Native>::~LabelledSeries() = default;

template <typename Native>
LabelledSeries<Native>::LabelledSeries(LabelledSeries&&) noexcept = default;

template <typename Native>
template <typename Use>
void LabelledSeries<Native>::With(const std::vector<std::string>& values, Use use) const {
  State& state = *state_;
  absl::MutexLock lock(&state.mutex);
  const std::vector<std::string> admitted = state.limit.Admit(values);
  Native*& series = state.series[admitted];
  if (series == nullptr) {
    prometheus::Labels labels;
    for (size_t i = 0; i < state.label_names.size() && i < admitted.size(); ++i) {
      labels[state.label_names[i]] = admitted[i];
    }
    if constexpr (std::is_same_v<Native, prometheus::Histogram>) {
      series = &state.family.Add(labels, state.buckets);
    } else {
      series = &state.family.Add(labels);
    }
  }
  use(*series);
}

template <typename Native>
template <typename Kept>
void LabelledSeries<Native>::RemoveUnless(Kept kept) {
  State& state = *state_;
  absl::MutexLock lock(&state.mutex);
  for (auto it = state.series.begin(); it != state.series.end();) {
    if (kept(it->first)) {
      ++it;
      continue;
    }
    state.family.Remove(it->second);
    state.limit.Release(it->first);
    it = state.series.erase(it);
  }
}

template <typename Native>
void LabelledSeries<Native>::Remove(absl::string_view value) {
  State& state = *state_;
  absl::MutexLock lock(&state.mutex);
  for (auto it = state.series.begin(); it != state.series.end();) {
    if (!it->first.empty() && it->first.front() == value) {
      state.family.Remove(it->second);
      it = state.series.erase(it);
    } else {
      ++it;
    }
  }
  state.limit.Forget(value);
}

template class LabelledSeries<prometheus::Counter>;
template class LabelledSeries<prometheus::Gauge>;
template class LabelledSeries<prometheus::Histogram>;

void CounterFamily::Increment(const std::vector<std::string>& values, double by) {
  if (!std::isfinite(by) || by <= 0) return;
  With(values, [&](prometheus::Counter& counter) { counter.Increment(by); });
}

void GaugeFamily::Set(const std::vector<std::string>& values, double value) {
  With(values, [&](prometheus::Gauge& gauge) { gauge.Set(value); });
}

void GaugeFamily::SetAll(const std::map<std::vector<std::string>, double>& series) {
  RemoveUnless([&](const std::vector<std::string>& values) { return series.contains(values); });
  size_t left = state_->limit.limit();
  for (const auto& [values, value] : series) {
    if (left-- == 0) return;
    Set(values, value);
  }
}

void HistogramFamily::Observe(const std::vector<std::string>& values, double value) {
  if (!std::isfinite(value)) return;
  With(values, [&](prometheus::Histogram& histogram) { histogram.Observe(value); });
}

}  // namespace graft::telemetry
