import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from nn_zoo.layers.convolution import Conv
from tests.reference import assert_near

KEY = jax.random.key(0)
X_BHWI = jax.random.normal(jax.random.key(1), (2, 7, 6, 2))
PADDINGS = ['VALID', ((1, 2), (0, 3))]


@pytest.mark.parametrize(
  ('size', 'padding'),
  [*((size, 'SAME') for size in range(1, 6)), *((size, p) for size in (2, 5) for p in PADDINGS)],
)
def test_it_is_the_convolution_of_flax(size, padding):
  layers = Conv(3, (size, size), padding), nn.Conv(3, (size, size), padding=padding)
  ours, theirs = (layer.init(KEY, X_BHWI) for layer in layers)
  assert jax.tree.structure(ours) == jax.tree.structure(theirs)
  jax.tree.map(np.testing.assert_array_equal, ours, theirs)
  bias = {'bias': jnp.arange(3.0)}
  variables = {'params': {**ours['params'], **bias}}
  found, want = (layer.apply(variables, X_BHWI) for layer in layers)
  assert_near(found, want, 1e-6)


@pytest.mark.parametrize('dtype', [None, 'bfloat16'])
def test_without_a_bias_and_in_bfloat16_it_is_that_of_flax(dtype):
  layers = Conv(3, use_bias=False, dtype=dtype), nn.Conv(3, (3, 3), use_bias=False, dtype=dtype)
  (found, ours), (want, theirs) = (layer.init_with_output(KEY, X_BHWI) for layer in layers)
  jax.tree.map(np.testing.assert_array_equal, ours, theirs)
  assert ours['params']['kernel'].dtype == jnp.float32
  assert found.dtype == want.dtype == (dtype or 'float32')
  assert_near(np.float64(found), np.float64(want), 1e-6)


def test_gradients_of_the_parameters_are_those_of_flax():
  layers = Conv(3, (2, 3)), nn.Conv(3, (2, 3))
  variables = layers[0].init(KEY, X_BHWI)

  @jax.jit
  def gradients(variables):
    losses = [lambda v, layer=layer: jnp.sum(jnp.sin(layer.apply(v, X_BHWI))) for layer in layers]
    return [jax.grad(loss)(variables) for loss in losses]

  jax.tree.map(lambda a, b: assert_near(a, b, 1e-5), *gradients(variables))
