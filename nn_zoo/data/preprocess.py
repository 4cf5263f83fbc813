"""Standardisation inside the compiled step, from figures of the training examples."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


def preparation(inputs: Any) -> Callable[[Any], Any]:
  """Standardises by the moments of these inputs; token ids and yes-or-no inputs stay as they are."""
  values = inputs['values'] if isinstance(inputs, Mapping) else inputs
  if values.dtype in (np.int32, bool):
    return as_they_are
  return standardise(*moments(inputs))


def as_they_are(inputs: Any) -> Any:
  """The inputs themselves: token ids are not numbers, and what is on or off is so at once."""
  return inputs


def moments(inputs: Any) -> tuple[np.ndarray, np.ndarray]:
  """Mean and standard deviation over all axes but the last: per column of a table, per channel of images.

  Of sequences of unequal length ({'values', 'length'}), only steps before the end are counted. Where nothing
  varies the deviation is given as 1, so that dividing by it is harmless.
  """
  if isinstance(inputs, Mapping):
    inputs = inputs['values'][_before_end(inputs)]
  rows = inputs.reshape(-1, inputs.shape[-1])
  mean = sum(part.sum(axis=0) for part in _parts(rows)) / len(rows)
  variance = sum(((part - mean) ** 2).sum(axis=0) for part in _parts(rows)) / len(rows)
  deviation = np.sqrt(variance)
  return mean.astype(np.float32), np.where(deviation > 0, deviation, 1).astype(np.float32)


def _parts(rows: np.ndarray):
  # In float64, but never a float64 copy of the whole data.
  return (rows[i : i + 1_000_000].astype(np.float64) for i in range(0, len(rows), 1_000_000))


def _before_end(inputs):
  return np.arange(inputs['values'].shape[1])[None] < inputs['length'][:, None]


def standardise(mean: np.ndarray, deviation: np.ndarray) -> Callable[[Any], Any]:
  """inputs -> (inputs - mean) / deviation in float32, over the last axis; 0 after a sequence's end."""

  def scaled(inputs: jax.Array) -> jax.Array:
    shape = (1,) * (inputs.ndim - 1) + (-1,)
    scale = (1 / deviation).astype(np.float32)
    return (inputs.astype(jnp.float32) - mean.reshape(shape)) * scale.reshape(shape)

  def prepare(inputs: Any) -> Any:
    if not isinstance(inputs, Mapping):
      return scaled(inputs)
    values = jnp.where(_before_end(inputs)[..., None], scaled(inputs['values']), 0)
    return inputs | {'values': values}

  return prepare


class Affine(NamedTuple):
  """inputs -> (inputs - location) / scale in float32, and back: what a net that makes examples needs."""

  location: np.ndarray
  scale: np.ndarray

  def __call__(self, inputs: jax.Array) -> jax.Array:
    return (inputs.astype(jnp.float32) - self._along(inputs, self.location)) / self._along(
      inputs, self.scale
    )

  def restore(self, outputs: jax.Array) -> jax.Array:
    """outputs * scale + location, in the inputs' own unit."""
    return outputs * self._along(outputs, self.scale) + self._along(outputs, self.location)

  @staticmethod
  def _along(inputs, row):
    return jnp.asarray(row, jnp.float32).reshape((1,) * (inputs.ndim - 1) + (-1,))


def symmetric(inputs: np.ndarray) -> Affine:
  """Pixels to [-1, 1], where tanh can reach them; other numbers to mean 0 and deviation 1 a column."""
  if inputs.dtype == np.uint8:
    return Affine(np.float32([127.5]), np.float32([127.5]))
  return Affine(*moments(inputs))


def pixels_to_shares(inputs: np.ndarray) -> Affine:
  """Pixels to [0, 1], as shares of white; other numbers to mean 0 and deviation 1 a column."""
  if inputs.dtype == np.uint8:
    return Affine(np.float32([0]), np.float32([255]))
  return Affine(*moments(inputs))
