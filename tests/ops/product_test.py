import concurrent.futures
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.native import library
from nn_zoo.ops import product as module
from nn_zoo.ops.product import dense, product
from tests.reference import assert_near

TURNED = [(False, False), (False, True), (True, False), (True, True)]
# (batch, rows, depth, columns): a tile and a panel that are not full, one row, more depth than a block
# holds, several tasks that share panels, several that share rows.
SIZES = [(1, 1, 1, 1), (1, 7, 129, 7), (3, 129, 7, 65), (2, 17, 600, 16), (1, 130, 3, 129)]
SIZES += [(2, 800, 300, 40), (1, 30, 260, 1100)]
rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def even_small_ones_by_the_kernel(monkeypatch):
  monkeypatch.setattr(module, 'LEAST', 1)


def given(array, turned):
  return array.swapaxes(-1, -2).copy() if turned else array


def matrices(batch, rows, depth, columns, dtype=np.float32):
  a, b = rng.normal(size=(batch, rows, depth)), rng.normal(size=(batch, depth, columns))
  return np.asarray(jnp.asarray(a, dtype)), np.asarray(jnp.asarray(b, dtype))


def near(found, expected, tolerance=2e-6):
  assert found.shape == expected.shape
  assert_near(np.float64(found), expected, tolerance)


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('turned', TURNED)
def test_values_and_gradients_are_those_of_float64(size, turned, kernels):
  a, b = matrices(*size)
  dc = rng.normal(size=(size[0], size[1], size[3])).astype(np.float32)

  @jax.jit
  def run(a, b, dc):
    c, pull = jax.vjp(lambda a, b: product(a, b, *turned), a, b)
    return c, *pull(dc)

  c, da, db = run(given(a, turned[0]), given(b, turned[1]), dc)
  wide_a, wide_b, wide_dc = map(np.float64, (a, b, dc))
  near(c, wide_a @ wide_b)
  near(da, given(wide_dc @ wide_b.swapaxes(1, 2), turned[0]))
  near(db, given(wide_a.swapaxes(1, 2) @ wide_dc, turned[1]))


# Tiles that are full and that are not, more depth than a block holds, several bands of rows, several groups
# of columns, and what is too small for the unit.
ROUNDED = [(1, 16, 32, 16), (2, 33, 70, 47), (1, 600, 1100, 40), (3, 40, 33, 1100), (5, 64, 96, 64)]
ROUNDED += [(1, 15, 64, 64), (1, 64, 31, 64)]


@pytest.mark.parametrize('size', ROUNDED)
@pytest.mark.parametrize('turned', TURNED)
def test_entries_are_rounded_where_that_is_asked_for_and_a_unit_does_so(size, turned, kernels):
  unit = kernels == 'native' and library.has_matrix_unit()
  a, b = matrices(*size)
  dc = rng.normal(size=(size[0], size[1], size[3])).astype(np.float32)

  def run(a, b, dc):
    with jax.default_matmul_precision('bfloat16'):
      c, pull = jax.vjp(lambda a, b: product(a, b, *turned), a, b)
      return c, *pull(dc)

  c, da, db = jax.jit(run)(given(a, turned[0]), given(b, turned[1]), dc)

  def wide(x, y):
    rows, depth, columns = x.shape[1], x.shape[2], y.shape[2]
    if unit and min(rows, columns) >= 16 and depth >= 32:
      x, y = (jnp.asarray(each, jnp.bfloat16) for each in (x, y))
    return np.float64(x) @ np.float64(y)

  near(c, wide(a, b))
  near(da, given(wide(dc, b.swapaxes(1, 2)), turned[0]))
  near(db, given(wide(a.swapaxes(1, 2), dc), turned[1]))


@pytest.mark.parametrize('turned', TURNED)
def test_second_derivatives_are_those_of_einsum(turned, kernels):
  a, b = matrices(2, 9, 5, 17)
  a, b = given(a, turned[0]), given(b, turned[1])
  letters = f'{"ndr" if turned[0] else "nrd"},{"ncd" if turned[1] else "ndc"}->nrc'

  def second(multiply):
    def slope(a, b):
      return jax.grad(lambda a, b: jnp.sum(jnp.sin(multiply(a, b))), (0, 1))(a, b)

    forward = jax.jvp(slope, (a, b), (a[::-1], b[::-1]))[1]
    backward = jax.grad(lambda a, b: sum(jnp.sum(g**3) for g in slope(a, b)), (0, 1))(a, b)
    return forward, backward

  ours = jax.jit(lambda: second(lambda a, b: product(a, b, *turned)))()
  theirs = second(lambda a, b: jnp.einsum(letters, a, b, precision='highest'))
  for leaf, want in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
    near(leaf, np.float64(want), 2e-5)


