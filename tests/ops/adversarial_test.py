"""Games and penalties against closed forms in NumPy float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.ops.adversarial import (
  GAMES,
  gradient_penalty,
  packed,
  smoothed,
  squared_slope,
  truncated,
)
from tests.reference import assert_near

rng = np.random.default_rng(0)
LOGITS = np.float32(np.append(3 * rng.normal(size=20), [-200.0, 200.0]))
OTHERS = LOGITS[::-1]


def log_sigmoid(logit):
  return -np.logaddexp(0, -np.float64(logit))


r, f = np.float64(LOGITS), np.float64(OTHERS)
ORACLES = {
  'non_saturating': (-log_sigmoid(r) - log_sigmoid(-f), -log_sigmoid(f)),
  'minimax': (-log_sigmoid(r) - log_sigmoid(-f), log_sigmoid(-f)),
  'relativistic': (-log_sigmoid(r - f), -log_sigmoid(f - r)),
  'least_squares': ((r - 1) ** 2 / 2 + f**2 / 2, (f - 1) ** 2 / 2),
  'hinge': (np.maximum(0, 1 - r) + np.maximum(0, 1 + f), -f),
  'wasserstein': (f - r, -f),
}


@pytest.mark.parametrize('name', GAMES)
def test_a_game_is_its_formula(name):
  for function, expected in zip(GAMES[name][:2], ORACLES[name], strict=True):
    assert_near(function(LOGITS, OTHERS), expected, 1e-6)


@pytest.mark.parametrize('name', GAMES)
def test_a_generator_looks_at_real_examples_where_the_game_is_paired(name):
  slope_B = jax.vmap(jax.grad(GAMES[name].generator))(LOGITS, OTHERS)
  assert np.any(slope_B != 0) == GAMES[name].paired


@pytest.mark.parametrize('name', ['non_saturating', 'minimax'])
def test_a_smoothed_label_is_the_cross_entropy_with_it(name):
  expected = -0.9 * log_sigmoid(r) - 0.1 * log_sigmoid(-r) - log_sigmoid(-f)
  game = smoothed(name, 0.1)
  assert_near(game.critic(LOGITS, OTHERS), expected, 1e-6)
  assert game.generator is GAMES[name].generator


def test_the_smoothed_least_square_aims_at_the_label():
  expected = (r - 0.8) ** 2 / 2 + f**2 / 2
  assert_near(smoothed('least_squares', 0.2).critic(LOGITS, OTHERS), expected, 1e-6)


@pytest.mark.parametrize('name', ['hinge', 'wasserstein', 'relativistic'])
def test_a_game_without_labels_has_none_to_smooth(name):
  with pytest.raises(InputError, match=r'task.label_smoothing=0.1.*has no labels'):
    smoothed(name, 0.1)


def quadratic(x_BD, a_DD):
  return jnp.sum((x_BD @ a_DD) * x_BD, axis=1) / 2


def test_slopes_and_their_own_gradients_are_those_of_a_quadratic_critic():
  a = rng.normal(size=(3, 3))
  a, x = a + a.T, rng.normal(size=(5, 3))
  slope = x @ a
  found, grad = jax.value_and_grad(
    lambda a_DD: jnp.sum(squared_slope(lambda x: quadratic(x, a_DD), jnp.float32(x)))
  )(jnp.float32(a))
  assert_near(found, np.sum(slope**2), 1e-5)
  # d/da of |x (a + a^T) / 2|^2
  half = x.T @ slope
  assert_near(grad, half + half.T, 1e-5)


def test_the_gradient_penalty_is_taken_between_real_and_generated():
  a = np.diag([1.0, 2.0, -3.0])
  real, fake, mix = rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.uniform(size=4)
  at = mix[:, None] * real + (1 - mix[:, None]) * fake
  expected = (np.linalg.norm(at @ a, axis=1) - 1) ** 2
  found = gradient_penalty(
    lambda x: quadratic(x, jnp.float32(a)), *map(jnp.float32, (real, fake, mix))
  )
  assert_near(found, expected, 1e-5)


def test_the_penalty_of_a_flat_critic_has_a_finite_gradient():
  x = jnp.ones((2, 3))

  def penalty(weight):
    return jnp.sum(gradient_penalty(lambda x: weight * x.sum(axis=1), x, x, jnp.ones(2)))

  assert np.isfinite(jax.grad(penalty)(0.0))


def test_packs_are_neighbours_side_by_side():
  x_BHWC = np.arange(4 * 2 * 2 * 3).reshape(4, 2, 2, 3)
  found = packed(jnp.asarray(x_BHWC), 2)
  assert found.shape == (2, 2, 2, 6)
  np.testing.assert_array_equal(found[1, 0, 1], [*x_BHWC[2, 0, 1], *x_BHWC[3, 0, 1]])


def test_truncated_latents_follow_the_truncated_normal_distribution():
  from scipy.stats import kstest, truncnorm

  z = jax.random.normal(jax.random.key(0), (4000,))
  cut = np.asarray(truncated(z, 0.7))
  assert np.abs(cut).max() <= 0.7
  np.testing.assert_array_equal(np.argsort(cut), np.argsort(z))
  assert kstest(cut, truncnorm(-0.7, 0.7).cdf).pvalue > 0.01
  assert truncated(z, 0.0) is z
