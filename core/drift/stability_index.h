#ifndef GRAFT_CORE_DRIFT_STABILITY_INDEX_H_
#define GRAFT_CORE_DRIFT_STABILITY_INDEX_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace graft::drift {

// The population stability index (Siddiqi 2006, "Credit Risk Scorecards"; it is Jeffreys'
// divergence of 1946) of counts c, n of them, against a reference's counts d, m of them, over the B
// bins that hold any of either:
//
//   PSI = sum_i (p_i - q_i) ln(p_i / q_i),  p_i = (c_i + 1/2) / (n + B/2),
//                                           q_i = (d_i + 1/2) / (m + B/2)
//
// The halves (Krichevsky and Trofimov 1981) keep an empty bin from making it infinite. Rules of
// thumb call less than 0.1 the same, 0.1 to 0.25 a little different, more than 0.25 different; they
// come from thousands of rows in ten bins. Where both are drawn from one source, PSI is distributed
// about as (1/n + 1/m) times chi-square with B - 1 degrees of freedom (Yurdakul 2018, "Statistical
// Properties of Population Stability Index"): with a hundred bins or a few dozen held-out pictures
// chance alone goes far above 0.25. So what chance makes of it is taken off, and where it explains
// all of it, nothing is left.
struct Stability {
  double psi = 0;
  // PSI less (B - 1)(1/n + 1/m), what chance makes of it on average; 0 where PSI is within what
  // chance makes of it in 999 of 1,000 cases.
  double index = 0;
  size_t most = 0;  // the bin that it comes from most
};

// As many counts as bins of both. `compared` comparisons are made of which the largest is told: the
// one case in 1,000 is then of all of them together (Bonferroni). All 0 where either has no counts.
// Pure.
Stability CompareCounts(absl::Span<const int64_t> now, absl::Span<const int64_t> reference,
                        size_t compared = 1);

// What a standard normal variable exceeds with probability `tail`, above 0 and at most 0.5. Error
// below 5e-4 (Abramowitz and Stegun 1964, 26.2.23).
double NormalQuantile(double tail);

// What a chi-square variable of so many degrees, at least 1, exceeds with probability `tail`
// (Wilson and Hilferty 1931): for a tail of 0.001 up to 3 % above the true value, which is on the
// safe side.
double ChiSquareQuantile(double degrees, double tail);

}  // namespace graft::drift

#endif  // GRAFT_CORE_DRIFT_STABILITY_INDEX_H_
