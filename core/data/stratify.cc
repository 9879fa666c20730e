#include "core/data/stratify.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>

#include "core/data/sampler.h"

namespace graft::data {
namespace {

constexpr int kUnassigned = -1;

class StratifiedAssigner {
 public:
  StratifiedAssigner(const std::vector<StratifyUnit>& units, int labels,
                     const StratifyOptions& options)
      : units_(units),
        parts_(static_cast<int>(options.shares.size())),
        one_from_(options.one_from),
        part_of_(units.size(), kUnassigned),
        left_(labels, 0),
        units_with_(labels),
        wanted_(static_cast<size_t>(labels) * parts_, 0),
        first_has_(labels, false),
        wanted_in_all_(parts_, 0) {
    int64_t images = 0;
    for (const int u : Order(options.seed)) {
      images += units_[u].images;
      for (const auto& [label, count] : units_[u].labels) {
        left_[label] += count;
        units_with_[label].push_back(u);
      }
    }
    for (int p = 0; p < parts_; ++p) {
      wanted_in_all_[p] = options.shares[p] * static_cast<double>(images);
    }
    for (int l = 0; l < labels; ++l) SetWanted(l, options.shares);
  }

  std::vector<int> Assign() {
    std::set<std::pair<int64_t, int>> queue;  // labels by the images left of them
    for (size_t l = 0; l < left_.size(); ++l) {
      if (left_[l] > 0) queue.emplace(left_[l], static_cast<int>(l));
    }
    while (!queue.empty()) {
      const int label = queue.begin()->second;
      for (const int u : units_with_[label]) {
        if (part_of_[u] != kUnassigned) continue;
        for (const auto& [other, count] : units_[u].labels) queue.erase({left_[other], other});
        Give(u, PartFor(label));
        for (const auto& [other, count] : units_[u].labels) {
          if (left_[other] > 0) queue.emplace(left_[other], other);
        }
      }
    }
    for (const int u : order_) {  // those without labels
      if (part_of_[u] == kUnassigned) Give(u, Largest(wanted_in_all_.data(), nullptr));
    }
    return part_of_;
  }

 private:
  // Shuffled, large ones first: what is left for the end should be easy to place.
  const std::vector<int>& Order(uint64_t seed) {
    order_ = EpochOrder(static_cast<int>(units_.size()), seed, 0);
    std::stable_sort(order_.begin(), order_.end(),
                     [&](int a, int b) { return units_[a].images > units_[b].images; });
    return order_;
  }

  void SetWanted(int label, const std::vector<double>& shares) {
    double* const wanted = &wanted_[static_cast<size_t>(label) * parts_];
    const auto count = static_cast<double>(left_[label]);
    const bool enough =
        one_from_.has_value() && static_cast<int>(units_with_[label].size()) >= parts_;
    double others = 0;
    for (int p = 1; p < parts_; ++p) {
      wanted[p] = shares[p] * count;
      if (enough && wanted[p] >= *one_from_) wanted[p] = std::max(wanted[p], 1.0);
      others += wanted[p];
    }
    wanted[0] = count - others;
  }

  // The part that wants most, of equals the one that wants most in all, then the first.
  int Largest(const double* wanted, const double* in_all) const {
    int best = 0;
    for (int p = 1; p < parts_; ++p) {
      const bool more = wanted[p] > wanted[best] || (wanted[p] == wanted[best] &&
                                                     in_all != nullptr && in_all[p] > in_all[best]);
      if (more) best = p;
    }
    return best;
  }

  int PartFor(int label) const {
    if (one_from_.has_value() && !first_has_[label]) return 0;
    return Largest(&wanted_[static_cast<size_t>(label) * parts_], wanted_in_all_.data());
  }

  void Give(int unit, int part) {
    part_of_[unit] = part;
    wanted_in_all_[part] -= static_cast<double>(units_[unit].images);
    for (const auto& [label, count] : units_[unit].labels) {
      left_[label] -= count;
      wanted_[static_cast<size_t>(label) * parts_ + part] -= static_cast<double>(count);
      if (part == 0) first_has_[label] = true;
    }
  }

  const std::vector<StratifyUnit>& units_;
  const int parts_;
  const std::optional<double> one_from_;
  std::vector<int> order_;
  std::vector<int> part_of_;
  std::vector<int64_t> left_;  // images of each label in units not dealt out
  std::vector<std::vector<int>> units_with_;
  std::vector<double> wanted_;  // [labels, parts]: images still to be given
  std::vector<bool> first_has_;
  std::vector<double> wanted_in_all_;
};

}  // namespace

std::vector<int> Stratify(const std::vector<StratifyUnit>& units, int labels,
                          const StratifyOptions& options) {
  return StratifiedAssigner(units, labels, options).Assign();
}

}  // namespace graft::data
