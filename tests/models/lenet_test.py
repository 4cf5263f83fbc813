import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from tests.reference import assert_near
from tests.reference.networks import lenet, parameters

KEY = jax.random.key(0)
X_BHWC = jax.random.normal(jax.random.key(1), (3, 32, 32, 1))


def test_it_has_the_61706_parameters_of_ten_classes():
  shapes = jax.eval_shape(create_model('lenet', classes=10).init, KEY, X_BHWC)
  assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == 61_706


@pytest.mark.parametrize('activation', ['tanh', 'relu'])
@pytest.mark.parametrize('pooling', ['average', 'max'])
def test_logits_are_those_of_the_oracle(activation, pooling):
  model = create_model('lenet', classes=10, activation=activation, pooling=pooling)
  params = parameters(model, X_BHWC)
  logits_BC = jax.jit(model.apply)({'params': params}, X_BHWC)
  params = jax.tree.map(np.float64, params)
  assert_near(logits_BC, lenet(params, np.float64(X_BHWC), activation, pooling), 1e-6)


@pytest.mark.parametrize(
  ('size', 'flat'), [((16, 16), 16), ((28, 28), 256), ((32, 32), 400), ((33, 20), 160)]
)
def test_other_sizes_change_the_first_dense_layer_alone(size, flat):
  model = create_model('lenet', classes=4)
  shapes = jax.eval_shape(model.init, KEY, jnp.ones((2, *size, 3)))['params']
  assert shapes['Dense_0']['kernel'].shape == (flat, 120)
  assert shapes['Conv_0']['kernel'].shape == (5, 5, 3, 6)
  assert shapes['Dense_2']['bias'].shape == (4,)


def test_dropout_acts_in_training_alone():
  model = create_model('lenet', classes=10, dropout=0.5)
  variables = {'params': parameters(model, X_BHWC)}
  apply = jax.jit(model.apply, static_argnames='train')
  rngs = [{'dropout': jax.random.key(seed)} for seed in (0, 0, 1)]
  first, again, other = (apply(variables, X_BHWC, train=True, rngs=rng) for rng in rngs)
  np.testing.assert_array_equal(first, again)
  assert not np.allclose(first, other)
  plain = create_model('lenet', classes=10)
  np.testing.assert_array_equal(apply(variables, X_BHWC), jax.jit(plain.apply)(variables, X_BHWC))


@pytest.mark.parametrize('shape', [(3, 15, 32, 1), (3, 32, 32), (3, 784)])
def test_inputs_that_are_no_images_or_too_small_are_named(shape):
  with pytest.raises(InputError, match=r'lenet takes images .* at least 16x16 .* got \(3, '):
    create_model('lenet', classes=10).init(KEY, jnp.ones(shape))


def test_an_unknown_pooling_is_answered_with_those_there_are():
  with pytest.raises(InputError, match=r"pooling='avg': expected one of max, average"):
    create_model('lenet', classes=10, pooling='avg').init(KEY, X_BHWC)
