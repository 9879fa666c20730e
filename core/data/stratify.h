#ifndef GRAFT_CORE_DATA_STRATIFY_H_
#define GRAFT_CORE_DATA_STRATIFY_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace graft::data {

// What stays together: an image, or a group of them.
struct StratifyUnit {
  int64_t images = 1;
  std::vector<std::pair<int, int64_t>> labels;  // each label once, with its images in the unit
};

struct StratifyOptions {
  std::vector<double> shares;  // of each part, above 0, together 1
  // The first part gets at least one unit of each label; then another part gets at least one if its
  // share is this many images or more, and there are as many units as parts. None: shares alone.
  std::optional<double> one_from;
  uint64_t seed = 0;
};

// Deals units out to parts so that each part has its share of each label: iterative stratification
// (Sechidis, Tsoumakas, Vlahavas: On the Stratification of Multi-Label Data, ECML PKDD 2011), the
// label with the fewest images left first; large units before small ones. The part of each unit.
// A function of its arguments alone, in about O(units * labels of each * log labels).
std::vector<int> Stratify(const std::vector<StratifyUnit>& units, int labels,
                          const StratifyOptions& options);

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_STRATIFY_H_
