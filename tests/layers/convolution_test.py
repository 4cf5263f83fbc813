import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.convolution import Conv, ConvTranspose
from tests.reference import assert_near

KEY = jax.random.key(0)
random = np.random.default_rng(0)
# inputs, kernel, our fields, flax's fields
CASES = {
  'even': ((2, 7, 6, 2), (2, 2), {}, {}),
  'odd': ((2, 7, 6, 2), (5, 3), {}, {}),
  'valid': ((2, 7, 6, 2), (2, 2), {'padding': 'VALID'}, {}),
  'pixels': ((2, 7, 6, 2), (5, 5), {'padding': ((1, 2), (0, 3))}, {}),
  'circular': ((2, 7, 6, 2), (3, 4), {'padding': 'CIRCULAR'}, {}),
  'circular everything': (
    (2, 9, 8, 4),
    (3, 2),
    {'padding': 'CIRCULAR', 'strides': 2, 'kernel_dilation': 2, 'groups': 2},
    {'feature_group_count': 2},
  ),
  'circular sequence': ((2, 9, 4), (3,), {'padding': 'CIRCULAR', 'strides': 2}, {}),
  'reflect': ((2, 7, 6, 2), (4, 3), {'padding': 'REFLECT'}, {}),
  'reflect strides': ((2, 9, 8, 4), (3, 5), {'padding': 'REFLECT', 'strides': (2, 1)}, {}),
  'reflect volume': ((2, 5, 4, 6, 2), (3, 2, 3), {'padding': 'REFLECT'}, {}),
  'strides': ((2, 9, 8, 4), (3, 3), {'strides': 2}, {}),
  'dilation': ((2, 9, 8, 4), (3, 2), {'kernel_dilation': (2, 3)}, {}),
  'groups': ((2, 7, 6, 4), (3, 3), {'groups': 2}, {'feature_group_count': 2}),
  'depthwise': ((2, 7, 6, 6), (3, 3), {'groups': 0}, {'feature_group_count': 6}),
  'sequence': ((2, 9, 4), (3,), {'padding': 'CAUSAL', 'kernel_dilation': 2}, {}),
  'volume': ((2, 5, 4, 6, 2), (3, 2, 3), {'strides': (1, 2, 1)}, {}),
}
TRANSPOSED = {
  'same': ((2, 7, 6, 2), (4, 4), {'strides': 2}),
  'valid': ((2, 4, 5, 3), (3, 2), {'strides': (2, 3), 'padding': 'VALID'}),
  'sequence': ((2, 5, 3), (4,), {'strides': 2}),
  'volume': ((1, 3, 4, 2, 2), (2, 2, 2), {'strides': 2}),
  'circular': ((2, 4, 5, 3), (3, 4), {'strides': 2, 'padding': 'CIRCULAR'}),
  'circular and wide': ((2, 3, 4, 3), (7, 2), {'strides': (1, 3), 'padding': 'CIRCULAR'}),
  'circular dilation': (
    (2, 5, 3),
    (3,),
    {'strides': 2, 'kernel_dilation': 3, 'padding': 'CIRCULAR'},
  ),
}


def assert_same_layer(ours, theirs, shape, tolerance=2e-5):
  """The same parameters, outputs, gradients of both, and gradients of those gradients' squared norm."""
  x = jnp.float32(random.normal(size=shape))
  variables = ours.init(KEY, x)
  jax.tree.map(np.testing.assert_array_equal, variables, theirs.init(KEY, x))
  bias = {'bias': jnp.arange(variables['params']['bias'].size, dtype=jnp.float32)}
  variables = {'params': {**variables['params'], **bias}}

  def derivatives(layer):
    def loss(variables, x):
      y = layer.apply(variables, x)
      return jnp.sum(jnp.sin(y)), y

    def norm(*both):
      gradients, y = jax.grad(loss, (0, 1), has_aux=True)(*both)
      return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(gradients)), (gradients, y)

    return jax.jit(jax.grad(norm, (0, 1), has_aux=True))(variables, x)

  pairs = map(jax.tree.leaves, map(derivatives, (ours, theirs)))
  for found, want in zip(*pairs, strict=True):
    assert_near(found, want, tolerance)


@pytest.mark.parametrize('name', CASES)
def test_it_is_the_convolution_of_flax(name):
  shape, size, fields, renamed = CASES[name]
  others = {key: value for key, value in fields.items() if key != 'groups'}
  assert_same_layer(Conv(12, size, **fields), nn.Conv(12, size, **others, **renamed), shape)


@pytest.mark.parametrize('name', TRANSPOSED)
def test_it_is_the_transposed_convolution_of_flax(name):
  shape, size, fields = TRANSPOSED[name]
  strides = fields['strides']
  strides = (strides,) * len(size) if isinstance(strides, int) else strides
  more = {'strides': strides}
  if spread := fields.get('kernel_dilation'):
    more['kernel_dilation'] = (spread,) * len(size)
  theirs = nn.ConvTranspose(5, size, **{**fields, **more})
  assert_same_layer(ConvTranspose(5, size, **fields), theirs, shape)


@pytest.mark.parametrize('dtype', [None, 'bfloat16'])
def test_without_a_bias_and_in_bfloat16_it_is_that_of_flax(dtype):
  x_BHWI = jnp.float32(random.normal(size=(2, 7, 6, 2)))
  layers = Conv(3, use_bias=False, dtype=dtype), nn.Conv(3, (3, 3), use_bias=False, dtype=dtype)
  (found, ours), (want, theirs) = (layer.init_with_output(KEY, x_BHWI) for layer in layers)
  jax.tree.map(np.testing.assert_array_equal, ours, theirs)
  assert ours['params']['kernel'].dtype == jnp.float32
  assert found.dtype == want.dtype == (dtype or 'float32')
  # Sums are rounded once to bfloat16, but in another order they can round to a neighbour.
  assert_near(np.float64(found), np.float64(want), 2**-8 if dtype else 1e-6)


@pytest.mark.parametrize(
  ('layer', 'words'),
  [
    (Conv(0), 'a convolution from 4 to 0 channels in 1 group(s)'),
    (Conv(10, groups=5), 'from 4 to 10 channels in 5 group(s)'),
    (Conv(5, groups=2), 'from 4 to 5 channels in 2 group(s)'),
    (ConvTranspose(5, groups=0), 'from 4 to 5 channels in 4 group(s)'),
    (Conv(4, (3,)), 'kernel_size=(3,): expected'),
    (Conv(4, 0), 'kernel_size=0: expected'),
  ],
)
def test_channels_that_do_not_fit_are_refused(layer, words):
  with pytest.raises(InputError) as error:
    layer.init(KEY, jnp.zeros((1, 6, 6, 4)))
  assert words in str(error.value)
