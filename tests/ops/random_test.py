import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.native import library
from nn_zoo.ops.random import LEAST, bernoulli

KEY = jax.random.key(3)
SHAPES = [(LEAST,), (64, 65), (3, 5000), (2, 3, 40_000), (7,), (0, 5000)]


@pytest.mark.parametrize('shape', SHAPES, ids=str)
@pytest.mark.parametrize('p', [0.95, 0.5, 1 / 3, 1e-7, 0.0, 1.0])
def test_draws_are_those_of_jax_bit_for_bit(shape, p, kernels):
  for key in jax.random.split(KEY, 3):
    found = jax.jit(lambda key: bernoulli(key, p, shape))(key)
    assert found.dtype == bool
    np.testing.assert_array_equal(found, jax.random.bernoulli(key, p, shape))


@pytest.mark.parametrize(
  'key', [jax.random.PRNGKey(3), jax.random.key(3, impl='rbg')], ids=['raw', 'rbg']
)
def test_any_key_is_taken(key, kernels):
  found = bernoulli(key, 0.3, (64, 65))
  np.testing.assert_array_equal(found, jax.random.bernoulli(key, 0.3, (64, 65)))


def test_numbers_of_64_bits_are_drawn_as_jax_does(kernels):
  with jax.enable_x64(True):
    found = bernoulli(KEY, 0.3, (64, 65))
    np.testing.assert_array_equal(found, jax.random.bernoulli(KEY, 0.3, (64, 65)))


def test_they_map_over_keys_and_run_in_loops(kernels):
  keys = jax.random.split(KEY, 4)
  want = [jax.random.bernoulli(key, 0.3, (64, 65)) for key in keys]

  def draw(key):
    return bernoulli(key, 0.3, (64, 65))

  np.testing.assert_array_equal(jax.jit(jax.vmap(draw))(keys), want)
  looped = jax.jit(lambda keys: jax.lax.scan(lambda _, key: (None, draw(key)), None, keys)[1])
  np.testing.assert_array_equal(looped(keys), want)


def test_derivatives_pass_by_the_mask(kernels):
  x = jnp.ones((64, 65))

  def loss(x, key):
    return jnp.sum(jnp.where(bernoulli(key, 0.3, x.shape), x**3, 0))

  mask = jax.random.bernoulli(KEY, 0.3, x.shape)
  np.testing.assert_array_equal(jax.jit(jax.grad(loss))(x, KEY), 3 * mask)
  slope = jax.jvp(lambda x: jax.grad(loss)(x, KEY), (x,), (x,))[1]
  np.testing.assert_array_equal(slope, 6 * mask)


def test_each_device_may_draw_its_own(kernels):
  mesh = jax.make_mesh((2,), ('data',), axis_types=(jax.sharding.AxisType.Auto,))
  keys = jax.random.split(KEY, 2)
  split = jax.shard_map(
    lambda keys: bernoulli(keys[0], 0.3, (64, 65))[None],
    mesh=mesh,
    in_specs=jax.P('data'),
    out_specs=jax.P('data'),
  )
  want = [jax.random.bernoulli(key, 0.3, (64, 65)) for key in keys]
  np.testing.assert_array_equal(jax.jit(split)(keys), want)


def test_on_a_cpu_a_kernel_draws_and_elsewhere_xla():
  if library.load():
    pytest.skip(library.load())
  traced = jax.jit(lambda key: bernoulli(key, 0.3, (64, 65))).trace(KEY)
  assert library.BERNOULLI in traced.lower(lowering_platforms=('cpu',)).as_text()
  assert library.BERNOULLI not in traced.lower(lowering_platforms=('tpu',)).as_text()
