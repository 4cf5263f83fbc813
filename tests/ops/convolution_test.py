"""Convolutions against XLA's own, with the kernels in C++ and without them."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from nn_zoo.errors import InputError
from nn_zoo.native import library
from nn_zoo.ops.convolution import convolve, convolve_transpose
from tests.reference import assert_near

rng = np.random.default_rng(0)
LAYOUTS = {1: ('NWC', 'WIO', 'NWC'), 2: ('NHWC', 'HWIO', 'NHWC'), 3: ('NDHWC', 'DHWIO', 'NDHWC')}
WIDE = ((5, 5), (6, 4))  # wider than the kernels: the gradient of the gradient crops
# inputs, kernel, further arguments of convolve
CASES = {
  'square': ((2, 7, 6, 2), (3, 3, 2, 3), {}),
  'even': ((2, 7, 6, 2), (2, 4, 2, 3), {}),
  'valid': ((2, 7, 6, 2), (5, 5, 2, 3), {'padding': 'VALID'}),
  'one pixel': ((2, 7, 6, 5), (1, 1, 5, 4), {}),
  'uneven': ((2, 7, 6, 2), (3, 2, 2, 3), {'padding': ((1, 2), (0, 3))}),
  'wide': ((2, 7, 6, 2), (3, 2, 2, 3), {'padding': WIDE}),
  'wide one pixel': ((2, 7, 6, 2), (1, 1, 2, 3), {'padding': WIDE}),
  'cropped': ((2, 7, 6, 2), (3, 3, 2, 3), {'padding': ((-1, 0), (2, -2))}),
  'strides': ((2, 9, 8, 3), (3, 3, 3, 4), {'strides': 2}),
  'uneven strides': ((2, 9, 8, 3), (3, 4, 3, 4), {'strides': (3, 1), 'padding': 1}),
  'stride over a pixel': ((2, 8, 8, 3), (1, 1, 3, 4), {'strides': 2, 'padding': 'VALID'}),
  'dilation': ((2, 9, 8, 3), (3, 2, 3, 4), {'kernel_dilation': 2}),
  'strides and dilation': ((2, 11, 9, 2), (3, 3, 2, 3), {'strides': 2, 'kernel_dilation': (2, 3)}),
  'input dilation': ((2, 4, 5, 2), (3, 4, 2, 3), {'input_dilation': (2, 3), 'padding': 2}),
  'both dilations': (
    (2, 4, 5, 2),
    (3, 3, 2, 3),
    {'input_dilation': 2, 'kernel_dilation': 3, 'padding': 3},
  ),
  'everything': (
    (2, 5, 6, 4),
    (3, 2, 2, 6),
    {'strides': 2, 'input_dilation': 3, 'groups': 2, 'padding': 2},
  ),
  'groups': ((2, 6, 5, 6), (3, 3, 2, 9), {'groups': 3, 'strides': 2}),
  'depthwise': ((2, 6, 5, 20), (3, 3, 1, 20), {'groups': 20}),
  'depthwise strides': ((2, 7, 6, 20), (3, 3, 1, 20), {'groups': 20, 'strides': 2}),
  'depthwise dilation': ((2, 9, 6, 5), (5, 3, 1, 5), {'groups': 5, 'kernel_dilation': 2}),
  'depth multiplier': ((2, 6, 5, 3), (3, 3, 1, 6), {'groups': 3}),
  'many channels': ((2, 5, 5, 33), (3, 3, 33, 70), {}),
  'three vectors': ((2, 5, 9, 18), (3, 3, 18, 41), {'strides': 2}),
  'one output': ((2, 5, 9, 37), (4, 4, 37, 1), {'input_dilation': 2, 'padding': 2}),
  'four outputs': ((1, 6, 17, 16), (3, 3, 16, 4), {}),
  'groups of few outputs': ((2, 7, 6, 48), (3, 2, 24, 6), {'groups': 2, 'strides': 2}),
  'sequence': ((3, 19, 4), (3, 4, 5), {}),
  'causal': ((3, 19, 4), (3, 4, 5), {'padding': 'CAUSAL', 'kernel_dilation': 4}),
  'sequence strides': ((3, 19, 4), (4, 2, 6), {'strides': 3, 'groups': 2}),
  'volume': ((2, 5, 6, 4, 3), (3, 2, 3, 3, 4), {}),
  'volume strides': (
    (2, 6, 6, 5, 4),
    (3, 3, 2, 2, 6),
    {'strides': (2, 1, 2), 'groups': 2, 'padding': 1},
  ),
  'volume dilation': (
    (1, 7, 6, 4, 2),
    (2, 3, 1, 2, 3),
    {'kernel_dilation': (3, 1, 2), 'padding': 2},
  ),
}


def arrays(shape, kernel, dtype=jnp.float32):
  return [jnp.asarray(rng.normal(size=size), dtype) for size in (shape, kernel)]


def xla(x, kernel, strides=1, padding='SAME', input_dilation=1, kernel_dilation=1, groups=1):
  rank = x.ndim - 2

  def every(value):
    return (value,) * rank if isinstance(value, int) else value

  reach = [(k - 1) * d + 1 for k, d in zip(kernel.shape, every(kernel_dilation), strict=False)]
  if padding == 'CAUSAL':
    padding = [(k - 1, 0) for k in reach]
  elif isinstance(padding, int):
    padding = [(padding, padding)] * rank
  return jax.lax.conv_general_dilated(
    x,
    kernel,
    every(strides),
    padding,
    every(input_dilation),
    every(kernel_dilation),
    LAYOUTS[rank],
    groups,
  )


def derivatives(conv, options):
  """(x, kernel) -> outputs, gradients in both, and gradients in both of those gradients' squared norm."""

  def loss(x, kernel):
    y = conv(x, kernel, **options)
    return jnp.sum(jnp.sin(y)), y

  def norm(*both):
    gradients, y = jax.grad(loss, (0, 1), has_aux=True)(*both)
    return sum(jnp.sum(gradient**2) for gradient in gradients), (y, gradients)

  def all_of_them(*both):
    second, (y, first) = jax.grad(norm, (0, 1), has_aux=True)(*both)
    return y, first, second

  return all_of_them


