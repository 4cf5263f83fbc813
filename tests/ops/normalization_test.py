import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from nn_zoo.ops.normalization import batch_normalize
from tests.reference import assert_near

# Rows and channels: a strip and a vector that are not full, one row, one channel, more than one strip.
SHAPES = [(1, 3), (7, 1), (600, 16), (2, 5, 7, 24), (1000, 130)]
LIMITS = {'identity': {}, 'relu': {'low': 0.0}, 'relu6': {'low': 0.0, 'high': 6.0}}
EPSILON = 1e-3
rng = np.random.default_rng(0)


def arrays(shape, dtype=np.float32):
  """x, scale, bias, dy; wide enough for ReLU6 to limit some."""
  sizes = (shape, shape[-1:], shape[-1:], shape)
  x, scale, bias, dy = (rng.normal(size=size).astype(dtype) for size in sizes)
  return 2 + 3 * x, 4 * scale, 2 * bias, dy


def oracle(x, scale, bias, dy, low=-math.inf, high=math.inf, added=0.0):
  """y, mean, variance, and the gradients in x, scale, bias and added, written out in float64."""
  channels = x.shape[-1]
  x, dy = (np.float64(array).reshape(-1, channels) for array in (x, dy))
  mean, variance = x.mean(0), x.var(0)
  h = (x - mean) / np.sqrt(variance + EPSILON)
  z = (
    np.float64(scale) * h + bias + np.float64(added).reshape(-1, channels if np.ndim(added) else 1)
  )
  g = dy * ((low < z) & (z < high))
  dh = g * scale
  dx = (dh - dh.mean(0) - h * (dh * h).mean(0)) / np.sqrt(variance + EPSILON)
  return np.clip(z, low, high), mean, variance, dx, (g * h).sum(0), g.sum(0), g


def normalized(limits):
  return lambda *arrays: batch_normalize(*arrays, epsilon=EPSILON, **limits)


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize('activation', LIMITS)
@pytest.mark.parametrize('sums', [False, True], ids=['alone', 'added'])
def test_values_and_gradients_are_those_of_float64(shape, activation, sums, kernels):
  x, scale, bias, dy = arrays(shape)
  added = (np.float32(3 * rng.normal(size=shape)),) if sums else ()

  @jax.jit
  def run(dy, *given):
    y, pull, own = jax.vjp(
      lambda *given: (lambda y, *own: (y, own))(*normalized(LIMITS[activation])(*given)),
      *given,
      has_aux=True,
    )
    return y, *own, *pull(dy)

  found = run(dy, x, scale, bias, *added)
  expected = oracle(x, scale, bias, dy, **LIMITS[activation], added=added[0] if sums else 0.0)
  for ours, exact in zip(found, expected[: len(found)], strict=True):
    assert_near(np.float64(ours).reshape(exact.shape), exact, 3e-5)


def test_a_mean_far_from_zero_costs_no_digits(kernels):
  x, scale, bias, dy = arrays((600, 16))
  y, _, variance = batch_normalize(x + 1000, scale, bias, epsilon=EPSILON)
  # What is left of x after 1000 was added: its last digits are lost before.
  exact = oracle(np.float32(x + 1000), scale, bias, dy)
  assert_near(y, exact[0], 1e-4)
  assert_near(variance, exact[2], 1e-5)


def test_statistics_have_gradients_too(kernels):
  x, scale, bias, _ = arrays((40, 16))

  def plain(x):
    mean = jnp.mean(x, 0)
    return jnp.sum(jnp.sin(mean)) + jnp.sum(jnp.var(x, 0) ** 2)

  def ours(x):
    _, mean, variance = batch_normalize(x, scale, bias, epsilon=EPSILON)
    return jnp.sum(jnp.sin(mean)) + jnp.sum(variance**2)

  assert_near(jax.grad(ours)(x), jax.grad(plain)(x), 1e-5)


