import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from nn_zoo.layers.dropout import Dropout

KEY = jax.random.key(0)
x = jnp.float32(np.random.default_rng(0).normal(size=(16, 20, 30)))


class Net(nn.Module):
  """Two layers of a kind of dropout, named alike."""

  layer: type
  broadcast_dims: tuple[int, ...] = ()

  @nn.compact
  def __call__(self, x, train):
    for index, rate in enumerate((0.3, 0.1)):
      layer = self.layer(rate, broadcast_dims=self.broadcast_dims, name=f'Dropout_{index}')
      x = layer(x, deterministic=not train)
    return x


@pytest.mark.parametrize('broadcast_dims', [(), (1,), (-1, 0)])
@pytest.mark.parametrize('dtype', ['float32', 'bfloat16'])
def test_it_is_the_dropout_of_flax_bit_for_bit(broadcast_dims, dtype):
  def outputs(layer, train):
    net = Net(layer, broadcast_dims)
    return net.apply({}, x.astype(dtype), train, rngs={'dropout': KEY} if train else {})

  for train in (False, True):
    found, want = (outputs(layer, train) for layer in (Dropout, nn.Dropout))
    assert found.dtype == want.dtype
    np.testing.assert_array_equal(np.float32(found), np.float32(want))
  assert np.any(found == 0)


def test_a_rate_of_0_needs_no_key():
  np.testing.assert_array_equal(Dropout(0.0).apply({}, x, deterministic=False), x)
