#ifndef GRAFT_CORE_TELEMETRY_INSTRUMENTS_H_
#define GRAFT_CORE_TELEMETRY_INSTRUMENTS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "core/telemetry/series_limit.h"

// prometheus-cpp stays behind these declarations: nobody else includes its headers.
namespace prometheus {
class Counter;
class Gauge;
class Histogram;
class Registry;
template <typename T>
class Family;
}  // namespace prometheus

namespace graft::telemetry {

// Handles to one series each: cheap to copy, valid as long as the Metrics that made them and until
// the series is removed. All are safe for concurrent use.
class Counter {
 public:
  explicit Counter(prometheus::Counter* counter) : counter_(counter) {}
  // A negative or non-finite `by` is ignored: a counter only grows.
  void Increment(double by = 1);
  double Value() const;

 private:
  prometheus::Counter* counter_;
};

class Gauge {
 public:
  explicit Gauge(prometheus::Gauge* gauge) : gauge_(gauge) {}
  void Set(double value);
  void Add(double by);
  double Value() const;

 private:
  prometheus::Gauge* gauge_;
};

class Histogram {
 public:
  explicit Histogram(prometheus::Histogram* histogram) : histogram_(histogram) {}
  // A non-finite value is ignored: one NaN would spoil the sum for ever.
  void Observe(double value);
  void Observe(absl::Duration value) { Observe(absl::ToDoubleSeconds(value)); }

 private:
  prometheus::Histogram* histogram_;
};

// Upper bounds of histogram buckets; an infinite one follows them.
using Buckets = std::vector<double>;

// Metrics with labels. Each call takes one value per label name, in the order they were declared,
// and makes at most `series_limit` series (SeriesLimit); values past that count under "other".
// Native is prometheus-cpp's type. Safe for concurrent use, Remove() included.
template <typename Native>
class LabelledSeries {
 public:
  LabelledSeries(prometheus::Family<Native>& family, std::vector<std::string> label_names,
                 size_t series_limit, Buckets buckets);
  ~LabelledSeries();
  LabelledSeries(LabelledSeries&&) noexcept;

  // Removes every series whose first label has this value.
  void Remove(absl::string_view value);

 protected:
  // Runs `use` on the series of `values` while it cannot be removed.
  template <typename Use>
  void With(const std::vector<std::string>& values, Use use) const;

  // Removes every series whose labels' values are not `kept`.
  template <typename Kept>
  void RemoveUnless(Kept kept);

  struct State;
  std::unique_ptr<State> state_;
};

class CounterFamily : public LabelledSeries<prometheus::Counter> {
 public:
  using LabelledSeries::LabelledSeries;
  void Increment(const std::vector<std::string>& values, double by = 1);
};

class GaugeFamily : public LabelledSeries<prometheus::Gauge> {
 public:
  using LabelledSeries::LabelledSeries;
  void Set(const std::vector<std::string>& values, double value);
  // From now on there are these series and no others, by their labels' values; of more than the
  // limit the first.
  void SetAll(const std::map<std::vector<std::string>, double>& series);
};

class HistogramFamily : public LabelledSeries<prometheus::Histogram> {
 public:
  using LabelledSeries::LabelledSeries;
  void Observe(const std::vector<std::string>& values, double value);
  void Observe(const std::vector<std::string>& values, absl::Duration value) {
    Observe(values, absl::ToDoubleSeconds(value));
  }
};

}  // namespace graft::telemetry

#endif  // GRAFT_CORE_TELEMETRY_INSTRUMENTS_H_