@pytest.mark.parametrize(
  ('activation', 'sums'),
  [('identity', False), ('relu', False), ('relu6', False), ('relu', True), ('relu6', True)],
)
def test_second_derivatives_are_those_of_the_equations(activation, sums, kernels):
  x, scale, bias, dy = arrays((30, 17))
  given = (x, scale, bias, *((x[::-1] - 1,) if sums else ()))
  places, limits = tuple(range(len(given))), LIMITS[activation]

  def equations(x, scale, bias, added=0.0):
    h = (x - jnp.mean(x, 0, keepdims=True)) / jnp.sqrt(jnp.var(x, 0, keepdims=True) + EPSILON)
    z = scale[None] * h + bias[None] + added
    return {'identity': lambda z: z, 'relu': nn.relu, 'relu6': nn.relu6}[activation](z)

  def second(function):
    def slope(*given):
      return jax.grad(lambda *given: jnp.sum(jnp.sin(function(*given)) * dy), places)(*given)

    forward = jax.jvp(slope, given, tuple(array[::-1] for array in given))[1]
    reverse = jax.grad(lambda *given: sum(jnp.sum(g**2) for g in slope(*given)), places)(*given)
    return forward, reverse

  found = jax.jit(lambda: second(lambda *given: normalized(limits)(*given)[0]))()
  for ours, exact in zip(jax.tree.leaves(found), jax.tree.leaves(second(equations)), strict=True):
    assert_near(ours, exact, 1e-4)


def test_it_maps_over_everything_or_something(kernels):
  x, _, bias, _ = arrays((3, 9, 5))
  scales = rng.normal(size=(3, 5)).astype(np.float32)
  found = jax.vmap(normalized(LIMITS['relu']), (0, 0, None))(x, scales, bias)
  for place in range(3):
    one = normalized(LIMITS['relu'])(x[place], scales[place], bias)
    for ours, alone in zip(found, one, strict=True):
      assert_near(ours[place], alone, 1e-5)


def test_what_is_exactly_at_the_limit_has_no_gradient(kernels):
  x, zero = arrays((8, 4))[0], np.zeros(4, np.float32)

  def total(x, scale, bias):
    return jnp.sum(normalized(LIMITS['relu'])(x, scale, bias)[0])

  np.testing.assert_array_equal(jax.grad(total, 2)(x, zero, zero), zero)
  mapped = jax.grad(lambda bias: jnp.sum(jax.vmap(total, (None, None, 0))(x, zero, bias)))
  np.testing.assert_array_equal(mapped(zero[None]), zero[None])


def test_bfloat16_is_computed_in_float32(kernels):
  x, scale, bias, dy = arrays((64, 16), jnp.bfloat16)
  y, mean, _ = batch_normalize(x, scale, bias, epsilon=EPSILON)
  assert (y.dtype, mean.dtype) == (jnp.bfloat16, jnp.float32)
  assert_near(np.float64(y), oracle(x, scale, bias, dy)[0], 2**-8)


def test_devices_normalize_their_own_rows_under_shard_map(kernels):
  x, scale, bias, dy = arrays((80, 16))
  mesh = jax.make_mesh((2,), ('data',), axis_types=(jax.sharding.AxisType.Auto,))
  fields = {'in_specs': (jax.P('data'), jax.P(), jax.P()), 'out_specs': jax.P('data')}
  split = jax.shard_map(lambda *given: normalized({})(*given)[0], mesh=mesh, **fields)
  halves = [oracle(half, scale, bias, dy[:40])[0] for half in (x[:40], x[40:])]
  assert_near(jax.jit(split)(x, scale, bias), np.concatenate(halves), 1e-5)


def test_sums_do_not_depend_on_threads_or_runs(kernels):
  given = arrays((5000, 20))[:3]
  first = normalized({})(*given)
  for _ in range(3):
    for once, again in zip(first, normalized({})(*given), strict=True):
      np.testing.assert_array_equal(once, again)