@pytest.mark.parametrize('turned', TURNED)
@pytest.mark.parametrize('in_axes', [(0, None), (None, 1), (2, 0)])
@pytest.mark.parametrize('batch', [1, 2])
def test_it_maps_over_either_side(turned, in_axes, batch, kernels):
  a, b = matrices(batch, 6, 5, 19)
  wanted = np.float64(a) @ np.float64(b)
  scales = [1 if axis is None else np.float32([1, -2, 3]) for axis in in_axes]
  both = [
    array if axis is None else np.stack([array * s for s in scale], axis)
    for array, axis, scale in zip(
      (given(a, turned[0]), given(b, turned[1])), in_axes, scales, strict=True
    )
  ]
  found = jax.jit(jax.vmap(lambda a, b: product(a, b, *turned), in_axes))(*both)
  near(found, (scales[0] * scales[1])[:, None, None, None] * wanted)


def test_leading_axes_and_vectors(kernels):
  a, b = matrices(6, 5, 4, 3)
  found = product(a.reshape(2, 3, 5, 4), b.reshape(2, 3, 4, 3))
  near(found.reshape(6, 5, 3), np.float64(a) @ np.float64(b))
  near(dense(a[0, 0], b[0]), np.float64(a[0, 0]) @ np.float64(b[0]))


@pytest.mark.parametrize('size', [(1, 0, 4, 3), (0, 5, 4, 3), (2, 5, 0, 3), (1, 5, 4, 0)])
def test_an_axis_may_be_empty(size, kernels):
  a, b = matrices(*size)
  np.testing.assert_array_equal(product(a, b), np.zeros((size[0], size[1], size[3])))


@pytest.mark.parametrize(
  ('a', 'b', 'turned'),
  [((4, 5), (6, 3), (False, False)), ((5, 4), (5, 3), (False, True)), ((2, 4, 5), (1, 5, 3), ())],
)
def test_matrices_that_do_not_fit_are_named(a, b, turned):
  with pytest.raises(
    InputError, match=rf'^a product of {re.escape(str(a))} and {re.escape(str(b))}'
  ):
    product(jnp.zeros(a), jnp.zeros(b), *turned)


def test_bfloat16_is_that_of_einsum(kernels):
  a, b = matrices(2, 33, 20, 18, jnp.bfloat16)
  found = product(a, b)
  assert found.dtype == jnp.bfloat16
  near(found, np.float64(a) @ np.float64(b), 2**-8)


def test_devices_share_rows_under_shard_map(kernels):
  mesh = jax.make_mesh((2,), ('data',), axis_types=(jax.sharding.AxisType.Auto,))
  a, b = (array[0] for array in matrices(1, 8, 6, 5))

  def gradient(b, a):
    return jax.grad(lambda b: jnp.sum(jnp.sin(dense(a, b))))(b)

  split = jax.shard_map(gradient, mesh=mesh, in_specs=(jax.P(), jax.P('data')), out_specs=jax.P())
  near(jax.jit(split)(b, a), np.float64(gradient(b, a)), 1e-5)


def test_a_row_is_the_same_whatever_stands_beside_it(kernels):
  if kernels != 'native':
    pytest.skip("XLA's own sums depend on the number of rows")
  a, b = matrices(1, 129, 700, 130)
  whole = np.asarray(product(a, b))
  for first, end in ((0, 1), (5, 40), (60, 129)):
    np.testing.assert_array_equal(product(a[:, first:end].copy(), b), whole[:, first:end])


def test_threads_of_ours_give_what_those_of_xla_give(kernels):
  a, b = matrices(2, 800, 300, 40)

  def gradients(a, b, helped):
    return jax.grad(lambda a, b: jnp.sum(jnp.sin(product(a, b, helped=helped))), (0, 1))(a, b)

  run = jax.jit(gradients, static_argnums=2)
  calls = [True, False] * 4
  with concurrent.futures.ThreadPoolExecutor(4) as callers:
    found = list(callers.map(lambda helped: run(a, b, helped), calls))
  for each in found[1:]:
    jax.tree.map(np.testing.assert_array_equal, each, found[0])


def test_small_products_stay_with_xla(kernels, monkeypatch):
  monkeypatch.setattr(module, 'LEAST', 64)

  def target(rows):
    arguments = matrices(1, rows, 4, 4)
    return 'nn_zoo_matrix_product' in jax.jit(product).lower(*arguments).as_text()

  assert (target(3), target(4)) == (False, kernels == 'native')
