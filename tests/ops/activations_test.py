import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.ops.activations import ACTIVATIONS, activation
from tests.reference import assert_near
from tests.reference.activations import COTANGENTS, EXAMPLES, FLOAT32, ORACLES, compiled

every = pytest.mark.parametrize('name', ACTIVATIONS)


@every
@pytest.mark.parametrize('dtype', ['float32', 'float64'])
def test_value_and_gradient_match_the_oracle(name, dtype):
  x, g = EXAMPLES.astype(dtype), COTANGENTS.astype(dtype)
  with jax.enable_x64(dtype == 'float64'):
    y, gradient = compiled(name)(x, g)
  assert y.dtype == gradient.dtype == dtype
  value, pullback = ORACLES[name]
  tolerance = FLOAT32[name] if dtype == 'float32' else 1e-12
  assert_near(y, value(x.astype(float)), tolerance)
  assert_near(gradient, pullback(x.astype(float), g.astype(float)), tolerance)


@every
def test_extreme_inputs_give_finite_values_and_gradients(name):
  x = np.resize(np.float32([-1e4, 0, 1e4]), EXAMPLES.shape)
  x[:2] = [[1e4], [-1e4]]  # rows that are all alike, for softmax
  y, gradient = compiled(name)(x, np.ones_like(x))
  assert np.isfinite(y).all()
  assert np.isfinite(gradient).all()


@every
def test_shape_and_dtype_are_kept(name):
  x = jnp.ones((2, 3, 4), jnp.bfloat16)
  y = jax.eval_shape(activation(name), x)
  assert (y.shape, y.dtype) == (x.shape, x.dtype)


@every
def test_an_entry_is_a_row_of_a_markdown_table(name):
  _, equation, source = ACTIVATIONS[name]
  assert equation
  assert not set('|\n') & set(equation + source)
  assert '](http' in source


def test_an_unknown_name_is_answered_with_the_nearest():
  with pytest.raises(InputError, match=r"'sigmoyd' .* 'sigmoid'"):
    activation('sigmoyd')
