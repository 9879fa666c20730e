#include "core/training/convex/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <numeric>

#include "core/base/status_macros.h"

namespace graft::training {
namespace {

using Vector = std::vector<double>;

double Dot(const Vector& a, const Vector& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

double LargestComponent(const Vector& v) {
  double largest = 0;
  for (double component : v) largest = std::max(largest, std::abs(component));
  return largest;
}

// y += factor * x
void AddTo(Vector& y, double factor, const Vector& x) {
  for (size_t i = 0; i < y.size(); ++i) y[i] += factor * x[i];
}

struct Pair {
  Vector step;    // s = x' - x
  Vector change;  // y = g' - g
  double rho;     // 1 / (s . y)
};

// -H g, with H built from the pairs (algorithm 7.4).
Vector Direction(const std::deque<Pair>& pairs, const Vector& gradient) {
  Vector q = gradient;
  std::vector<double> alpha(pairs.size());
  for (size_t i = pairs.size(); i-- > 0;) {
    alpha[i] = pairs[i].rho * Dot(pairs[i].step, q);
    AddTo(q, -alpha[i], pairs[i].change);
  }
  if (!pairs.empty()) {
    const Pair& last = pairs.back();
    const double gamma = 1.0 / (last.rho * Dot(last.change, last.change));
    for (double& component : q) component *= gamma;
  }
  for (size_t i = 0; i < pairs.size(); ++i) {
    const double beta = pairs[i].rho * Dot(pairs[i].change, q);
    AddTo(q, alpha[i] - beta, pairs[i].step);
  }
  for (double& component : q) component = -component;
  return q;
}

}  // namespace

absl::StatusOr<LbfgsResult> MinimiseLbfgs(std::vector<double>& x, const LbfgsObjective& objective,
                                          const LbfgsOptions& options,
                                          const LbfgsCallback& callback) {
  constexpr double kDecrease = 1e-4;
  constexpr double kCurvature = 0.9;
  constexpr int kMaxLineSteps = 30;

  Vector gradient(x.size());
  double value = objective(x, gradient);
  if (!std::isfinite(value)) {
    return absl::FailedPreconditionError("the objective is not finite at the start");
  }
  LbfgsResult result;
  result.objective = value;
  std::deque<Pair> pairs;
  Vector next(x.size());
  Vector next_gradient(x.size());
  while (result.iterations < options.max_iterations) {
    if (LargestComponent(gradient) <= options.gradient_tolerance) {
      result.converged = true;
      break;
    }
    Vector direction = Direction(pairs, gradient);
    double slope = Dot(direction, gradient);
    if (!(slope < 0)) {  // rounding has spoilt the pairs: start over from steepest descent
      pairs.clear();
      direction = Direction(pairs, gradient);
      slope = Dot(direction, gradient);
    }
    // The first step has no curvature to go by: a move of length 1 at most.
    double t = pairs.empty() ? std::min(1.0, 1.0 / std::sqrt(-slope)) : 1.0;
    double low = 0;
    double high = std::numeric_limits<double>::infinity();
    bool found = false;
    double next_value = value;
    for (int i = 0; i < kMaxLineSteps; ++i) {
      next = x;
      AddTo(next, t, direction);
      next_value = objective(next, next_gradient);
      // Written so that NaN counts as too far.
      if (!(next_value <= value + kDecrease * t * slope)) {
        high = t;
      } else {
        found = true;
        if (Dot(next_gradient, direction) >= kCurvature * slope) break;
        low = t;
      }
      t = std::isinf(high) ? 2 * low : 0.5 * (low + high);
    }
    // No decrease to be had in this precision: this is the minimum as far as can be told. (The last
    // point tried need not be one that decreases, so it is checked again.)
    if (!found || !(next_value < value)) {
      result.converged = true;
      break;
    }
    Pair pair{next, next_gradient, 0};
    AddTo(pair.step, -1, x);
    AddTo(pair.change, -1, gradient);
    const double curvature = Dot(pair.step, pair.change);
    if (curvature > 1e-12 * Dot(pair.change, pair.change)) {
      pair.rho = 1.0 / curvature;
      pairs.push_back(std::move(pair));
      if (pairs.size() > static_cast<size_t>(options.history)) pairs.pop_front();
    }
    const double gained = value - next_value;
    x.swap(next);
    gradient.swap(next_gradient);
    value = next_value;
    result.objective = value;
    ++result.iterations;
    if (callback) GRAFT_RETURN_IF_ERROR(callback(result.iterations, x, value));
    if (gained <= options.relative_tolerance * std::abs(value)) {
      result.converged = true;
      break;
    }
  }
  return result;
}

}  // namespace graft::training
