"""MobileNetV2, EfficientNet and ConvNeXt against PyTorch's: outputs, gradients and ten steps of SGD."""

import re

import jax
import numpy as np
import optax
import pytest

from nn_zoo.models import create_model
from nn_zoo.task import Mean, begin, descend
from tests.parity import carry
from tests.parity.networks import default_dtype, torch

nn = torch.nn
STEPS, BATCH, CLASSES, CHANNELS, SIDE = 10, 8, 5, 3, 32
# Behind a block there is nothing but a 1x1 convolution and its batch normalization, which takes a constant
# away: the gradient of the bias in the block's last normalization is 0, and rounding in either framework.
WITHOUT_GRADIENT = re.compile(
  r'InvertedResidual_(0/ConvNormalization_1|[1-9]/ConvNormalization_2)/.*/bias'
)


class Sum(nn.Module):
  """x + weight * branch(x)."""

  def __init__(self, branch, channels=None):
    super().__init__()
    self.branch = branch
    self.layer_scale = nn.Parameter(torch.ones(channels)) if channels else None

  def forward(self, x):
    h = self.branch(x)
    return x + (h if self.layer_scale is None else self.layer_scale * h)


class Gate(nn.Module):
  """Squeeze and excitation."""

  def __init__(self, channels, units):
    super().__init__()
    self.gate = nn.Sequential(
      *(nn.Linear(channels, units), nn.SiLU(), nn.Linear(units, channels), nn.Sigmoid())
    )

  def forward(self, x):
    return x * self.gate(x.mean((2, 3)))[:, :, None, None]


class Transposed(nn.Module):
  """The axis at `source` moves to `target`."""

  def __init__(self, source, target):
    super().__init__()
    self.axes = source, target

  def forward(self, x):
    return x.movedim(*self.axes)


def convolved(inputs, outputs, size, stride=1, groups=1, epsilon=1e-5):
  convolution = nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False)
  return convolution, nn.BatchNorm2d(outputs, eps=epsilon)


