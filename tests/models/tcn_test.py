import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.models.tcn import CausalConv, TemporalBlock
from tests.reference import assert_near
from tests.reference.networks import parameters

KEY = jax.random.key(0)
X_BTC = jax.random.normal(jax.random.key(1), (3, 12, 2))


def test_parameters_are_counted_by_hand():
  model = create_model('tcn', classes=3, widths=(4, 5), kernel_size=3)
  params = jax.eval_shape(model.init, KEY, X_BTC)['params']
  first = (3 * 2 * 4 + 4 + 4) + (3 * 4 * 4 + 4 + 4) + (2 * 4 + 4)
  second = (3 * 4 * 5 + 5 + 5) + (3 * 5 * 5 + 5 + 5) + (4 * 5 + 5)
  total = sum(leaf.size for leaf in jax.tree.leaves(params))
  assert total == first + second + (5 * 3 + 3)


def test_the_default_has_66910_parameters_and_sees_784_pixels():
  model = create_model('tcn', classes=10)
  params = jax.eval_shape(model.init, KEY, jnp.ones((1, 28, 28, 1)))['params']
  assert sum(leaf.size for leaf in jax.tree.leaves(params)) == 66_910
  assert 1 + 2 * (model.kernel_size - 1) * (2 ** len(model.widths) - 1) == 3061


@pytest.mark.parametrize(('kernel_size', 'levels'), [(2, 1), (3, 1), (2, 3), (3, 2)])
def test_an_output_sees_its_receptive_field_and_nothing_later(kernel_size, levels):
  model = create_model(
    'tcn', classes=1, widths=(2,) * levels, kernel_size=kernel_size, every_position=True
  )
  field = 1 + 2 * (kernel_size - 1) * (2**levels - 1)
  steps = field + 3
  # With positive numbers alone no ReLU is off and nothing cancels, so that what is seen has a gradient.
  x_BTC = jnp.ones((1, steps, 1))
  params = jax.tree.map(jnp.abs, parameters(model, x_BTC))
  jacobian = jax.jit(jax.jacrev(lambda x_BTC: model.apply({'params': params}, x_BTC)))(x_BTC)
  later = np.subtract.outer(np.arange(steps), np.arange(steps))
  np.testing.assert_array_equal(jacobian.reshape(steps, steps) != 0, (later >= 0) & (later < field))


def test_one_prediction_is_that_of_the_last_position():
  fields = {'classes': 3, 'widths': (4, 4), 'kernel_size': 3}
  last, every = (create_model('tcn', **fields, every_position=every) for every in (False, True))
  variables = {'params': parameters(last, X_BTC)}
  logits_BTC = every.apply(variables, X_BTC)
  assert logits_BTC.shape == (3, 12, 3)
  assert_near(last.apply(variables, X_BTC), logits_BTC[:, -1], 1e-6)


def test_images_are_read_pixel_by_pixel():
  model = create_model('tcn', classes=3, widths=(4,), kernel_size=3)
  variables = {'params': parameters(model, X_BTC)}
  logits_BC = model.apply(variables, X_BTC.reshape(3, 3, 4, 2))
  np.testing.assert_array_equal(logits_BC, model.apply(variables, X_BTC))


def test_a_kernel_counts_by_its_direction_alone():
  layer = CausalConv(4, 3, 2)
  params = layer.init(KEY, X_BTC)['params']
  assert_near(params['scale'], np.sqrt((np.asarray(params['kernel']) ** 2).sum((0, 1))), 1e-6)
  y_BTO = layer.apply({'params': params}, X_BTC)
  longer = {'params': params | {'kernel': 3 * params['kernel']}}
  assert_near(layer.apply(longer, X_BTC), y_BTO, 1e-6)
  louder = {'params': params | {'scale': 3 * params['scale']}}
  assert_near(layer.apply(louder, X_BTC), 3 * y_BTO, 1e-6)


def test_dropout_takes_single_values_and_doubles_the_others():
  block = TemporalBlock(50, 3, 1, dropout=0.5)
  variables = jax.tree.map(jnp.zeros_like, block.init(KEY, X_BTC, False))
  for name in ('CausalConv_0', 'CausalConv_1'):
    layer = variables['params'][name]
    layer |= {'kernel': jnp.ones_like(layer['kernel']), 'bias': jnp.ones(50)}
  y_BTC = np.asarray(block.apply(variables, X_BTC, True, rngs={'dropout': KEY}))
  assert set(np.unique(y_BTC)) == {0, 2}
  for axis in range(3):
    assert (np.ptp(y_BTC, axis) == 2).any()  # neighbours differ
  np.testing.assert_array_equal(block.apply(variables, X_BTC, False), np.ones_like(y_BTC))


@pytest.mark.parametrize('shape', [(3, 12), (3, 2, 2, 2, 2)])
def test_what_are_no_sequences_is_named(shape):
  with pytest.raises(
    InputError, match=r'tcn takes sequences \[batch, time, channels\].* got \(3, '
  ):
    create_model('tcn', classes=3).init(KEY, jnp.ones(shape))
