"""What the report of a detector shows."""

import numpy as np

from nn_zoo.report.anomaly import sections
from nn_zoo.tasks.anomaly import measures

TARGETS = np.arange(30) % 3 == 0


def found(scores, inputs=None):
  inputs = np.zeros((30, 6, 5, 1), np.uint8) if inputs is None else inputs
  asked = []

  def reconstruct(row_N):
    asked.append(list(row_N))
    return inputs[row_N].astype(np.float32)

  baselines = {'no <network>': -scores}
  drawn = sections(measures, inputs, TARGETS, scores, reconstruct=reconstruct, baselines=baselines)
  return drawn, asked


def test_the_worst_of_both_kinds_are_shown_with_their_reconstructions():
  scores = np.linspace(0, 1, 30)
  (detection, mistakes), asked = found(scores)
  assert 'no &lt;network&gt;' in detection.html
  assert f'{measures(scores, TARGETS)["auroc"]:.4f}' in detection.html
  assert '10 of 30 examples are anomalies' in detection.html
  assert asked == [[29, 28, 26, 25, 23, 22, 20, 19], [0, 3, 6, 9, 12, 15, 18, 21]]
  assert mistakes.html.count('<img') == 16


def test_rows_of_a_table_have_no_pictures_and_scores_that_are_not_finite_a_warning():
  drawn, _ = found(np.zeros(30), np.zeros((30, 4), np.float32))
  assert [section.title for section in drawn] == ['Detection']
  (warning,), _ = found(np.full(30, np.nan))
  assert warning.warning
