#!/usr/bin/env python3
"""Writes task_goldens.h: what scikit-learn says of the same small inputs as the tests.

    pip install scikit-learn==1.7.2 && python make_task_goldens.py > task_goldens.h

Inputs are rounded to few digits, so that they are written out as the floats that are judged.
"""

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import (average_precision_score, f1_score, mean_absolute_error,
                             precision_score, r2_score, recall_score, root_mean_squared_error)


def cpp(name: str, values, kind: str = "double") -> None:
    flat = np.asarray(values).ravel()
    if kind == "int":
        body = ", ".join(str(int(v)) for v in flat)
    else:
        body = ", ".join(repr(float(v)) for v in flat)
    print(f"inline const std::vector<{kind}> {name} = {{{body}}};")


def multilabel() -> None:
    rng = np.random.default_rng(1)
    labels = 3
    truth = (rng.random((14, labels)) < [0.5, 0.3, 0.7]).astype(int)
    # Ties on purpose: average precision must take equal scores together.
    scores = np.clip(np.round(0.1 + 0.3 * truth + 0.6 * rng.random((14, labels)), 1), 0.05, 0.95)
    given = (scores >= 0.5).astype(int)
    cpp("kScores", scores, "double")
    cpp("kTruth", truth, "int")
    cpp("kAveragePrecision", average_precision_score(truth, scores, average=None))
    print(f"inline constexpr double kMeanAveragePrecision = "
          f"{float(average_precision_score(truth, scores, average='macro'))!r};")
    cpp("kPrecision", precision_score(truth, given, average=None, zero_division=0))
    cpp("kRecall", recall_score(truth, given, average=None, zero_division=0))
    cpp("kF1", f1_score(truth, given, average=None, zero_division=0))
    print(f"inline constexpr double kMicroF1 = {float(f1_score(truth, given, average='micro'))!r};")
    print(f"inline constexpr double kMacroF1 = {float(f1_score(truth, given, average='macro'))!r};")


def features(rows: int) -> np.ndarray:
    i = np.arange(rows)[:, None]
    j = np.arange(4)[None, :]
    return np.sin(0.37 * i * (j + 1) + j)


def fits() -> None:
    rows = 40
    x = features(rows)
    i = np.arange(rows)
    labels = np.stack([(x[:, 0] + 0.5 * np.sin(1.7 * i) > 0.2), (x[:, 1] * x[:, 2] > 0),
                       (i % 5 == 0)], axis=1).astype(int)
    weights, biases = [], []
    for c in range(3):
        fit = LogisticRegression(C=0.5, tol=1e-12, max_iter=10000).fit(x, labels[:, c])
        weights.append(fit.coef_[0])
        biases.append(fit.intercept_[0])
    cpp("kLabels", labels, "int")
    cpp("kSigmoidWeight", weights)
    cpp("kSigmoidBias", biases)

    values = np.stack([2 * x[:, 0] - x[:, 3] + 0.3 * np.sin(2.3 * i), 0.5 * x[:, 1] + 1], axis=1)
    values[::9, 0] += 4  # outliers, for Huber
    ridge = Ridge(alpha=2.0, tol=1e-12).fit(x, values)
    cpp("kValues", values)
    cpp("kRidgeWeight", ridge.coef_)
    cpp("kRidgeBias", ridge.intercept_)

    # Huber with a fixed scale (scikit-learn's HuberRegressor fits one): its objective, minimised by
    # scipy: (1/n) sum huber(w x + b - y) + l2 / (2 n) |w|^2, delta 0.7, l2 2, of the first number.
    def objective(p: np.ndarray) -> float:
        e = x @ p[:4] + p[4] - values[:, 0]
        huber = np.where(np.abs(e) <= 0.7, e * e / 2, 0.7 * (np.abs(e) - 0.35))
        return huber.mean() + 2.0 / (2 * rows) * (p[:4] @ p[:4])

    best = minimize(objective, np.zeros(5), method="BFGS", options={"gtol": 1e-10})
    cpp("kHuberWeight", best.x[:4])
    cpp("kHuberBias", best.x[4:])


def regression() -> None:
    rng = np.random.default_rng(2)
    actual = np.round(rng.normal([40, -3], [12, 0.5], (9, 2)), 3)
    predicted = np.round(actual + rng.normal(0, [4, 0.2], (9, 2)), 3)
    cpp("kActual", actual)
    cpp("kPredicted", predicted)
    cpp("kMeanAbsoluteError", mean_absolute_error(actual, predicted, multioutput="raw_values"))
    cpp("kRootMeanSquaredError",
        root_mean_squared_error(actual, predicted, multioutput="raw_values"))
    cpp("kR2", r2_score(actual, predicted, multioutput="raw_values"))


print("// Made by make_task_goldens.py with scikit-learn 1.7.2: do not edit.")
print("#ifndef GRAFT_TESTS_UNIT_CORE_TASKS_TASK_GOLDENS_H_")
print("#define GRAFT_TESTS_UNIT_CORE_TASKS_TASK_GOLDENS_H_\n")
print("#include <vector>\n\n// clang-format off\nnamespace graft::goldens {\n")
multilabel()
print()
regression()
print()
fits()
print("\n}  // namespace graft::goldens\n// clang-format on\n")
print("#endif  // GRAFT_TESTS_UNIT_CORE_TASKS_TASK_GOLDENS_H_")
