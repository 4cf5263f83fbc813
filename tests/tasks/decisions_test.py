"""The figures of a diagnosis are those of their papers, by brute force over pairs and by simulation."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from nn_zoo.errors import InputError
from nn_zoo.tasks.decisions import (
  Z,
  delong,
  measures,
  operating_point,
  probability,
  shares,
  wilson,
  youden,
)

HAS = np.array([1, 1, 1, 0, 0, 0, 0], bool)
P = np.array([0.9, 0.6, 0.3, 0.5, 0.3, 0.2, 0.1])


def groups(seed, sizes=(40, 60), digits=1):
  """Scores of those with the condition and of those without, rounded so that there are ties."""
  random = np.random.default_rng(seed)
  return np.round(random.normal(1, 1, sizes[0]), digits), np.round(
    random.normal(0, 1, sizes[1]), digits
  )


@pytest.mark.parametrize('digits', [0, 1, 9])
def test_delong_equals_the_sums_over_all_pairs(digits):
  p_P, p_Q = groups(0, (17, 23), digits)
  psi = (p_P[:, None] > p_Q) + 0.5 * (p_P[:, None] == p_Q)
  variance = psi.mean(1).var(ddof=1) / 17 + psi.mean(0).var(ddof=1) / 23
  auc, (low, high) = delong(p_P, p_Q)
  np.testing.assert_allclose(auc, psi.mean(), rtol=1e-13)
  np.testing.assert_allclose(low, auc - Z * np.sqrt(variance), rtol=1e-12)
  np.testing.assert_allclose(high, min(1, auc + Z * np.sqrt(variance)), rtol=1e-12)
  np.testing.assert_allclose(auc, roc_auc_score([1] * 17 + [0] * 23, np.append(p_P, p_Q)))


def test_the_width_of_delong_is_that_of_a_bootstrap_within_the_groups():
  p_P, p_Q = groups(1, (120, 150), 9)
  random = np.random.default_rng(2)
  aucs = [
    delong(random.choice(p_P, len(p_P)), random.choice(p_Q, len(p_Q)))[0] for _ in range(4000)
  ]
  _, (low, high) = delong(p_P, p_Q)
  # The error of a deviation from 4000 draws is 1 %.
  np.testing.assert_allclose((high - low) / (2 * Z), np.std(aucs), rtol=0.04)


def test_groups_wholly_apart_have_an_area_of_one_and_no_width():
  assert delong(np.array([0.8, 0.9]), np.array([0.1, 0.2, 0.3])) == (1, [1, 1])


def test_one_example_of_a_group_has_no_interval():
  assert delong(np.array([0.8]), np.array([0.1, 0.9])) == (0.5, None)


def test_the_ends_of_wilson_are_where_the_score_test_turns():
  # |p - q| = z sqrt(q (1 - q) / n) at both ends q, by the definition of the interval.
  for part, whole in ((3, 10), (1, 40), (0, 12), (12, 12)):
    for q in wilson(part, whole):
      np.testing.assert_allclose((part / whole - q) ** 2, Z**2 * q * (1 - q) / whole, atol=1e-15)


def test_wilson_is_the_published_interval():
  # Newcombe 1998, Statistics in Medicine 17, table I: 81/263, 15/148 and 0/20 by the score method.
  np.testing.assert_allclose(wilson(81, 263), [0.2553, 0.3662], atol=5e-5)
  np.testing.assert_allclose(wilson(15, 148), [0.0624, 0.1605], atol=5e-5)
  np.testing.assert_allclose(wilson(0, 20), [0, 0.1611], atol=5e-5)


def test_youden_is_the_best_threshold_by_trying_all():
  for seed in range(20):
    p_P, p_Q = groups(seed, (9, 14))
    p_N, has_N = np.append(p_P, p_Q), np.arange(23) < 9
    found = youden(has_N, p_N)
    j = {t: (p_P >= t).mean() - (p_Q >= t).mean() for t in [*p_N, found]}
    assert j[found] == max(j.values())


def test_youden_is_halfway_to_the_next_lower_and_prefers_to_miss_fewer():
  assert youden(HAS, P) == pytest.approx((0.5 + 0.6) / 2)
  # J is 1/2 at 0.8 and at 0.4: the lower one finds both.
  assert youden(np.array([1, 0, 1, 0], bool), np.array([0.8, 0.6, 0.4, 0.2])) == pytest.approx(0.3)


def test_a_threshold_below_all_is_the_lowest_score():
  assert youden(np.array([0, 1], bool), np.array([0.9, 0.2])) == 0.2


def logits(p_N):
  return np.stack([np.log1p(-p_N), np.log(p_N)], 1)


def test_the_figures_are_shares_of_the_counts():
  found = measures(logits(P), HAS.astype(int), positive=1, threshold=0.45)
  assert shares(HAS, P >= 0.45) == {
    'sensitivity': (2, 3),
    'specificity': (3, 4),
    'ppv': (2, 3),
    'npv': (3, 4),
  }
  assert (found['sensitivity'], found['specificity']) == (2 / 3, 3 / 4)
  assert found['npv_interval'] == wilson(3, 4)
  assert found['auc'] == pytest.approx((4 + 4 + 2.5) / 12)
  assert found['average_precision'] == pytest.approx((1 + 1 + 3 / 5) / 3)
  assert found['threshold'] == 0.45


def test_which_class_is_the_condition_turns_the_figures_round():
  one = measures(logits(P), HAS.astype(int), positive=1, threshold=0.45)
  other = measures(logits(P)[:, ::-1], 1 - HAS.astype(int), positive=0, threshold=0.45)
  assert one == other


def test_what_the_examples_cannot_tell_is_none():
  found = measures(logits(P), np.zeros(7, int), positive=1, threshold=0.95)
  for name in (
    'auc',
    'auc_interval',
    'average_precision',
    'sensitivity',
    'sensitivity_interval',
    'ppv',
  ):
    assert found[name] is None
  assert found['specificity'] == found['npv'] == 1


def test_near_certainties_keep_their_order():
  z = np.array([-300.0, -30.0, 0.0, 30.0])
  p = probability(np.stack([np.zeros(4), z], 1), 1)
  assert (np.diff(p) > 0).all()
  np.testing.assert_allclose(p, 1 / (1 + np.exp(-z)), rtol=1e-12)


def test_the_threshold_is_chosen_on_the_validation_examples_or_fixed():
  targets = HAS.astype(int)
  chosen = operating_point({'positive': 1, 'threshold': 0.0}, targets)(logits(P))
  assert chosen == {'positive': 1, 'threshold': pytest.approx(0.55)}
  fixed = operating_point({'positive': 1, 'threshold': 0.3}, targets[:0])(None)
  assert fixed == {'positive': 1, 'threshold': 0.3}


@pytest.mark.parametrize('targets', [[], [0, 0], [1, 1, 1]])
def test_a_threshold_cannot_be_chosen_on_one_class(targets):
  with pytest.raises(
    InputError, match=r'task.threshold=0 is chosen on validation examples of both'
  ):
    operating_point({'positive': 1, 'threshold': 0.0}, np.array(targets))
