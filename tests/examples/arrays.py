"""A few examples of the data of each task: count -> arrays with that many rows."""

from typing import Any

import numpy as np


def classes(count: int) -> dict[str, np.ndarray]:
  random = np.random.default_rng(0)
  inputs = random.normal(size=(count, 5)).astype(np.float32)
  return {'inputs': inputs, 'targets': (inputs[:, :3].argmax(axis=1)).astype(np.int32)}


def reals(count: int) -> dict[str, np.ndarray]:
  random = np.random.default_rng(0)
  inputs = random.normal(size=(count, 5)).astype(np.float32)
  return {'inputs': inputs, 'targets': 10 + 3 * inputs[:, :2] - inputs[:, 2:4]}


def pieces(count: int) -> dict[str, np.ndarray]:
  random = np.random.default_rng(0)
  length = random.integers(1, 7, count).astype(np.int32)
  keys = random.integers(0, 9, (count, 1)) + np.arange(7)[None]  # one key up a frame
  notes = np.eye(16, dtype=bool)[keys] & (np.arange(7)[None] <= length[:, None])[..., None]
  inputs = {'values': notes[:, :-1] & notes[:, 1:].any(axis=2, keepdims=True), 'length': length}
  return {'inputs': inputs, 'targets': notes[:, 1:]}


def series(count: int) -> dict[str, np.ndarray]:
  y = np.float32(20 + np.sin(np.arange(count + 11) / 2))
  cut = np.lib.stride_tricks.sliding_window_view(y, 12)
  return {'inputs': cut[:, :8, None], 'targets': cut[:, 8:]}


def images(count: int) -> dict[str, np.ndarray]:
  random = np.random.default_rng(0)
  targets = random.integers(0, 3, count).astype(np.int32)
  inputs = random.integers(0, 100, (count, 8, 8, 1)).astype(np.uint8)
  inputs[np.arange(count), targets] += 100
  return {'inputs': inputs, 'targets': targets}


def texts(count: int) -> dict[str, np.ndarray]:
  random = np.random.default_rng(0)
  tokens = (random.integers(0, 4, (count, 1)) + np.arange(7)).astype(np.int32) % 5
  return {
    'inputs': tokens[:, :-1],
    'targets': tokens[:, 1:],
    'first': np.ones(count, bool),
  }


def pairs(count: int) -> dict[str, Any]:
  random = np.random.default_rng(0)
  length = 1 + np.arange(count, dtype=np.int32) % 4
  own = np.arange(4)[None] < length[:, None]
  values = np.where(own, random.integers(4, 8, (count, 4)), 0).astype(np.int32)
  targets = np.pad(np.where(own, values, 3), ((0, 0), (1, 1)), constant_values=((0, 0), (2, 3)))
  targets[np.arange(6)[None] > length[:, None] + 1] = 0
  return {
    'inputs': {'values': values, 'length': length},
    'targets': {'values': targets, 'length': length + 2},
  }


def labels(count: int) -> dict[str, np.ndarray]:
  random = np.random.default_rng(0)
  inputs = random.normal(size=(count, 6, 3)).astype(np.float32)
  labels = inputs.argmax(axis=2).astype(np.int32)
  length = 1 + np.arange(count)[:, None] % 6
  return {'inputs': inputs, 'targets': np.where(np.arange(6)[None] < length, labels, -1)}


def points(count: int) -> dict[str, np.ndarray]:
  random = np.random.default_rng(0)
  latent = random.normal(size=(count, 3)).astype(np.float32)
  return {
    'inputs': {'latent': latent},
    'targets': random.normal(3, 0.1, (count, 2)).astype(np.float32),
  }


def domains(count: int) -> dict[str, Any]:
  random = np.random.default_rng(0)
  inputs, image = np.float32(random.uniform(0, 1, (2, count, 16, 16, 1)))
  return {'inputs': inputs, 'targets': {'image': -image}}


def codable(count: int) -> dict[str, np.ndarray]:
  random = np.random.default_rng(0)
  inputs = random.normal(size=(count, 1)) * np.linspace(0.5, 2, 6)[None]
  noise = random.normal(size=(count, 2)).astype(np.float32)
  inputs = inputs.reshape(count, 3, 2).astype(np.float32)
  return {'inputs': inputs, 'targets': np.zeros(count, np.int32), 'noise': noise}


def odd(count: int) -> dict[str, np.ndarray]:
  return {'inputs': codable(count)['inputs'], 'targets': np.int32(np.arange(count) % 5 == 4)}


def odd_images(count: int) -> dict[str, np.ndarray]:
  """Bright squares, every fifth of which is meant to be odd."""
  corner_N = np.random.default_rng(0).integers(0, 5, count)
  inside_NS = np.float32(np.abs(np.arange(8)[None] - corner_N[:, None] - 1.5) < 2)
  images_NHW = inside_NS[:, :, None] * inside_NS[:, None]
  noise_NZ = np.random.default_rng(1).normal(size=(count, 2)).astype(np.float32)
  return {'inputs': images_NHW[..., None], 'targets': odd(count)['targets'], 'noise': noise_NZ}
