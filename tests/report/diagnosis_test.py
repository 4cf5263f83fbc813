"""The report of a diagnosis: its curves, its dot and its table."""

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve, roc_curve

from nn_zoo.report import diagnosis
from nn_zoo.tasks.decisions import measures

RNG = np.random.default_rng(0)


def test_the_curve_counts_hits_and_false_alarms_as_scikit_learn_does():
  has_N = RNG.random(60) < 0.4
  p_N = np.round(RNG.random(60) * 0.6 + 0.3 * has_N, 1)
  hits, alarms = diagnosis.curve(has_N, p_N)
  fpr, tpr, _ = roc_curve(has_N, p_N, drop_intermediate=False)
  np.testing.assert_allclose(hits / has_N.sum(), tpr)
  np.testing.assert_allclose(alarms / (~has_N).sum(), fpr)
  precision, recall, _ = precision_recall_curve(has_N, p_N)
  np.testing.assert_allclose((hits / (hits + alarms).clip(1))[1:], precision[-2::-1])
  np.testing.assert_allclose(hits[1:] / has_N.sum(), recall[-2::-1])


def test_the_confusions_and_the_table_are_those_at_the_threshold():
  p_N = np.array([0.9, 0.4, 0.3, 0.2, 0.1])
  logits = np.log(np.stack([p_N, 1 - p_N], 1))
  targets = np.array([0, 0, 1, 1, 1])
  sections = diagnosis.sections(
    measures, np.zeros((5, 2)), targets, logits, ['ill & old', 'well'], positive=0, threshold=0.35
  )
  assert [section.title for section in sections] == [
    'Diagnosis',
    'Confusion matrix at the operating point',
    'Worst mistakes of the likeliest class',
    'Calibration',
  ]
  assert '<b>ill &amp; old</b>: 2 of 5 examples' in sections[0].html
  assert '<td>sensitivity</td><td class="n">1.0000</td>' in sections[0].html
  assert 'Most often' not in sections[1].html  # at 0.35 all are right, at 0.5 one would not be
  assert '1 of 5 examples are wrong' in sections[2].html


@pytest.mark.parametrize('label', [0, 1])
def test_examples_of_one_class_still_have_a_report(label):
  logits = RNG.normal(size=(6, 2))
  targets = np.full(6, label)
  html = diagnosis.sections(
    measures, np.zeros((6, 2)), targets, logits, ['a', 'b'], positive=1, threshold=0.5
  )[0].html
  assert '<svg' in html
  assert '–' in html
