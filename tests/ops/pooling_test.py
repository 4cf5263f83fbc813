import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.ops.pooling import (
  adaptive_average_pool,
  adaptive_max_pool,
  average_pool,
  global_average_pool,
  global_max_pool,
  max_pool,
)
from tests.reference import assert_near

rng = np.random.default_rng(0)
POOLS = {'max': (max_pool, nn.max_pool), 'average': (average_pool, nn.avg_pool)}
CASES = [
  ((8, 6), (2, 2), (2, 2), 'VALID'),
  ((7, 5), (2, 2), (2, 2), 'VALID'),
  ((7, 9), (3, 3), (3, 3), 'VALID'),
  ((7, 9), (3, 3), (2, 2), ((1, 1), (1, 1))),
  ((8, 8), (3, 2), (1, 2), 'SAME'),
  ((9,), (3,), (2,), 'SAME'),
  ((5, 6, 4), (2, 3, 2), (2, 1, 2), 'VALID'),
]


@pytest.mark.parametrize('name', POOLS)
@pytest.mark.parametrize(('shape', 'size', 'strides', 'padding'), CASES)
def test_pooling_and_its_gradient_are_those_of_flax(name, shape, size, strides, padding):
  x = jnp.float32(rng.normal(size=(2, *shape, 3)))
  pool, flax_pool = POOLS[name]
  found, pull = jax.vjp(lambda x: pool(x, size, strides, padding), x)
  want, flax_pull = jax.vjp(lambda x: flax_pool(x, size, strides, padding), x)
  assert_near(found, want, 1e-6)
  slope = jnp.float32(rng.normal(size=want.shape))
  assert_near(*pull(slope), *flax_pull(slope), 1e-6)


def test_the_size_alone_gives_windows_that_do_not_overlap():
  x_BHWC = jnp.float32(rng.normal(size=(2, 7, 9, 3)))
  assert_near(max_pool(x_BHWC, 3), nn.max_pool(x_BHWC, (3, 3), (3, 3)), 0)


def test_pixels_outside_need_not_count():
  x_BHWC = jnp.float32(rng.normal(size=(2, 7, 9, 3)))
  found = average_pool(x_BHWC, 3, 2, 'SAME', count_padding=False)
  want = nn.avg_pool(x_BHWC, (3, 3), (2, 2), 'SAME', count_include_pad=False)
  assert_near(found, want, 1e-6)


def test_pixels_that_share_the_maximum_share_its_gradient():
  x_BHWC = jnp.array([[1.0, 1.0], [0.0, 1.0]]).reshape(1, 2, 2, 1)
  gradient = jax.grad(lambda x: max_pool(x).sum())(x_BHWC).reshape(-1)
  assert gradient[2] == 0
  assert np.all(gradient[jnp.array([0, 1, 3])] > 0)
  np.testing.assert_allclose(gradient.sum(), 1, rtol=1e-6)


def test_pooling_over_all_pixels():
  x_BHWC = rng.normal(size=(2, 7, 9, 3))
  assert_near(global_average_pool(jnp.float32(x_BHWC)), x_BHWC.mean((1, 2)), 1e-6)
  assert_near(global_max_pool(jnp.float32(x_BHWC)), x_BHWC.max((1, 2)), 1e-6)


@pytest.mark.parametrize(('pool', 'reduce'), [(adaptive_average_pool, np.mean), (adaptive_max_pool, np.max)])
@pytest.mark.parametrize('size', [(1, 1), (3, 2), (7, 9), (9, 12)])
def test_adaptive_pooling_is_its_definition(pool, reduce, size):
  x_BHWC = rng.normal(size=(2, 7, 9, 3))
  want = np.empty((2, *size, 3))
  for i in range(size[0]):
    rows = slice(i * 7 // size[0], -(-(i + 1) * 7 // size[0]))
    for j in range(size[1]):
      columns = slice(j * 9 // size[1], -(-(j + 1) * 9 // size[1]))
      want[:, i, j] = reduce(x_BHWC[:, rows, columns], axis=(1, 2))
  assert_near(pool(jnp.float32(x_BHWC), size), want, 1e-6)


def test_windows_larger_than_the_images_are_refused():
  with pytest.raises(InputError, match='larger than the images'):
    max_pool(jnp.zeros((1, 2, 2, 1)), 3)
