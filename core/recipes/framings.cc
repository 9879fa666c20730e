#include "core/recipes/framings.h"

#include "core/recipes/conditions.h"

namespace graft::recipes {
namespace {

constexpr double kCheapPassGflops = 2'000;  // also in the words of data.framing's default

}  // namespace

bool ComparesFramings(const FineTuneConfig& config, int64_t images, double forward_gflops) {
  if (config.data.framing.has_value()) return *config.data.framing == FramingChoice::kAuto;
  return ChoicesOf(config).fits_head &&
         static_cast<double>(images) * forward_gflops <= kCheapPassGflops;
}

}  // namespace graft::recipes
