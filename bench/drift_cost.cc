// What watching for drift adds to each answered picture, in microseconds: its statistics, and
// counting it. To be held against what the network takes for it (graft_bench_predict).
//
//   graft_bench_drift

#include <chrono>
#include <cstdio>
#include <random>
#include <vector>

#include "core/drift/drift_window.h"
#include "core/drift/picture_statistics.h"

namespace graft {
namespace {

constexpr int kSide = 224;
constexpr int kPictures = 20'000;

// The mean over kPictures calls.
template <typename F>
double Microseconds(F f) {
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < kPictures; ++i) f(i);
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begun;
  return took.count() / kPictures;
}

model::Distribution Tenths(const char* of) {
  model::Distribution made = {.of = of, .counts = std::vector<int64_t>(10, 10)};
  for (int i = 1; i < 10; ++i) made.edges.push_back(i / 10.);
  return made;
}

void Measure() {
  std::mt19937 random(1);
  // More than the caches hold, as a picture that was just decoded and framed is at worst.
  std::vector<std::vector<uint8_t>> pictures(64);
  for (std::vector<uint8_t>& pixels : pictures) {
    for (int i = 0; i < kSide * kSide * 3; ++i) pixels.push_back(static_cast<uint8_t>(random()));
  }
  float sum = 0;
  const double statistics = Microseconds([&](int i) {
    sum += drift::StatisticsOf(pictures[static_cast<size_t>(i) % pictures.size()], kSide, kSide)[0];
  });
  std::printf("statistics of %d x %d pixels  %.2f us  (mean brightness %.2f)\n", kSide, kSide,
              statistics, sum / kPictures);
  model::DriftRecord record;
  for (const char* const name : drift::kPictureStatisticNames) {
    record.pictures.push_back(Tenths(name));
  }
  for (const size_t kinds : {2u, 1'000u}) {
    record.answers = {{.counts = std::vector<int64_t>(kinds, 10)}};
    drift::DriftWindow window(record, 1'000);
    const double counted = Microseconds([&](int i) {
      window.CountAnswer({static_cast<double>(static_cast<size_t>(i) % kinds)});
      window.CountPicture({0.3f, 0.2f, 0.1f, 0.5f});
    });
    std::printf("counting, one of %zu classes  %.2f us\n", kinds, counted);
  }
}

}  // namespace
}  // namespace graft

int main() { graft::Measure(); }
