from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.ops.convolution import average_pool, convolve, max_pool
from tests.reference import assert_near

WIDE = ((5, 5), (6, 4))  # wider than the kernels: the gradient of the gradient crops
CASES = [
  ((2, 2), 'SAME'),
  ((3, 3), 'SAME'),
  ((5, 5), 'VALID'),
  ((1, 4), 'SAME'),
  ((3, 2), ((1, 2), (0, 3))),
  ((1, 1), WIDE),
  ((3, 2), WIDE),
]

rng = np.random.default_rng(0)


def arrays(size, dtype=jnp.float32):
  """Images of 7x6 pixels with 2 channels, and a kernel to 3 channels."""
  x_BHWI, kernel_HWIO = rng.normal(size=(2, 7, 6, 2)), rng.normal(size=(*size, 2, 3))
  return jnp.asarray(x_BHWI, dtype), jnp.asarray(kernel_HWIO, dtype)


def xla(x_BHWI, kernel_HWIO, padding):
  layout = ('NHWC', 'HWIO', 'NHWC')
  return jax.lax.conv_general_dilated(
    x_BHWI, kernel_HWIO, (1, 1), padding, dimension_numbers=layout
  )


def derivatives(conv, padding):
  """(x, kernel) -> outputs, gradients in both, and gradients in both of those gradients' squared norm."""

  def loss(x_BHWI, kernel_HWIO):
    y_BHWO = conv(x_BHWI, kernel_HWIO, padding)
    return jnp.sum(jnp.sin(y_BHWO)), y_BHWO

  def norm(*both):
    gradients, y_BHWO = jax.grad(loss, (0, 1), has_aux=True)(*both)
    return sum(jnp.sum(gradient**2) for gradient in gradients), (y_BHWO, gradients)

  def all_of_them(*both):
    second, (y_BHWO, first) = jax.grad(norm, (0, 1), has_aux=True)(*both)
    return y_BHWO, first, second

  return all_of_them


def compare(actual, expected, tolerance):
  for found, want in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
    assert found.dtype == want.dtype
    assert_near(np.float64(found), np.float64(want), tolerance)


@pytest.mark.parametrize(('size', 'padding'), CASES)
def test_value_gradients_and_second_derivatives_are_those_of_xla(size, padding):
  both = arrays(size)
  ours, theirs = derivatives(convolve, padding), derivatives(xla, padding)
  compare(*jax.jit(lambda *both: (ours(*both), theirs(*both)))(*both), 2e-5)


def test_the_value_is_the_equation():
  x_BHWI, kernel_HWIO = map(np.float64, arrays((2, 3)))
  padded = np.pad(x_BHWI, ((0, 0), (1, 0), (2, 1), (0, 0)))
  y_BHWO = np.zeros((2, 7, 7, 3))
  for h, w, i, j in product(range(7), range(7), range(2), range(3)):
    y_BHWO[:, h, w] += padded[:, h + i, w + j] @ kernel_HWIO[i, j]
  found = convolve(jnp.float32(x_BHWI), jnp.float32(kernel_HWIO), ((1, 0), (2, 1)))
  assert_near(found, y_BHWO, 1e-6)


@pytest.mark.parametrize(('size', 'padding'), [((5, 5), 'VALID'), ((2, 4), 'SAME')])
def test_gradients_inside_a_scan_are_those_outside(size, padding):
  x_BHWI, kernel_HWIO = arrays(size)
  gradient = jax.grad(lambda kernel, x: jnp.sum(jnp.sin(convolve(x, kernel, padding))))

  def body(kernel, shift):
    step = gradient(kernel, x_BHWI + shift)
    return kernel - 0.01 * step, step

  shifts = jnp.arange(3.0)
  _, inside = jax.jit(lambda kernel: jax.lax.scan(body, kernel, shifts))(kernel_HWIO)
  for shift, step in zip(shifts, inside, strict=True):
    kernel_HWIO, outside = body(kernel_HWIO, shift)
    assert_near(step, outside, 1e-5)


def gradients(conv, padding):
  """(x, kernel) -> gradients in both."""
  return jax.grad(lambda x, kernel: jnp.sum(jnp.sin(conv(x, kernel, padding))), (0, 1))


@pytest.mark.parametrize('in_axes', [(None, 0), (0, None), (0, 0)])
def test_gradients_map_over_images_and_kernels(in_axes):
  both = [
    array if axis is None else jnp.stack([array, 2 * array, array[::-1]])
    for array, axis in zip(arrays((3, 3)), in_axes, strict=True)
  ]
  ours, theirs = (jax.vmap(gradients(conv, 'SAME'), in_axes) for conv in (convolve, xla))
  compare(*jax.jit(lambda *both: (ours(*both), theirs(*both)))(*both), 1e-5)


@pytest.mark.parametrize('padding', ['SAME', 'VALID'])
def test_bfloat16_stays_bfloat16_and_near_float32(padding):
  both = arrays((3, 3), jnp.bfloat16)
  found = convolve(*both, padding), *jax.jit(gradients(convolve, padding))(*both)
  assert {leaf.dtype for leaf in found} == {jnp.dtype(jnp.bfloat16)}
  both = [*map(jnp.float32, both)]
  exact = xla(*both, padding), *gradients(xla, padding)(*both)
  for leaf, want in zip(found, exact, strict=True):
    # bfloat16 has 8 bits: one rounding of the outputs, and of their sines, reach the gradients.
    assert_near(np.float64(leaf), np.float64(want), 2**-6)


def test_another_padding_is_refused():
  with pytest.raises(InputError, match=r"padding='same': expected 'SAME', 'VALID' or"):
    convolve(*arrays((3, 3)), 'same')


POOLS = {'max': (max_pool, nn.max_pool), 'average': (average_pool, nn.avg_pool)}


@pytest.mark.parametrize('name', POOLS)
@pytest.mark.parametrize(('shape', 'size'), [((8, 6), 2), ((7, 5), 2), ((7, 9), 3)])
def test_pooling_and_its_gradient_are_those_of_flax(name, shape, size):
  x_BHWC = jnp.float32(rng.normal(size=(2, *shape, 3)))
  pool, flax_pool = POOLS[name]
  found, pull = jax.vjp(lambda x: pool(x, size), x_BHWC)
  want, flax_pull = jax.vjp(lambda x: flax_pool(x, (size, size), (size, size)), x_BHWC)
  assert_near(found, want, 1e-6)
  slope = jnp.float32(rng.normal(size=want.shape))
  assert_near(*pull(slope), *flax_pull(slope), 1e-6)


def test_pixels_that_share_the_maximum_share_its_gradient():
  x_BHWC = jnp.array([[1.0, 1.0], [0.0, 1.0]]).reshape(1, 2, 2, 1)
  gradient = jax.grad(lambda x: max_pool(x).sum())(x_BHWC)
  np.testing.assert_allclose(gradient.reshape(-1), [1 / 3, 1 / 3, 0, 1 / 3], rtol=1e-6)
