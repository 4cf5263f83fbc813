import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.layers.dropout import Dropout
from nn_zoo.layers.normalization import Normalization
from tests.reference import assert_near

torch = pytest.importorskip('torch', reason='parity is with PyTorch')

CHANNELS = 6
COLUMNS = 'outputs', 'gradients', 'gradients', 'gradients'

rng = np.random.default_rng(0)
x_BHWC, slope_BHWC = np.float32(rng.normal(1.0, 2.0, size=(2, 8, 5, 4, CHANNELS)))
PARAMS = {name: np.float32(rng.normal(size=CHANNELS)) for name in ('scale', 'bias')}
STATS = {name: np.float32(rng.uniform(0.5, 4, size=CHANNELS)) for name in ('mean', 'var')}


def ours(kind, train):
  """Outputs, gradients in inputs and parameters under `slope_BHWC`, and statistics afterwards."""
  layer = {'batch': 'BatchNorm_0', 'layer': 'LayerNorm_0', 'instance': 'GroupNorm_0'}[kind]
  stats = {'batch_stats': {layer: STATS}} if kind == 'batch' else {}

  def apply(x_BHWC, params):
    variables = {'params': {layer: params}, **stats}
    return Normalization(kind).apply(variables, x_BHWC, train, mutable=list(stats))

  @jax.jit
  def both(x_BHWC, params):
    y_BHWC, pull, after = jax.vjp(apply, x_BHWC, params, has_aux=True)
    return y_BHWC, pull(slope_BHWC), after

  y_BHWC, (dx_BHWC, dparams), after = both(x_BHWC, PARAMS)
  return (y_BHWC, dx_BHWC, dparams['scale'], dparams['bias']), after


def theirs(module, axis):
  """The same from a PyTorch module that wants its channels on another axis."""
  with torch.no_grad():
    module.weight.copy_(torch.tensor(PARAMS['scale']))
    module.bias.copy_(torch.tensor(PARAMS['bias']))
  x = torch.tensor(x_BHWC, requires_grad=True)
  y = module(x.movedim(-1, axis)).movedim(axis, -1)
  y.backward(torch.tensor(slope_BHWC))
  return [t.detach().numpy() for t in (y, x.grad, module.weight.grad, module.bias.grad)]


@pytest.mark.parametrize('train', [True, False])
def test_batch_normalization_matches_torch(train, difference):
  module = torch.nn.BatchNorm2d(CHANNELS).train(train)
  with torch.no_grad():
    module.running_mean.copy_(torch.tensor(STATS['mean']))
    module.running_var.copy_(torch.tensor(STATS['var']))
  found, after = ours('batch', train)
  for column, actual, expected in zip(COLUMNS, found, theirs(module, 1), strict=True):
    assert difference('layer batch normalization', column, actual, expected) < 1e-5
  after = after['batch_stats']['BatchNorm_0']
  assert_near(after['mean'], module.running_mean.numpy(), 1e-6)
  # PyTorch keeps the unbiased variance, n / (n - 1) of the one it divides by.
  correction = np.where(train, (8 * 5 * 4 - 1) / (8 * 5 * 4), 1)
  new = (module.running_var.numpy() - 0.9 * STATS['var']) * correction
  assert_near(after['var'], 0.9 * STATS['var'] + new, 1e-6)
  assert bool((after['mean'] != STATS['mean']).any()) is train


def test_layer_normalization_matches_torch(difference):
  found, _ = ours('layer', True)
  # ε is 1e-6 in Flax, and 1e-5 in PyTorch by default.
  module = torch.nn.LayerNorm(CHANNELS, eps=1e-6)
  for column, actual, expected in zip(COLUMNS, found, theirs(module, -1), strict=True):
    assert difference('layer normalization', column, actual, expected) < 1e-5


def test_instance_normalization_matches_torch(difference):
  found, _ = ours('instance', True)
  module = torch.nn.InstanceNorm2d(CHANNELS, affine=True)
  for column, actual, expected in zip(COLUMNS, found, theirs(module, 1), strict=True):
    assert difference('layer instance normalization', column, actual, expected) < 1e-5


def test_dropout_scales_what_it_keeps_as_torch_does():
  x_BF = jnp.full((100, 100), 3.0)
  kept_BF = Dropout(0.2, deterministic=False).apply({}, x_BF, rngs={'dropout': jax.random.key(0)})
  torch.manual_seed(0)
  kept_torch = torch.nn.functional.dropout(torch.tensor(np.asarray(x_BF)), 0.2)
  np.testing.assert_allclose(np.unique(kept_BF), np.unique(kept_torch.numpy()), rtol=1e-6)
  for kept in (kept_BF, kept_torch.numpy()):
    # 5 standard deviations of a share among 10,000.
    assert abs((np.asarray(kept) == 0).mean() - 0.2) < 5 * np.sqrt(0.2 * 0.8 / 10_000)
  np.testing.assert_array_equal(Dropout(0.2, deterministic=True).apply({}, x_BF), x_BF)
