"""Streams: data as a function of the step, so that there is no iterator to save.

`stream[step]` is that step's batch, decided by (seed, step) alone. Streams over arrays in memory also
offer `rows(step)`, the row numbers of that batch, and `arrays`, so that the arrays can live on the
device and a compiled loop gathers its own batches. Any other indexable, such as a
`grain.MapDataset`, is a train stream as well.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from nn_zoo.errors import InputError

Arrays = dict[str, Any]


class Shuffled:
  """A train stream: every epoch is a new permutation of all examples, and no example is dropped.

  Batches run on across the end of an epoch, so all have the same size and each epoch still holds every
  example once.
  """

  def __init__(self, arrays: Arrays, batch_size: int, seed: int = 0):
    """Args: arrays of one length; batch_size in examples; seed of the order.

    Raises:
      InputError: the batch is larger than the data.
    """
    self.arrays = _weighted(arrays)
    self.batch_size = batch_size
    self.examples = len(self.arrays['weight'])
    if not 1 <= batch_size <= self.examples:
      raise InputError(
        f'train.batch_size={batch_size}: expected 1 to {self.examples}, the number of training examples'
      )
    self._order = lru_cache(maxsize=2)(
      lambda epoch: np.random.default_rng([seed, epoch]).permutation(self.examples).astype(np.int32)
    )

  def rows(self, step: int) -> np.ndarray:
    """The row numbers of that step's batch."""
    start, stop = step * self.batch_size, (step + 1) * self.batch_size
    first, last = start // self.examples, (stop - 1) // self.examples
    order = np.concatenate([self._order(epoch) for epoch in range(first, last + 1)])
    return order[start - first * self.examples : stop - first * self.examples]

  def __getitem__(self, step: int) -> Arrays:
    return {name: array[self.rows(step)] for name, array in self.arrays.items()}


class InOrder:
  """An evaluation stream: every example once; the last batch is filled up with weight 0."""

  def __init__(self, arrays: Arrays, batch_size: int):
    """Args: arrays of one length; batch_size in examples (any size gives the same figures)."""
    arrays = _weighted(arrays)
    self.examples = len(arrays['weight'])
    self.batch_size = min(batch_size, max(self.examples, 1))
    padding = -self.examples % self.batch_size
    self.arrays = {name: _pad(array, padding, name) for name, array in arrays.items()}

  def rows(self, step: int) -> np.ndarray:
    """The row numbers of that step's batch."""
    return np.arange(step * self.batch_size, (step + 1) * self.batch_size, dtype=np.int32)

  def __getitem__(self, step: int) -> Arrays:
    if not 0 <= step < len(self):
      raise IndexError(step)
    return {name: array[self.rows(step)] for name, array in self.arrays.items()}

  def __len__(self) -> int:
    return len(self.arrays['weight']) // self.batch_size


def _weighted(arrays: Arrays) -> Arrays:
  lengths = {name: len(array) for name, array in arrays.items()}
  if len(set(lengths.values())) != 1:
    raise InputError(f'arrays of a stream need one length, got {lengths}')
  ones = np.ones(next(iter(lengths.values())), np.float32)
  return {'weight': ones} | {name: np.asarray(array) for name, array in arrays.items()}


def _pad(array, count, name):
  # Padding repeats the first example, which every model can digest; only its weight is 0.
  filler = np.zeros(count, array.dtype) if name == 'weight' else np.repeat(array[:1], count, axis=0)
  return np.concatenate([array, filler]) if count else array
