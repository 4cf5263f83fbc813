"""How good the decisions of a diagnosis are: shares with intervals, areas under curves, the threshold.

Axes: N examples, P those with the condition, Q those without, C = 2 classes.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nn_zoo.errors import InputError

Z = 1.959963984540054  # quantile of the standard normal distribution for 95 %, two-sided


def operating_point(
  task: Mapping[str, Any], targets_N: np.ndarray
) -> Callable[[np.ndarray | None], dict[str, Any]]:
  """logits_NC of the validation examples -> {'positive', 'threshold'}, which `measures` needs.

  Args:
    task: the fields `positive` and `threshold` of the task.
    targets_N: classes of the validation examples.

  Raises:
    InputError: the threshold is to be chosen, and the validation examples are not of both classes.
  """
  positive, threshold = task['positive'], task['threshold']
  if threshold:
    return lambda logits_NC: {'positive': positive, 'threshold': threshold}
  has_N = targets_N == positive
  if has_N.all() or not has_N.any():
    raise InputError(
      'task.threshold=0 is chosen on validation examples of both classes, and there are none: make '
      'data.validation larger, or set task.threshold to a probability such as 0.5'
    )
  return lambda logits_NC: {
    'positive': positive,
    'threshold': youden(has_N, probability(logits_NC, positive)),
  }


def youden(has_N: np.ndarray, p_N: np.ndarray) -> float:
  """argmax_t J(t);   J(t) = sensitivity(t) + specificity(t) - 1, where p >= t counts as positive.

  Of several best ones the lowest is taken, which misses fewest. It is put halfway to the next lower p,
  since J is the same in between.

  Source: Youden 1950, "Index for rating diagnostic tests", https://pubmed.ncbi.nlm.nih.gov/15405679.
  """
  levels, index_N = np.unique(p_N, return_inverse=True)
  found, false = (np.bincount(index_N[is_N], minlength=len(levels)) for is_N in (has_N, ~has_N))
  hits, alarms = (np.cumsum(count[::-1])[::-1] for count in (found, false))
  # In whole numbers, so that equal ones are equal.
  best = int(np.argmax(hits * false.sum() - alarms * found.sum()))
  return float((levels[best] + levels[best - 1]) / 2 if best else levels[0])


def probability(logits_NC: np.ndarray, positive: int) -> np.ndarray:
  """p(condition) by example, in float64, so that near certainties keep their order."""
  logits_NC = np.asarray(logits_NC, np.float64)
  return np.exp(-np.logaddexp(0, logits_NC[:, 1 - positive] - logits_NC[:, positive]))


def measures(
  logits_NC: np.ndarray, targets_N: np.ndarray, *, positive: int, threshold: float
) -> dict[str, Any]:
  """The figures of a diagnosis, each share and the AUC with a 95 % interval [low, high].

  sensitivity = TP / (TP + FN);  specificity = TN / (TN + FP);  ppv = TP / (TP + FP);  npv = TN / (TN + FN)
  average_precision = sum_i (recall_i - recall_{i-1}) precision_i over falling thresholds

  What the examples cannot tell is None: a share of nothing, or an area with one class only.

  Args:
    logits_NC: predictions.
    targets_N: classes.
    positive: the class that is the condition.
    threshold: probability from which an example counts as positive.
  """
  from sklearn.metrics import average_precision_score

  has_N, p_N = targets_N == positive, probability(logits_NC, positive)
  both = has_N.any() and not has_N.all() and np.isfinite(p_N).all()
  auc, interval = delong(p_N[has_N], p_N[~has_N]) if both else (None, None)
  found = {'auc': auc, 'auc_interval': interval}
  found['average_precision'] = float(average_precision_score(has_N, p_N)) if both else None
  for name, (part, whole) in shares(has_N, p_N >= threshold).items():
    found[name] = part / whole if whole else None
    found[f'{name}_interval'] = wilson(part, whole) if whole else None
  return {**found, 'threshold': threshold}


def shares(has_N: np.ndarray, taken_N: np.ndarray) -> dict[str, tuple[int, int]]:
  """Name -> (part, whole), counted; `taken_N` says which examples were taken for positive."""
  hits, passes = int((has_N & taken_N).sum()), int((~has_N & ~taken_N).sum())
  return {
    'sensitivity': (hits, int(has_N.sum())),
    'specificity': (passes, int((~has_N).sum())),
    'ppv': (hits, int(taken_N.sum())),
    'npv': (passes, int((~taken_N).sum())),
  }


def wilson(part: int, whole: int) -> list[float]:
  """[low, high] of a share, 95 %.

  (p + z^2/2n -+ z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n);   p = part / n,  n = whole

  Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference",
  https://doi.org/10.1080/01621459.1927.10502953.
  """
  p, z2n = part / whole, Z**2 / whole
  middle, half = p + z2n / 2, np.sqrt(z2n * p * (1 - p) + z2n**2 / 4)
  return [
    max(0.0, float((middle - half) / (1 + z2n))),
    min(1.0, float((middle + half) / (1 + z2n))),
  ]


def delong(p_P: np.ndarray, p_Q: np.ndarray) -> tuple[float, list[float]]:
  """Area under the ROC curve and [low, high], 95 %; the ends are cut at 0 and 1.

  AUC = mean_ij psi(p_i, p_j);   psi = 1, 1/2 or 0 as p_i >, = or < p_j
  V_i = mean_j psi(p_i, p_j);   V_j = mean_i psi(p_i, p_j);   variance = var_i(V_i)/P + var_j(V_j)/Q
  By ranks: V_i = (R_i - r_i)/Q;   V_j = 1 - (R_j - r_j)/P, of R among all and r within its own group.

  The interval AUC -+ z sqrt(variance) has no width where the groups are wholly apart, however small they are;
  it is None where a group has one example only.

  Args:
    p_P: scores of the examples with the condition.
    p_Q: scores of those without.

  Source: DeLong, DeLong & Clarke-Pearson 1988, "Comparing the areas under two or more correlated receiver
  operating characteristic curves", https://doi.org/10.2307/2531595; by ranks: Sun & Xu 2014, "Fast
  implementation of DeLong's algorithm", https://doi.org/10.1109/LSP.2014.2337313.
  """
  from scipy.stats import rankdata

  rank = rankdata(np.concatenate([p_P, p_Q]))
  v_P = (rank[: len(p_P)] - rankdata(p_P)) / len(p_Q)
  v_Q = 1 - (rank[len(p_P) :] - rankdata(p_Q)) / len(p_P)
  auc = float(v_P.mean())
  if min(len(p_P), len(p_Q)) < 2:
    return auc, None
  half = Z * np.sqrt(v_P.var(ddof=1) / len(p_P) + v_Q.var(ddof=1) / len(p_Q))
  return auc, [max(0.0, float(auc - half)), min(1.0, float(auc + half))]
