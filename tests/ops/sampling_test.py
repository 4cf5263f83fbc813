"""Sampling against NumPy: what each filter keeps, and how often each index is drawn."""

import jax
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.ops import sampling

LOGITS_BV = np.random.default_rng(0).normal(scale=2, size=(5, 12)).astype(np.float32)
ALL = {'temperature': 1.0, 'top_k': 0, 'top_p': 1.0, 'min_p': 0.0}


def probabilities(logits_BV):
  p_BV = np.exp(np.float64(logits_BV) - logits_BV.max(axis=-1, keepdims=True))
  return p_BV / p_BV.sum(axis=-1, keepdims=True)


def kept(filtered_BV):
  found = np.isfinite(filtered_BV)
  np.testing.assert_array_equal(np.asarray(filtered_BV)[found], LOGITS_BV[found])
  return found


def test_the_largest_are_found_without_sorting_all_on_a_cpu():
  program = jax.jit(lambda x: sampling.top_k(x, 40)).lower(np.zeros((8, 5000), np.float32))
  assert ' sort(' not in program.compile().as_text()


@pytest.mark.parametrize('count', [1, 3, 11])
def test_top_k_keeps_the_k_largest(count):
  expected = np.sort(LOGITS_BV)[:, -count, None] <= LOGITS_BV
  np.testing.assert_array_equal(kept(sampling.top_k(LOGITS_BV, count)), expected)
  assert np.all(expected.sum(axis=-1) == count)


@pytest.mark.parametrize('count', [0, 12, 99])
def test_top_k_of_none_or_of_more_than_there_are_keeps_all(count):
  assert np.all(kept(sampling.top_k(LOGITS_BV, count)))


@pytest.mark.parametrize('share', [1e-6, 0.3, 0.9, 0.999])
def test_top_p_keeps_the_fewest_that_reach_the_share(share):
  found = kept(sampling.top_p(LOGITS_BV, share))
  for p_V, found_V in zip(probabilities(LOGITS_BV), found, strict=True):
    falling = np.argsort(-p_V)
    needed = 1 + int(np.searchsorted(np.cumsum(p_V[falling]), share))
    assert set(np.flatnonzero(found_V)) == set(falling[:needed])


@pytest.mark.parametrize('share', [0.01, 0.2, 1.0])
def test_min_p_keeps_what_is_likely_enough_beside_the_likeliest(share):
  p_BV = probabilities(LOGITS_BV)
  expected = p_BV >= share * p_BV.max(axis=-1, keepdims=True) * (1 - 1e-9)
  np.testing.assert_array_equal(kept(sampling.min_p(LOGITS_BV, share)), expected)


@pytest.mark.parametrize('name', ['top_p', 'min_p'])
def test_a_share_of_all_is_no_filter(name):
  assert np.all(kept(getattr(sampling, name)(LOGITS_BV, ALL[name])))


@pytest.mark.parametrize(
  'settings',
  [{}, {'temperature': 0.5}, {'temperature': 2.0, 'top_k': 3}, {'top_p': 0.8}, {'min_p': 0.3}],
)
def test_draws_are_as_often_as_the_probabilities_left(settings):
  draws, logits_V = 20_000, LOGITS_BV[0] / settings.get('temperature', 1)
  p_V = probabilities(logits_V[None])[0]
  falling_V = np.sort(p_V)[::-1]
  if 'top_k' in settings:
    p_V = np.where(p_V >= falling_V[settings['top_k'] - 1], p_V, 0)
  if 'top_p' in settings:
    p_V = np.where(p_V >= falling_V[np.searchsorted(np.cumsum(falling_V), 0.8)], p_V, 0)
  if 'min_p' in settings:
    p_V = np.where(p_V >= settings['min_p'] * p_V.max(), p_V, 0)
  p_V /= p_V.sum()
  draw = jax.jit(sampling.sampler(**ALL | settings))
  drawn = draw(jax.random.key(0), np.broadcast_to(LOGITS_BV[:1], (draws, 12)))
  count_V = np.bincount(drawn, minlength=12)
  assert not np.any(count_V[p_V == 0])
  deviation_V = np.sqrt(draws * p_V * (1 - p_V))
  np.testing.assert_array_less(np.abs(count_V - draws * p_V), 4 * deviation_V + 1e-9)


def test_temperature_0_takes_the_likeliest():
  draw = sampling.sampler(**ALL | {'temperature': 0.0})
  np.testing.assert_array_equal(draw(jax.random.key(0), LOGITS_BV), LOGITS_BV.argmax(axis=-1))


@pytest.mark.parametrize(
  ('settings', 'line'),
  [
    ({'temperature': -0.1}, r'^temperature=-0.1: expected 0 or more$'),
    ({'top_k': -1}, r'^top_k=-1: expected 0 for all, or more$'),
    ({'top_p': 0.0}, r'^top_p=0.0: expected more than 0, up to 1$'),
    ({'min_p': 1.1}, r'^min_p=1.1: expected 0 to 1$'),
    ({'min_p': float('nan')}, r'^min_p=nan'),
  ],
)
def test_a_setting_out_of_range_is_one_line(settings, line):
  with pytest.raises(InputError, match=line):
    sampling.sampler(**ALL | settings)