def inverted(widths, stages, last, activation, squeeze, epsilon):
  """Stages of (expansion, blocks, stride, kernel) with `widths` of stem and stages."""
  inputs, *outputs = widths
  layers = [*convolved(CHANNELS, inputs, 3, 2, epsilon=epsilon), activation()]
  for width, (expansion, blocks, stride, kernel) in zip(outputs, stages, strict=True):
    for block in range(blocks):
      inner, strides = inputs * expansion, 1 if block else stride
      parts = [*convolved(inputs, inner, 1, epsilon=epsilon), activation()] * (expansion > 1)
      parts += [*convolved(inner, inner, kernel, strides, inner, epsilon), activation()]
      parts += [Gate(inner, inputs // 4)] if squeeze else []
      parts = nn.Sequential(*parts, *convolved(inner, width, 1, epsilon=epsilon))
      layers.append(Sum(parts) if strides == 1 and inputs == width else parts)
      inputs = width
  layers += [*convolved(inputs, last, 1, epsilon=epsilon), activation()]
  return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(last, CLASSES))


def convnext(widths, depths):
  layers, inputs = [nn.Conv2d(CHANNELS, widths[0], 4, 4), Transposed(1, -1)], widths[0]
  layers.append(nn.LayerNorm(inputs, eps=1e-6))
  for width, depth in zip(widths, depths, strict=True):
    if width != inputs:
      layers += [nn.LayerNorm(inputs, eps=1e-6), Transposed(-1, 1)]
      layers += [nn.Conv2d(inputs, width, 2, 2), Transposed(1, -1)]
    for _ in range(depth):
      depthwise = nn.Conv2d(width, width, 7, padding=3, groups=width)
      parts = Transposed(-1, 1), depthwise, Transposed(1, -1), nn.LayerNorm(width, eps=1e-6)
      dense = nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
      layers.append(Sum(nn.Sequential(*parts, *dense), width))
    inputs = width
  head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LayerNorm(inputs, eps=1e-6)
  return nn.Sequential(*layers, Transposed(-1, 1), *head, nn.Linear(inputs, CLASSES))


STILL = {'classes': CLASSES, 'dropout': 0.0, 'stochastic_depth': 0.0}
# Few blocks, one of each kind, since most of the time goes into compiling them.
MODELS = {
  'mobilenet_v2': (
    create_model(
      'mobilenet_v2',
      width=0.25,
      stages=((1, 32, 1, 1), (6, 64, 2, 2), (4, 96, 1, 1)),
      last_width=64,
      **STILL,
    ),
    lambda: inverted(
      (8, 8, 16, 24), [(1, 1, 1, 3), (6, 2, 2, 3), (4, 1, 1, 3)], 64, nn.ReLU6, False, 1e-5
    ),
  ),
  'efficientnet': (
    create_model('efficientnet', width=0.25, stages=((1, 32, 1, 1, 3), (6, 64, 2, 2, 5)), **STILL),
    lambda: inverted((8, 8, 16), [(1, 1, 1, 3), (6, 2, 2, 5)], 64, nn.SiLU, True, 1e-3),
  ),
  'convnext': (
    create_model('convnext', widths=(6, 8), depths=(1, 1), **STILL),
    lambda: convnext((6, 8), (1, 1)),
  ),
}


def draw(rng, path, leaf):
  """Every leaf is random, so that none can be left out unseen; kernels as He et al. advise."""
  if path[-1].key == 'kernel':
    return rng.normal(size=leaf.shape) * np.sqrt(2 / np.prod(leaf.shape[:-1]))
  return rng.uniform(0.5, 1.5, leaf.shape) - (path[-1].key in ('bias', 'mean'))


def prepared(name):
  """Our model with its variables, PyTorch's with the same, their pairs, and batches of images and classes."""
  model, make = MODELS[name]
  rng = np.random.default_rng(1)
  x_SBHWC = rng.normal(size=(STEPS, BATCH, SIDE, SIDE, CHANNELS))
  shapes = jax.eval_shape(model.init, jax.random.key(0), x_SBHWC[0])
  variables = jax.tree.map_with_path(lambda path, leaf: draw(rng, path, leaf), shapes)
  module = make()
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
    return Mean.of(losses_B, np.ones(BATCH)), (after, {})

  return loss


@pytest.mark.parametrize('name', MODELS)
def test_logits_gradients_and_ten_steps_match_torch(name, difference):
  subject = f'network {name}'
  # In float64: rounding to float32 grows from step to step.
  with jax.enable_x64(True), default_dtype('float64'):
    model, variables, module, pairs, x_SBHWC, y_SB = prepared(name)
    logits_BC = jax.jit(model.apply)(variables, x_SBHWC[0])
    logits_torch = module.eval()(to_torch(x_SBHWC[0])).detach().numpy()
    assert logits_torch.dtype == 'float64'
    assert difference(subject, 'outputs', logits_BC, logits_torch) < 1e-13

    tx = optax.sgd(0.01, 0.9)
    learner, update = begin(variables, tx), jax.jit(descend(loss_of(model), tx, norms=False))
    descent = torch.optim.SGD(module.train().parameters(), lr=0.01, momentum=0.9)
    for step, (x_BHWC, y_B) in enumerate(zip(x_SBHWC, y_SB, strict=True)):
      learner, _ = update(learner, (x_BHWC, y_B), None)
      descent.zero_grad()
      nn.functional.cross_entropy(module(to_torch(x_BHWC)), torch.tensor(y_B)).backward()
      descent.step()
      if step == 0:  # the momentum is the gradient itself
        for path, theirs, ours in carry.parameters(pairs, learner.opt_state[0].trace):
          if WITHOUT_GRADIENT.fullmatch(path):
            assert max(np.abs(ours).max(), theirs.grad.abs().max()) < 1e-12
          else:
            assert difference(subject, 'gradients', ours, theirs.grad.numpy()) < 1e-12

  starts = {path: array for path, _, array in carry.parameters(pairs, variables['params'])}
  for path, theirs, ours in carry.parameters(pairs, learner.params):
    assert difference(subject, 'parameters', ours, theirs.detach().numpy()) < 1e-11
    moved = np.abs(starts[path] - ours).max()
    assert moved < 1e-12 if WITHOUT_GRADIENT.fullmatch(path) else moved > 1e-4, path
  stats = learner.stats.get('batch_stats', {})
  for layer, statistic, theirs, ours in carry.statistics(pairs, stats):
    start = layer.of(variables['batch_stats'])[statistic]
    assert np.abs(start - ours).max() > 1e-2
    if statistic == 'var':
      ours = carry.unbiased(layer, ours, start, STEPS)
    assert difference(subject, 'statistics', ours, theirs.numpy()) < 1e-11
