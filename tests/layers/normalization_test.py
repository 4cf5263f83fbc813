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


def test_none_changes_nothing_and_has_no_parameters():
  x_BF = jnp.ones((2, 3))
  y_BF, variables = Normalization('none').init_with_output(KEY, x_BF, True)
  assert y_BF is x_BF
  assert not variables


def test_an_unknown_kind_is_answered_with_those_there_are():
  with pytest.raises(InputError, match=r"normalization='bach': expected one of none, batch, layer"):
    Normalization('bach').init(KEY, jnp.ones((2, 3)), True)