def compare(actual, expected, tolerance):
  for found, want in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
    assert found.dtype == want.dtype
    assert_near(np.float64(found), np.float64(want), tolerance)


@pytest.mark.parametrize('name', CASES)
def test_value_gradients_and_second_derivatives_are_those_of_xla(name, kernels):
  shape, kernel, options = CASES[name]
  both = arrays(shape, kernel)
  ours, theirs = derivatives(convolve, options), derivatives(xla, options)
  compare(jax.jit(ours)(*both), jax.jit(theirs)(*both), 2e-5)


@pytest.mark.parametrize('name', ['strides', 'groups', 'sequence'])
def test_derivatives_are_right_in_every_mode_and_order(name, kernels):
  with jax.enable_x64(True):
    shape, kernel, options = CASES[name]
    both = arrays(shape, kernel, jnp.float64)
    check_grads(lambda *both: jnp.sin(convolve(*both, **options)), both, order=2, eps=1e-5)


@pytest.mark.parametrize('name', ['square', 'strides', 'groups'])
def test_forward_mode_is_that_of_xla(name, kernels):
  shape, kernel, options = CASES[name]
  both, slopes = arrays(shape, kernel), arrays(shape, kernel)
  ours, theirs = (
    jax.jvp(lambda *both: conv(*both, **options), both, slopes)  # noqa: B023
    for conv in (convolve, xla)
  )
  compare(ours, theirs, 1e-5)


def test_the_value_is_the_equation(kernels):
  x_BHWI, kernel_HWIO = map(np.float64, arrays((2, 7, 6, 2), (2, 3, 2, 3)))
  padded = np.pad(x_BHWI, ((0, 0), (1, 0), (2, 1), (0, 0)))
  y_BHWO = np.zeros((2, 7, 7, 3))
  for h, w, i, j in product(range(7), range(7), range(2), range(3)):
    y_BHWO[:, h, w] += padded[:, h + i, w + j] @ kernel_HWIO[i, j]
  found = convolve(jnp.float32(x_BHWI), jnp.float32(kernel_HWIO), 1, ((1, 0), (2, 1)))
  assert_near(found, y_BHWO, 1e-6)


