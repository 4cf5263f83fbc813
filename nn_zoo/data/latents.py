"""Data sets as generative tasks see them: each example has noise of its own, so that figures are exact."""

import numpy as np

from nn_zoo.data.dataset import Dataset


def from_latents(data: Dataset, latent: int, seed: int) -> Dataset:
  """Examples as what is to be made: targets are they, inputs {'latent': [N, latent]} and their 'label'.

  Latents are standard normal, decided by `seed`; a training step draws its own. Without classes there is no
  label.

  Args:
    data: as it was loaded.
    latent: numbers that a generator begins with.
    seed: of the latents.
  """

  def turned(part, noise_NZ):
    label = {'label': part['targets']} if data.classes else {}
    return {'inputs': {'latent': noise_NZ} | label, 'targets': part['inputs']}

  return _each(data, latent, seed, turned)


def with_noise(data: Dataset, latent: int, seed: int) -> Dataset:
  """The examples with standard normal 'noise' [N, latent] beside each, for evaluation; see `from_latents`."""
  return _each(data, latent, seed, lambda part, noise_NZ: part | {'noise': noise_NZ})


def _each(data: Dataset, latent: int, seed: int, change) -> Dataset:
  parts = {}
  for index, name in enumerate(('train', 'validation', 'test')):
    part = getattr(data, name)
    generator = np.random.default_rng([seed, index])
    noise_NZ = generator.standard_normal((len(part['targets']), latent), np.float32)
    parts[name] = change(part, noise_NZ)
  return data._replace(**parts)
