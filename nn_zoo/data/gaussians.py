"""Mixtures of Gaussians in the plane, on which one can count the modes that a generator finds.

The class of a point is the mode that it was drawn from.
"""

import numpy as np

from nn_zoo.data.dataset import Dataset, Split, at_least
from nn_zoo.errors import InputError


def gaussians_ring(
  *,
  modes: int = 8,
  radius: float = 2.0,
  deviation: float = 0.02,
  train: int,
  validation: int,
  test: int,
  split_seed: int,
) -> Dataset:
  """Draws points of Gaussians whose centres lie evenly on a circle.

  Args:
    modes: Gaussians, all equally likely.
    radius: of the circle.
    deviation: standard deviation of each, in either direction.
    train: points to learn from.
    validation: points to choose by.
    test: points to report.
    split_seed: seed of the draws.

  Source: Metz, Poole, Pfau & Sohl-Dickstein 2017, "Unrolled GANs", https://arxiv.org/abs/1611.02163.
  """
  angle = 2 * np.pi * np.arange(at_least('data.modes', modes, 2)) / modes
  centres = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
  names = tuple(f'{round(360 * mode / modes)}°' for mode in range(modes))
  return _mixture(centres, deviation, names, (train, validation, test), split_seed)


def gaussians_grid(
  *,
  side: int = 5,
  distance: float = 2.0,
  deviation: float = 0.05,
  train: int,
  validation: int,
  test: int,
  split_seed: int,
) -> Dataset:
  """Draws points of side x side Gaussians on a square grid about 0.

  Args:
    side: Gaussians in a row.
    distance: between neighbouring centres.
    deviation: standard deviation of each, in either direction.
    train: points to learn from.
    validation: points to choose by.
    test: points to report.
    split_seed: seed of the draws.

  Source: Dumoulin et al. 2017, "Adversarially learned inference", https://arxiv.org/abs/1606.00704, in the
  form of Lin et al. 2018, "PacGAN", https://arxiv.org/abs/1712.04086.
  """
  at = distance * (np.arange(at_least('data.side', side, 2)) - (side - 1) / 2)
  centres = np.stack(np.meshgrid(at, at), axis=-1).reshape(-1, 2)
  names = tuple(f'{x:g}, {y:g}' for x, y in centres)
  return _mixture(centres, deviation, names, (train, validation, test), split_seed)


def _mixture(centres, deviation, names, sizes, seed) -> Dataset:
  if not deviation > 0:
    raise InputError(f'data.deviation={deviation}: expected a number above 0')
  random = np.random.default_rng(at_least('data.split_seed', seed, 0))
  parts: list[Split] = []
  for key, size in zip(('train', 'validation', 'test'), sizes, strict=True):
    least = len(centres) if key == 'train' else 0
    # As many points of each mode, up to one: what is counted later is the generator's unevenness alone.
    mode = random.permutation(np.arange(at_least(f'data.{key}', size, least)) % len(centres))
    points = centres[mode] + deviation * random.normal(size=(size, 2))
    parts.append({'inputs': points.astype(np.float32), 'targets': mode.astype(np.int32)})
  return Dataset(*parts, classes=names)