@pytest.mark.parametrize(('padding', 'mode'), [('CIRCULAR', 'wrap'), ('REFLECT', 'reflect')])
@pytest.mark.parametrize('size', [(3, 3), (4, 1)])
def test_padding_that_copies_pixels(padding, mode, size):
  x_BHWI, kernel_HWIO = arrays((2, 7, 6, 2), (*size, 2, 3))
  around = [((k - 1) // 2, k // 2) for k in size]
  padded = jnp.pad(x_BHWI, ((0, 0), *around, (0, 0)), mode=mode)
  want = xla(padded, kernel_HWIO, padding='VALID')
  assert_near(convolve(x_BHWI, kernel_HWIO, 1, padding), want, 1e-6)


@pytest.mark.parametrize('padding', ['SAME', 'VALID', ((2, 1), (0, 3))])
@pytest.mark.parametrize(
  ('strides', 'spread'), [((2, 2), (1, 1)), ((1, 3), (2, 1)), ((4, 2), (1, 1))]
)
def test_the_transposed_convolution_is_that_of_jax(padding, strides, spread, kernels):
  both = arrays((2, 5, 4, 3), (3, 4, 3, 2))

  def theirs(x, kernel):
    return jax.lax.conv_transpose(
      x, kernel, strides, padding, rhs_dilation=spread, dimension_numbers=LAYOUTS[2]
    )

  def ours(x, kernel):
    return convolve_transpose(x, kernel, strides, padding, kernel_dilation=spread)

  compare(*(derivatives(conv, {})(*both) for conv in (ours, theirs)), 2e-5)


@pytest.mark.parametrize('name', ['valid', 'strides', 'depthwise'])
def test_gradients_inside_a_scan_are_those_outside(name, kernels):
  shape, size, options = CASES[name]
  x_BHWI, kernel_HWIO = arrays(shape, size)
  gradient = jax.grad(lambda kernel, x: jnp.sum(jnp.sin(convolve(x, kernel, **options))))

  def body(kernel, shift):
    step = gradient(kernel, x_BHWI + shift)
    return kernel - 0.01 * step, step

  shifts = jnp.arange(3.0)
  _, inside = jax.jit(lambda kernel: jax.lax.scan(body, kernel, shifts))(kernel_HWIO)
  for shift, step in zip(shifts, inside, strict=True):
    kernel_HWIO, outside = body(kernel_HWIO, shift)
    assert_near(step, outside, 1e-5)


@pytest.mark.parametrize('in_axes', [(None, 0), (0, None), (0, 0), (2, 1)])
@pytest.mark.parametrize('name', ['square', 'groups', 'strides'])
def test_derivatives_map_over_images_and_kernels(name, in_axes, kernels):
  shape, kernel, options = CASES[name]
  both = [
    array if axis is None else jnp.stack([array, 2 * array, array[::-1]], axis)
    for array, axis in zip(arrays(shape, kernel), in_axes, strict=True)
  ]
  ours, theirs = (jax.vmap(derivatives(conv, options), in_axes) for conv in (convolve, xla))
  compare(jax.jit(ours)(*both), jax.jit(theirs)(*both), 3e-5)


@pytest.mark.parametrize('name', ['square', 'depthwise strides'])
def test_bfloat16_is_rounded_once(name, kernels):
  shape, size, options = CASES[name]
  both = arrays(shape, size, jnp.bfloat16)
  exact, pull_exact = jax.vjp(lambda *both: xla(*both, **options), *map(jnp.float32, both))
  found, pull = jax.vjp(lambda *both: convolve(*both, **options), *both)
  slope = jnp.asarray(rng.normal(size=found.shape), jnp.bfloat16)
  wanted = exact, *pull_exact(slope.astype(jnp.float32))
  for leaf, want in zip((found, *pull(slope)), wanted, strict=True):
    assert leaf.dtype == jnp.bfloat16
    assert_near(np.float64(leaf), np.float64(want), 2**-8)


def test_devices_share_a_batch_under_shard_map(kernels):
  mesh = jax.make_mesh((2,), ('data',), axis_types=(jax.sharding.AxisType.Auto,))
  x_BHWI, kernel_HWIO = arrays((4, 7, 6, 2), (3, 3, 2, 3))

  def loss(kernel, x):
    return jnp.sum(jnp.sin(convolve(x, kernel)))

  def of_a_part(kernel, x):
    # The gradient in what all devices share is summed over them.
    return jax.grad(loss)(kernel, x)

  split = jax.shard_map(of_a_part, mesh=mesh, in_specs=(jax.P(), jax.P('data')), out_specs=jax.P())
  assert_near(jax.jit(split)(kernel_HWIO, x_BHWI), jax.grad(loss)(kernel_HWIO, x_BHWI), 1e-5)


@pytest.mark.parametrize('name', ['same', 'Valid', 'circular'])
def test_names_of_paddings_are_read_in_any_case(name):
  both = arrays((2, 5, 4, 3), (3, 4, 3, 2))
  for conv in (convolve, convolve_transpose):
    compare(conv(*both, 2, name), conv(*both, 2, name.upper()), 0)


def test_groups_of_a_transposed_convolution_see_their_channels_alone():
  x_BHWI, kernel_HWIO = arrays((2, 5, 4, 6), (3, 4, 3, 8))
  parts = [
    convolve_transpose(x_BHWI[..., 3 * i : 3 * i + 3], kernel_HWIO[..., 4 * i : 4 * i + 4], 2)
    for i in range(2)
  ]
  assert_near(
    convolve_transpose(x_BHWI, kernel_HWIO, 2, groups=2), jnp.concatenate(parts, -1), 1e-6
  )


def test_in_a_loop_on_a_cpu_kernels_run_and_no_convolution_of_xla():
  if library.load():
    pytest.skip(library.load())
  x_BHWI, kernel_HWIO = arrays((2, 7, 6, 2), (3, 3, 2, 3))

  def body(kernel, shift):
    penalty = jax.grad(lambda x: jnp.sum(jnp.sin(convolve(x, kernel, strides=2))))
    return kernel - jax.grad(lambda k: jnp.sum(penalty(x_BHWI + shift) ** 2 * k.sum()))(
      kernel
    ), None

  loop = jax.jit(lambda kernel: jax.lax.scan(body, kernel, jnp.arange(3.0))[0])
  text = loop.lower(kernel_HWIO).compile().as_text()
  assert library.CONVOLVE in text
  assert ' convolution(' not in text


@pytest.mark.parametrize('platform', ['cuda', 'tpu'])
def test_on_an_accelerator_volumes_are_the_convolution_of_xla(platform):
  x, kernel = arrays((2, 5, 6, 4, 3), (3, 2, 3, 3, 4))
  gradient = jax.jit(jax.grad(lambda *both: jnp.sum(convolve(*both) ** 2), (0, 1)))
  text = gradient.trace(x, kernel).lower(lowering_platforms=(platform,)).as_text()
  assert text.count('stablehlo.convolution') == 3
  assert 'custom_call' not in text


@pytest.mark.parametrize('name', ['CAUSAL', 'reflect', 'SAME '])
def test_paddings_that_nothing_is_enlarged_with_are_refused(name):
  with pytest.raises(InputError, match=f"padding='{name}': expected one of SAME, VALID, CIRCULAR"):
    convolve_transpose(*arrays((2, 7, 6, 2), (3, 3, 2, 3)), padding=name)


def test_types_that_differ_are_refused():
  x_BHWI, kernel_HWIO = arrays((2, 7, 6, 2), (3, 3, 2, 3))
  with pytest.raises(InputError, match='inputs of float32 and a kernel of bfloat16'):
    convolve(x_BHWI, kernel_HWIO.astype(jnp.bfloat16))


@pytest.mark.parametrize(
  ('shape', 'kernel', 'options', 'words'),
  [
    (
      (2, 7, 6, 2),
      (3, 3, 2, 3),
      {'padding': 'same '},
      "padding='same ': expected one of SAME, VALID",
    ),
    (
      (2, 7, 6, 2),
      (3, 3, 2, 3),
      {'padding': (1, 2, 3)},
      'padding=(1, 2, 3): expected a whole number',
    ),
    ((2, 7, 6, 2), (3, 3, 2, 3), {'strides': (1, 2, 3)}, 'strides=(1, 2, 3): expected'),
    ((2, 7, 6, 2), (3, 3, 2, 3), {'strides': 0}, 'strides=0: expected'),
    ((2, 7, 6, 2), (3, 3, 2, 3), {'strides': 1.5}, 'strides=1.5: expected a whole number'),
    ((2, 7, 6, 2), (3, 3, 2, 3), {'padding': None}, 'padding=None: expected a whole number'),
    ((2, 7, 6, 2), (3, 3, 2, 3), {'padding': 0.5}, 'padding=0.5: expected a whole number'),
    ((2, 7, 6, 2), (3, 3, 3, 3), {}, '2 channels in 1 group(s) do not fit'),
    ((2, 7, 6, 2), (3, 3, 1, 3), {'groups': 2}, '2 channels in 2 group(s) do not fit'),
    ((2, 7, 6, 2), (9, 9, 2, 3), {'padding': 'VALID'}, 'is larger than images of (7, 6)'),
    ((2, 7, 2), (3, 3, 2, 3), {}, 'does not fit inputs of'),
    ((2, 2, 7, 6, 2), (3, 3, 3, 2, 3), {'padding': 'VALID'}, 'is larger than volumes of depth 2'),
  ],
)
def test_what_does_not_fit_is_refused(shape, kernel, options, words):
  with pytest.raises(InputError) as error:
    convolve(*arrays(shape, kernel), **options)
  assert words in str(error.value)
