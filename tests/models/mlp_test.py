import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.models import create_model
from tests.reference import assert_near
from tests.reference.networks import mlp, parameters

KEY = jax.random.key(0)
X_BHW = jax.random.normal(jax.random.key(1), (5, 4, 3))


def count(model, inputs):
  params = jax.eval_shape(model.init, KEY, inputs)['params']
  return sum(leaf.size for leaf in jax.tree.leaves(params))


@pytest.mark.parametrize(
  ('name', 'fields', 'total'),
  [
    ('perceptron', {}, 784 * 10 + 10),
    ('mlp', {}, (784 + 1) * 512 + (512 + 1) * 512 + (512 + 1) * 10),
    ('mlp', {'widths': (20,)}, (784 + 1) * 20 + (20 + 1) * 10),
    ('mlp', {'widths': ()}, 784 * 10 + 10),
    ('mlp', {'widths': (20,), 'normalization': 'batch'}, 785 * 20 + 2 * 20 + 210),
    ('mlp', {'widths': (20,), 'normalization': 'layer', 'activation': 'prelu'}, 15_951),
  ],
)
def test_parameters_are_counted_by_hand(name, fields, total):
  assert count(create_model(name, classes=10, **fields), jnp.ones((2, 28, 28, 1))) == total


@pytest.mark.parametrize('activation', ['tanh', 'relu'])
def test_logits_are_those_of_the_oracle(activation):
  model = create_model('mlp', classes=3, widths=(7, 6), activation=activation)
  params = parameters(model, X_BHW)
  expected = mlp(jax.tree.map(np.float64, params), np.float64(X_BHW).reshape(5, -1), activation)
  assert_near(model.apply({'params': params}, X_BHW), expected, 1e-6)


def test_the_perceptron_is_one_linear_layer():
  model = create_model('perceptron', classes=3)
  params = parameters(model, X_BHW)
  layer = jax.tree.map(np.float64, params['Dense_0'])
  expected = np.float64(X_BHW).reshape(5, -1) @ layer['kernel'] + layer['bias']
  assert_near(model.apply({'params': params}, X_BHW), expected, 1e-6)
