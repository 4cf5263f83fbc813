"""Workloads of generative nets: steps of both players of a DCGAN, and transposed convolutions alone."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from experiments.benchmark.kinds import PLAIN, Target, Training, Workload
from experiments.settings import SETTINGS

_NET = {'side': 32, 'channels': 3, 'latent': 64, 'width': 32}
ROWS = {
  'dcgan': (
    'DCGAN, 32 x 32 x 3, batch 64, a step of the critic and one of the generator, Adam',
    {'game': 'non_saturating', 'penalty': 0.0},
  ),
  'wgan_gp': (
    'the same with a gradient penalty, Wasserstein losses and layer normalization in the critic',
    {'game': 'wasserstein', 'penalty': 10.0},
  ),
}
_SLEEP = {'environment': {'OMP_WAIT_POLICY': 'passive'}}
_FORMS = {
  'eager': {'channels_last': False},
  'channels last': {'channels_last': True},
  'channels last, passive wait': {'channels_last': True, **_SLEEP},
  'channels last, kept memory': {'channels_last': True, 'environment': SETTINGS['kept memory']},
}


def workloads(
  ours: Mapping[str, Mapping[str, Any]], huge: Mapping[str, Any]
) -> dict[str, Workload]:
  """Both games beside PyTorch, and the generator's transposed convolutions beside stock Linen.

  Args:
    ours: forms of our side, as of `Training`.
    huge: what gives PyTorch huge pages.
  """
  forms, found = _FORMS | {'channels last, huge pages': {'channels_last': True, **huge}}, {}
  for name, (about, fields) in ROWS.items():
    spec = {**_NET, **fields, 'batch_size': 64, 'steps': 100, 'learning_rate': 2e-4, 'seed': 0}
    own = {'input_gradients': True, 'passes': 1}
    work = Training('generative', spec, (), forms, macs(spec), ours, 'generative', **own)
    found[name] = Workload(about, Target('peer/ours', 1.0, 'step_seconds'), 7, work)
  spec = {**_NET, 'batch_size': 64, 'steps': 6, 'seed': 0}
  work = Training(
    'transposed_linen', spec, (), {'stock': {}}, layers(spec)[1:], PLAIN, 'transposed'
  )
  about = 'the three transposed convolutions of that generator, forward and backward, in one scan'
  found['transposed_linen'] = Workload(about, Target('peer/ours', 5.0, 'step_seconds'), 7, work)
  return found


def layers(spec: Mapping[str, Any]) -> tuple[int, ...]:
  """Multiplications of an example in the generator's layers: dense, and three transposed convolutions."""
  sides, features = _sizes(spec)
  convolutions = (
    side**2 * 16 * inputs * outputs
    for side, inputs, outputs in zip(sides, features, features[1:], strict=False)
  )
  return (spec['latent'] * sides[0] ** 2 * features[0], *convolutions)


def macs(spec: Mapping[str, Any]) -> tuple[int, ...]:
  """Multiplications of an example in a step of both players: generator, critic, penalty.

  The critic's step takes a generator's pass forward and two critic's passes forward and back; the
  generator's step three passes of its own and two of the critic. The penalty takes a pass, its gradient, and
  two more for each of both on the way back.
  """
  generator = sum(layers(spec))
  sides, features = _sizes(spec)
  # The critic is the mirror of the generator's convolutions, and a product with one column.
  critic = sum(layers(spec)[1:]) + sides[0] ** 2 * features[0]
  return (4 * generator, 8 * critic, 6 * critic if spec['penalty'] else 0)


def _sizes(spec):
  # Sides of the generator's inputs, and features from its first to its image.
  width, side = spec['width'], spec['side']
  return (side // 8, side // 4, side // 2), (4 * width, 2 * width, width, spec['channels'])


def draw(spec: Mapping[str, Any]) -> np.ndarray:
  """Images of noise in [-1, 1], [batch, side, side, channels]."""
  shape = (spec['batch_size'], spec['side'], spec['side'], spec['channels'])
  return np.random.default_rng(spec['seed']).uniform(-1, 1, shape).astype(np.float32)
