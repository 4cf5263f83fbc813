import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.layers.normalization import Normalization
from tests.reference import assert_near

KEY = jax.random.key(0)

rng = np.random.default_rng(0)


@pytest.mark.parametrize('mean', [0, 1000])
@pytest.mark.parametrize('kind', ['batch', 'layer'])
def test_training_outputs_are_exact_however_far_the_mean_is_from_zero(kind, mean):
  x_BF = np.float32(mean + rng.normal(size=(64, 64)))
  axis = 0 if kind == 'batch' else 1
  exact_BF = x_BF.astype(float) - x_BF.mean(axis, dtype=float, keepdims=True)
  exact_BF /= np.sqrt((exact_BF**2).mean(axis, keepdims=True))
  y_BF, _ = Normalization(kind).init_with_output(KEY, x_BF, True)
  assert_near(y_BF, exact_BF, 1e-4 if mean else 1e-5)


def test_running_statistics_are_used_when_not_training():
  x_BF = np.float32(3 + 2 * rng.normal(size=(8, 4)))
  layer = Normalization('batch')
  variables = layer.init(KEY, x_BF, True)
  np.testing.assert_allclose(layer.apply(variables, x_BF, False), x_BF, rtol=1e-4)
  _, stats = layer.apply(variables, x_BF, True, mutable='batch_stats')
  after = stats['batch_stats']['BatchNorm_0']
  assert_near(after['mean'], 0.1 * x_BF.mean(0), 1e-6)
  assert_near(after['var'], 0.9 + 0.1 * x_BF.var(0), 1e-6)
  y_BF = layer.apply({'params': variables['params'], **stats}, x_BF, False)
  assert_near(y_BF, (x_BF - after['mean'][None]) / np.sqrt(after['var'][None] + 1e-5), 1e-5)


@pytest.mark.parametrize(
  ('channels', 'groups'), [(1, 1), (2, 1), (4, 2), (7, 1), (12, 6), (48, 24), (64, 32), (96, 32)]
)
def test_groups_are_as_many_as_32_and_the_channels_allow(channels, groups):
  x_BHWC = np.float32(5 + 3 * rng.normal(size=(2, 4, 3, channels)))
  layer = Normalization('group')
  y_BHWC, variables = layer.init_with_output(KEY, x_BHWC, True)
  assert variables['params']['GroupNorm_0']['scale'].shape == (channels,)
  x_BPGC = x_BHWC.astype(float).reshape(2, 12, groups, -1)
  exact = x_BPGC - x_BPGC.mean((1, 3), keepdims=True)
  exact /= np.sqrt((exact**2).mean((1, 3), keepdims=True) + 1e-5)
  assert_near(y_BHWC, exact.reshape(x_BHWC.shape), 1e-5)
  np.testing.assert_array_equal(layer.apply(variables, x_BHWC, False), y_BHWC)


@pytest.mark.parametrize(('kind', 'epsilon'), [('batch', 1e-5), ('layer', 1e-6), ('group', 1e-5)])
def test_epsilon_has_a_default_of_each_kind_and_may_be_set(kind, epsilon):
  x_BF = np.float32(1e-3 * rng.normal(size=(8, 8)))
  for given, expected in ((None, epsilon), (1e-3, 1e-3)):
    y_BF, _ = Normalization(kind, epsilon=given).init_with_output(KEY, x_BF, True)
    axes = {'batch': 0, 'layer': 1, 'group': (1, 3)}[kind]
    x = x_BF.astype(float).reshape((8, 1, 4, 2) if kind == 'group' else (8, 8))
    exact = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + expected)
    assert_near(y_BF, exact.reshape(8, 8), 1e-4)


@pytest.mark.parametrize('kind', ['batch', 'layer', 'group'])
def test_a_scale_that_begins_at_zero_leaves_the_bias(kind):
  x_BF = np.float32(rng.normal(size=(8, 4)))
  layer = Normalization(kind, scale_init=jax.nn.initializers.zeros)
  y_BF, variables = layer.init_with_output(KEY, x_BF, True)
  assert not y_BF.any()
  (name,) = variables['params']
  assert set(variables['params'][name]) == {'scale', 'bias'}


def test_none_changes_nothing_and_has_no_parameters():
  x_BF = jnp.ones((2, 3))
  y_BF, variables = Normalization('none').init_with_output(KEY, x_BF, True)
  assert y_BF is x_BF
  assert not variables


def test_an_unknown_kind_is_answered_with_those_there_are():
  with pytest.raises(
    InputError, match=r"normalization='bach': expected one of none, batch, layer, group"
  ):
    Normalization('bach').init(KEY, jnp.ones((2, 3)), True)
