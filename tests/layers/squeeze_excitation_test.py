import jax
import numpy as np
import pytest

from nn_zoo.layers.squeeze_excitation import SqueezeExcitation
from tests.reference import assert_near
from tests.reference.networks import ACTIVATIONS, dense, parameters


@pytest.mark.parametrize('activation', ['relu', 'tanh'])
@pytest.mark.parametrize('shape', [(3, 4, 5, 6), (3, 7, 6)])
def test_channels_are_weighted_as_by_the_oracle(shape, activation):
  layer = SqueezeExcitation(2, activation)
  x = np.float32(np.random.default_rng(0).normal(size=shape))
  params = parameters(layer, x)
  assert jax.tree.map(np.shape, params) == {
    'Dense_0': {'kernel': (6, 2), 'bias': (2,)},
    'Dense_1': {'kernel': (2, 6), 'bias': (6,)},
  }
  y = jax.jit(layer.apply)({'params': params}, x)
  params, x = jax.tree.map(np.float64, (params, x))
  mean_BC = x.mean(axis=tuple(range(1, x.ndim - 1)))
  hidden_BF = ACTIVATIONS[activation](dense(params['Dense_0'], mean_BC))
  gates_BC = 1 / (1 + np.exp(-dense(params['Dense_1'], hidden_BF)))
  assert_near(y, np.einsum('b...c,bc->b...c', x, gates_BC), 1e-6)
