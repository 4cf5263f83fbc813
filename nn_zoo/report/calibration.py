"""Whether predicted probabilities can be taken at their word.

Axis letters: N examples, C classes.
"""

import numpy as np

from nn_zoo.report import figures
from nn_zoo.report.markup import Section
from nn_zoo.report.theme import light

BINS = 10


def reliability(targets_N: np.ndarray, logp_NC: np.ndarray) -> tuple[np.ndarray, float]:
  """Table [bin, (examples, accuracy, confidence)] and the expected calibration error.

  error = sum_b examples_b / N * |accuracy_b - confidence_b|

  Source: Guo et al., 2017, "On Calibration of Modern Neural Networks",
    https://arxiv.org/abs/1706.04599.
  """
  confidence_N = np.exp(logp_NC.max(1))
  right_N = logp_NC.argmax(1) == targets_N
  finite_N = np.isfinite(confidence_N)
  confidence_N, right_N = confidence_N[finite_N], right_N[finite_N]
  bin_N = np.clip(np.ceil(confidence_N * BINS).astype(int) - 1, 0, BINS - 1)
  count = np.bincount(bin_N, minlength=BINS)
  sums = [np.bincount(bin_N, x_N, minlength=BINS) for x_N in (right_N, confidence_N)]
  accuracy, confidence = (x / np.maximum(count, 1) for x in sums)
  error = np.abs(accuracy - confidence) @ count / max(count.sum(), 1)
  return np.stack([count, accuracy, confidence], 1), float(error)


def section(targets_N: np.ndarray, logp_NC: np.ndarray) -> Section:
  """Reliability diagram and how often each confidence occurs.

  Args:
    targets_N: labels.
    logp_NC: log probabilities in nats; rows that are not finite are left out.
  """
  bins, error = reliability(targets_N, logp_NC)
  count, accuracy, _ = bins.T
  centre = (np.arange(BINS) + 0.5) / BINS
  figure, (left, right) = figures.canvas(5.3, 2.4, columns=2)
  left.bar(centre, np.where(count, accuracy, 0), 0.9 / BINS, color=light('blue'))
  left.plot((0, 1), (0, 1), color=light('ink'), linewidth=1, linestyle=(0, (3, 3)))
  left.set_ylabel('accuracy')
  right.bar(centre, count, 0.9 / BINS, color=light('teal'))
  right.set_ylabel('examples')
  for axis in (left, right):
    axis.set_xlabel('confidence')
    axis.set_xlim(0, 1)
  html = (
    f'<p class="note">Expected calibration error {error:.4f}. Bars on the dashed line mean that '
    'the predicted probability can be taken at its word.</p>'
    f'<figure>{figures.svg(figure, "calibration")}</figure>'
  )
  return Section('Calibration', html)
