from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.ops.losses import LOSSES, l1, l2, loss
from tests.reference import assert_near
from tests.reference.losses import EXAMPLES, ORACLES

every = pytest.mark.parametrize('example', EXAMPLES)


@cache
def values_and_gradient(example):
  """One value an example, and the gradient of their sum in the outputs."""

  @jax.jit
  def function(outputs, targets):
    name, fields = EXAMPLES[example].loss, EXAMPLES[example].fields
    values, vjp = jax.vjp(lambda x: loss(name)(x, targets, **fields), outputs)
    return values, *vjp(jnp.ones_like(values))

  return function


def arrays(example, dtype):
  """Outputs and targets; integer targets stay integers."""
  _, x, y, _ = EXAMPLES[example]
  return x.astype(dtype), y.astype(dtype) if y.dtype == float else y


def test_every_loss_has_an_example_and_an_oracle():
  assert {example.loss for example in EXAMPLES.values()} == LOSSES.keys() == ORACLES.keys()


@every
@pytest.mark.parametrize(('dtype', 'tolerance'), [('float32', 1e-6), ('float64', 1e-12)])
def test_value_and_gradient_match_the_oracle(example, dtype, tolerance):
  outputs, targets = arrays(example, dtype)
  with jax.enable_x64(dtype == 'float64'):
    values, gradient = values_and_gradient(example)(outputs, targets)
  assert values.dtype == gradient.dtype == dtype
  name, *_, fields = EXAMPLES[example]
  value, slope = ORACLES[name]
  assert_near(values, value(outputs.astype(float), targets, **fields), tolerance)
  assert_near(gradient, slope(outputs.astype(float), targets, **fields), tolerance)


@every
@pytest.mark.parametrize(('scale', 'shift'), [(1e4, 0), (0, 0), (0, 1e4)])
def test_extreme_outputs_give_finite_values_and_gradients(example, scale, shift):
  outputs, targets = arrays(example, np.float32)
  outputs = np.float32(scale) * outputs + np.float32(shift)
  values, gradient = values_and_gradient(example)(outputs, targets)
  assert np.isfinite(values).all()
  assert np.isfinite(gradient).all()


@every
def test_bfloat16_outputs_are_raised_to_float32(example):
  outputs, targets = arrays(example, np.float32)
  outputs = jnp.bfloat16(outputs)
  values, gradient = values_and_gradient(example)(outputs, targets)
  expected, _ = values_and_gradient(example)(jnp.float32(outputs), targets)
  assert (values.dtype, gradient.dtype) == (jnp.float32, jnp.bfloat16)
  assert_near(values, expected, 1e-6)


@pytest.mark.parametrize('targets', [[0], [[1.0, 0.0, 0.0]]], ids=['class', 'distribution'])
def test_a_class_masked_out_by_minus_infinity_gets_no_gradient(targets):
  logits_BC = jnp.array([[1.0, -jnp.inf, 2.0]])
  cross_entropy = loss('cross_entropy')
  value, gradient_BC = jax.value_and_grad(lambda x: cross_entropy(x, jnp.array(targets)).squeeze())(
    logits_BC
  )
  p = 1 / (1 + np.exp(-1))
  assert_near(value, -np.log(1 - p), 1e-6)
  assert_near(gradient_BC, [[-p, 0, p]], 1e-6)


@pytest.mark.parametrize('name', ['mse', 'mae', 'huber'])
def test_a_perfect_output_gets_no_gradient(name):
  outputs_BK = jnp.array([[1.0, -2.0]])
  gradient_BK = jax.grad(lambda x: loss(name)(x, outputs_BK).sum())(outputs_BK)
  np.testing.assert_array_equal(gradient_BK, 0)


@pytest.mark.parametrize('name', LOSSES)
def test_targets_that_would_broadcast_are_refused(name):
  with pytest.raises(InputError, match=r'targets have shape \(4,\), expected \(3,'):
    loss(name)(jnp.ones((3, 1)), jnp.ones(4, int))


@pytest.mark.parametrize('name', LOSSES)
def test_an_entry_is_a_row_of_a_markdown_table(name):
  _, equation, source = LOSSES[name]
  assert equation
  assert not set('|\n') & set(equation + source)
  assert '](http' in source


def test_an_unknown_name_is_answered_with_the_nearest():
  with pytest.raises(InputError, match=r"'crossentropy' .* 'cross_entropy'"):
    loss('crossentropy')


@pytest.mark.parametrize(
  ('penalty', 'value', 'slope'), [(l1, 6, [[1, -1], [0, 1]]), (l2, 7, [[1, -2], [0, 3]])]
)
def test_penalties_leave_biases_and_scales_free(penalty, value, slope):
  params = {'kernel': jnp.array([[1.0, -2.0], [0.0, 3.0]]), 'bias': jnp.array([5.0, 7.0])}
  actual, gradient = jax.value_and_grad(penalty)(params)
  assert actual == value
  np.testing.assert_array_equal(gradient['kernel'], slope)
  np.testing.assert_array_equal(gradient['bias'], 0)
