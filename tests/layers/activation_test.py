import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.activation import ACTIVATIONS, Activation
from nn_zoo.ops import activations

KEY = jax.random.key(0)


@pytest.mark.parametrize('name', activations.ACTIVATIONS)
def test_the_layer_is_the_function_and_has_no_parameters(name):
  x_BD = jnp.linspace(-4.0, 4.0, 12).reshape(3, 4)
  y_BD, variables = Activation(name).init_with_output(KEY, x_BD)
  assert not variables
  np.testing.assert_array_equal(y_BD, activations.activation(name)(x_BD))


def test_prelu_learns_its_negative_slope():
  x_BD = jnp.array([[-2.0, 3.0], [-1.0, 0.5]])
  layer = Activation('prelu')
  variables = layer.init(KEY, x_BD)
  assert variables == {'params': {'PReLU_0': {'negative_slope': 0.25}}}
  np.testing.assert_array_equal(layer.apply(variables, x_BD), [[-0.5, 3.0], [-0.25, 0.5]])
  dparams, dx_BD = jax.grad(lambda v, x: layer.apply(v, x).sum(), (0, 1))(variables, x_BD)
  assert dparams['params']['PReLU_0']['negative_slope'] == -3
  np.testing.assert_array_equal(dx_BD, [[0.25, 1.0], [0.25, 1.0]])


def test_two_layers_learn_two_slopes():
  variables = nn.Sequential([Activation('prelu'), Activation('prelu')]).init(KEY, jnp.ones(3))
  assert len(jax.tree.leaves(variables)) == 2


def test_prelu_is_a_row_of_the_table():
  assert ACTIVATIONS.keys() - activations.ACTIVATIONS.keys() == {'prelu'}
  assert '](https://arxiv.org/abs/1502.01852)' in ACTIVATIONS['prelu'].source


def test_an_unknown_name_is_answered_with_the_nearest():
  with pytest.raises(InputError, match=r"'prelo' .* 'prelu'"):
    Activation('prelo').init(KEY, jnp.ones(3))
