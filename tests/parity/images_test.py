"""Convolutional classifiers against PyTorch's with the same weights: outputs, gradients and ten steps."""

import jax
import numpy as np
import optax
import pytest

from nn_zoo.models import create_model
from nn_zoo.task import Mean, begin, descend
from tests.parity import carry, image_networks
from tests.parity.networks import default_dtype, torch

STEPS, BATCH, CLASSES, CHANNELS = 10, 6, 5, 3
# Our model, PyTorch's, and the pixels of a side.
MODELS = {
  'resnet20': (
    create_model('resnet_cifar', classes=CLASSES, depth=20),
    lambda: image_networks.resnet20(CHANNELS, CLASSES),
    12,
  ),
  'resnet18': (
    create_model('resnet', classes=CLASSES, depth=18, width=0.125),
    lambda: image_networks.resnet18(CHANNELS, CLASSES, 8),
    40,
  ),
  'vgg11': (
    create_model('vgg', classes=CLASSES, depth=11, width=0.125, grid=2, dropout=0.0),
    lambda: image_networks.vgg11(CHANNELS, CLASSES, (8, 16, 32, 64, 64), 512, 2),
    80,
  ),
}


def random_variables(model, x_BHWC, dtype):
  """Every leaf is random, so that none can be left out unseen; kernels have the size of He et al."""
  rng = np.random.default_rng(0)

  def draw(path, leaf):
    if path[-1].key == 'kernel':
      array = rng.normal(size=leaf.shape) * np.sqrt(2 / np.prod(leaf.shape[:-1]))
    else:
      array = rng.uniform(0.5, 1.5, leaf.shape) - (path[-1].key in ('bias', 'mean'))
    return array.astype(dtype)

  shapes = jax.eval_shape(model.init, jax.random.key(0), x_BHWC)
  return jax.tree.map_with_path(draw, shapes)


def prepared(name, dtype):
  """Our model with its variables, PyTorch's with the same, their pairs, and batches of images and classes."""
  model, make, side = MODELS[name]
  rng = np.random.default_rng(1)
  x_SBHWC = rng.normal(size=(STEPS, BATCH, side, side + 1, CHANNELS)).astype(dtype)
  variables, module = random_variables(model, x_SBHWC[0], dtype), make()
  pairs = carry.pair(model, x_SBHWC[0], module, to_torch(x_SBHWC[0]))
  carry.load(pairs, variables)
  return model, variables, module, pairs, x_SBHWC, rng.integers(CLASSES, size=(STEPS, BATCH))


def to_torch(x_BHWC):
  return torch.tensor(x_BHWC).movedim(-1, 1)


def loss_of(model):
  def loss(params, stats, batch, key):
    x_BHWC, y_B = batch
    logits_BC, after = model.apply({'params': params, **stats}, x_BHWC, True, mutable=list(stats))
    losses_B = optax.softmax_cross_entropy_with_integer_labels(logits_BC, y_B)
    return Mean.of(losses_B, np.ones(BATCH, x_BHWC.dtype)), (after, {})

  return loss


def torch_loss(module, x_BHWC, y_B):
  return torch.nn.functional.cross_entropy(module(to_torch(x_BHWC)), torch.tensor(y_B))


@pytest.mark.parametrize('name', MODELS)
def test_logits_and_gradients_match_torch(name, difference):
  model, variables, module, pairs, x_SBHWC, y_SB = prepared(name, 'float32')
  logits_BC = jax.jit(model.apply)(variables, x_SBHWC[0])
  logits_torch = module.eval()(to_torch(x_SBHWC[0])).detach().numpy()
  assert logits_torch.dtype == np.float32
  assert difference(f'network {name}', 'outputs', logits_BC, logits_torch) < 5e-6

  torch_loss(module.train(), x_SBHWC[0], y_SB[0]).backward()
  stats = {name: tree for name, tree in variables.items() if name != 'params'}
  loss = loss_of(model)
  gradient = jax.jit(jax.grad(lambda p: loss(p, stats, (x_SBHWC[0], y_SB[0]), None)[0].value))
  for _, theirs, ours in carry.parameters(pairs, gradient(variables['params'])):
    assert difference(f'network {name}', 'gradients', ours, theirs.grad.numpy()) < 2e-5


@pytest.mark.parametrize('name', MODELS)
def test_parameters_and_statistics_after_ten_steps_match_torch(name, difference):
  with jax.enable_x64(True), default_dtype('float64'):
    model, variables, module, pairs, x_SBHWC, y_SB = prepared(name, 'float64')
    tx = optax.sgd(0.01, 0.9)
    learner, update = begin(variables, tx), jax.jit(descend(loss_of(model), tx, norms=False))
    descent = torch.optim.SGD(module.train().parameters(), lr=0.01, momentum=0.9)
    for batch in zip(x_SBHWC, y_SB, strict=True):
      learner, _ = update(learner, batch, None)
      descent.zero_grad()
      torch_loss(module, *batch).backward()
      descent.step()
  starts = {path: array for path, _, array in carry.parameters(pairs, variables['params'])}
  for path, theirs, ours in carry.parameters(pairs, learner.params):
    assert difference(f'network {name}', 'parameters', ours, theirs.detach().numpy()) < 1e-11
    assert np.abs(starts[path] - ours).max() > 1e-4
  for layer, statistic, theirs, ours in carry.statistics(
    pairs, learner.stats.get('batch_stats', {})
  ):
    start = layer.of(variables['batch_stats'])[statistic]
    assert np.abs(start - ours).max() > 1e-2
    if statistic == 'var':
      ours = carry.unbiased(layer, ours, start, STEPS)
    assert difference(f'network {name}', 'statistics', ours, theirs.numpy()) < 1e-11
