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
def test_pooling_and_its_gradient_are_those_of_flax(name, shape, size, strides, padding, kernels):
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


def test_of_pixels_that_share_the_maximum_the_first_gets_the_gradient(kernels):
  x_BHWC = jnp.array([[1.0, 1.0], [0.0, 1.0]]).reshape(1, 2, 2, 1)
  gradient = jax.grad(lambda x: max_pool(x).sum())(x_BHWC).reshape(-1)
  np.testing.assert_array_equal(
    gradient, [1, 0, 0, 0] if kernels == 'native' else [0.25, 0.25, 0, 0.5]
  )


@pytest.mark.parametrize(('shape', 'size', 'strides', 'padding'), CASES)
def test_second_derivatives_of_the_maximum_are_those_of_flax(
  shape, size, strides, padding, kernels
):
  x, t = jnp.float32(rng.normal(size=(2, 2, *shape, 3)))

  def both_orders(pool):
    def slope(x):
      return jax.grad(lambda x: jnp.sum(jnp.sin(pool(x, size, strides, padding))))(x)

    forward_over_reverse = jax.jvp(slope, (x,), (t,))[1]
    return forward_over_reverse, jax.grad(lambda x: jnp.sum(slope(x) * t))(x)

  for found, want in zip(both_orders(max_pool), both_orders(nn.max_pool), strict=True):
    assert_near(found, want, 1e-5)


def test_the_maximum_maps_over_a_batch_of_batches(kernels):
  x_NBHWC = jnp.float32(rng.normal(size=(3, 2, 6, 4, 5)))

  def slope(x_BHWC):
    return jax.grad(lambda x: jnp.sum(max_pool(x, 3, 1, 'SAME') ** 3))(x_BHWC)

  assert_near(jax.vmap(slope)(x_NBHWC), jnp.stack([*map(slope, x_NBHWC)]), 1e-6)
  shared = jax.vmap(lambda t: jax.jvp(max_pool, (x_NBHWC[0],), (t,))[1])(x_NBHWC)
  assert_near(shared[1], jax.jvp(max_pool, (x_NBHWC[0],), (x_NBHWC[1],))[1], 0)


def test_a_maximum_that_is_not_a_number_stays(kernels):
  x_BHWC = jnp.array([1.0, jnp.nan, 5.0, 2.0, 3.0, 4.0]).reshape(1, 1, 6, 1)
  np.testing.assert_array_equal(max_pool(x_BHWC, (1, 2)).reshape(-1), [np.nan, 5, 4])


def test_pooling_over_all_pixels():
  x_BHWC = rng.normal(size=(2, 7, 9, 3))
  assert_near(global_average_pool(jnp.float32(x_BHWC)), x_BHWC.mean((1, 2)), 1e-6)
  assert_near(global_max_pool(jnp.float32(x_BHWC)), x_BHWC.max((1, 2)), 1e-6)


@pytest.mark.parametrize(
  ('pool', 'reduce'), [(adaptive_average_pool, np.mean), (adaptive_max_pool, np.max)]
)
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


@pytest.mark.parametrize('pool', [max_pool, average_pool])
@pytest.mark.parametrize(
  ('shape', 'options', 'words'),
  [
    ((1, 2, 2, 1), {'size': 2, 'padding': 3}, 'padding=3: a window of (2, 2) pixels lies outside'),
    ((1, 4, 4, 1), {'size': 1, 'padding': ((0, 3), (0, 0))}, 'lies outside of the images'),
    ((1, 4, 4, 1), {'padding': 'CIRCULAR'}, 'expected one of SAME, VALID, CAUSAL, or pixels'),
    ((4, 4), {}, 'one to three spatial axes, got (4, 4)'),
    ((1, 2, 2, 2, 2, 1), {}, 'one to three spatial axes'),
  ],
)
def test_what_does_not_fit_is_refused(pool, shape, options, words):
  with pytest.raises(InputError) as error:
    pool(-jnp.ones(shape), **options)
  assert words in str(error.value)


@pytest.mark.parametrize('dtype', ['uint8', 'int32', 'bool'])
def test_the_maximum_of_whole_numbers(dtype):
  x_BHWC = rng.integers(0, 2 if dtype == 'bool' else 100, (2, 6, 4, 3)).astype(dtype)
  found = max_pool(jnp.asarray(x_BHWC), 2, 2, 1)
  padded = np.pad(x_BHWC, ((0, 0), (1, 1), (1, 1), (0, 0)))
  want = padded.reshape(2, 4, 2, 3, 2, 3).max((2, 4))
  assert found.dtype == dtype
  np.testing.assert_array_equal(found, want)


def test_sums_of_bfloat16_are_float32():
  x_BHWC = jnp.asarray(rng.normal(10, 1, (2, 7, 7, 3)), jnp.bfloat16)
  found = average_pool(x_BHWC, 7)
  assert found.dtype == jnp.bfloat16
  want = np.float64(x_BHWC).mean((1, 2), keepdims=True)
  assert_near(np.float64(found), want, 2**-8)


@pytest.mark.parametrize('platform', ['cuda', 'tpu'])
@pytest.mark.parametrize('pool', [max_pool, average_pool])
@pytest.mark.parametrize(
  ('shape', 'fields'), [((8,), (3, 2, 1)), ((7, 8), (2,)), ((8, 8, 8), (3, 2, 1))]
)
def test_second_derivatives_lower_for_accelerators_as_windows_of_xla(pool, platform, shape, fields):
  x = jnp.ones((2, *shape, 3))

  def slope(x):
    return jax.grad(lambda x: jnp.sum(pool(x, *fields) ** 3))(x)

  second = jax.jit(jax.grad(lambda x: jnp.sum(slope(x) ** 2)))
  text = second.trace(x).lower(lowering_platforms=(platform,)).as_text()
  assert 'reduce_window' in text
  assert 'custom_call' not in text
