import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.layers.stochastic_depth import StochasticDepth, linear_rates


def drop(rate, x, seed=0):
  return StochasticDepth(rate).apply({}, x, True, rngs={'dropout': jax.random.key(seed)})


@pytest.mark.parametrize('shape', [(50, 3), (50, 4, 5, 3)])
def test_an_example_is_dropped_whole_or_scaled_whole(shape):
  x = 1 + jax.random.uniform(jax.random.key(1), shape)
  y = drop(0.2, x)
  kept_B = np.asarray(y.reshape(50, -1)[:, 0] != 0)
  assert 0 < kept_B.sum() < 50
  np.testing.assert_array_equal(y[~kept_B], jnp.zeros_like(x[~kept_B]))
  np.testing.assert_allclose(y[kept_B], x[kept_B] / 0.8, rtol=1e-6)


def test_the_share_that_is_dropped_is_the_rate():
  dropped = float(jnp.mean(drop(0.3, jnp.ones((10_000, 2))) == 0))
  # 5 standard deviations of a share among 10,000.
  assert abs(dropped - 0.3) < 5 * np.sqrt(0.3 * 0.7 / 10_000)


def test_what_is_dropped_changes_with_the_key():
  x_BF = jnp.ones((50, 2))
  np.testing.assert_array_equal(drop(0.5, x_BF), drop(0.5, x_BF))
  assert bool((drop(0.5, x_BF) != drop(0.5, x_BF, seed=1)).any())


@pytest.mark.parametrize(('rate', 'train'), [(0.5, False), (0.0, True)])
def test_nothing_happens_in_evaluation_or_at_rate_0(rate, train):
  x_BF = jnp.ones((50, 2))
  np.testing.assert_array_equal(StochasticDepth(rate).apply({}, x_BF, train), x_BF)


def test_deeper_blocks_are_dropped_more_often():
  np.testing.assert_allclose(linear_rates(0.2, 4), [0.05, 0.1, 0.15, 0.2])
