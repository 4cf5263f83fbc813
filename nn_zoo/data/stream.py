"""Streams: data as a function of the step, so that there is no iterator to save.

`stream[step]` is that step's batch, decided by (seed, step) alone. Streams over arrays in memory also
offer `rows(step)`, the row numbers of that batch, and `arrays`, so that the arrays can live on the
device and a compiled loop gathers its own batches. Any other indexable, such as a
`grain.MapDataset`, is a train stream as well.
"""

from functools import lru_cache
from typing import Any

import jax
import numpy as np

from nn_zoo.data.dataset import take
from nn_zoo.errors import InputError

Arrays = dict[str, Any]  # arrays, or trees of arrays, with one row an example


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
    _check_size(batch_size, self.examples)
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
    return take(self.arrays, self.rows(step))


class Balanced:
  """A train stream whose batches hold equally many examples of each class, up to one.

  Batches follow one another along the endless row 0, 1, ..., C - 1, 0, 1, ... of classes, so that each class
  has the floor or the ceiling of batch_size / C examples in a batch, and which have one more goes round. The
  examples of a class come in rounds of their own: each once, in a new order every time.

  This is oversampling until the classes are even. Source: Buda, Maki & Mazurowski 2018, "A systematic study
  of the class imbalance problem in convolutional neural networks", https://arxiv.org/abs/1710.05381.
  """

  def __init__(self, arrays: Arrays, batch_size: int, seed: int = 0, classes: int = 0):
    """Args: arrays of one length; batch_size in examples; seed of the order; classes, 0 for as many as seen.

    Raises:
      InputError: the targets are not classes, a class has no example, or the batch is larger than the data.
    """
    self.arrays = _weighted(arrays)
    self.batch_size = batch_size
    self.examples = len(self.arrays['weight'])
    _check_size(batch_size, self.examples)
    members = _by_class(self.arrays['targets'], classes)
    self._seed, self._sizes = seed, [len(rows) for rows in members]
    self._order = lru_cache(maxsize=2 * len(members))(
      lambda label, turn: np.random.default_rng([seed, 1 + label, turn]).permutation(members[label])
    )

  def rows(self, step: int) -> np.ndarray:
    """The row numbers of that step's batch."""
    rows = np.empty(self.batch_size, np.int32)
    for index in range(self.batch_size):
      drawn, label = divmod(step * self.batch_size + index, len(self._sizes))
      turn, place = divmod(drawn, self._sizes[label])
      rows[index] = self._order(label, turn)[place]
    # Parts of a batch (descend.accumulate) take every n-th example, which must not be every n-th class.
    return np.random.default_rng([self._seed, 0, step]).permutation(rows)

  def __getitem__(self, step: int) -> Arrays:
    return take(self.arrays, self.rows(step))


class InOrder:
  """An evaluation stream: every example once; the last batch is filled up with weight 0."""

  def __init__(self, arrays: Arrays, batch_size: int):
    """Args: arrays of one length; batch_size in examples (any size gives the same figures)."""
    arrays = _weighted(arrays)
    self.examples = len(arrays['weight'])
    self.batch_size = min(batch_size, max(self.examples, 1))
    padding = -self.examples % self.batch_size
    # Padding repeats the first example, which every model can digest; only its weight is 0.
    rows = np.append(np.arange(self.examples), np.zeros(padding, int))
    self.arrays = take(arrays, rows) if padding else arrays
    if padding:
      self.arrays['weight'][self.examples :] = 0

  def rows(self, step: int) -> np.ndarray:
    """The row numbers of that step's batch."""
    return np.arange(step * self.batch_size, (step + 1) * self.batch_size, dtype=np.int32)

  def __getitem__(self, step: int) -> Arrays:
    if not 0 <= step < len(self):
      raise IndexError(step)
    return take(self.arrays, self.rows(step))

  def __len__(self) -> int:
    return len(self.arrays['weight']) // self.batch_size


def _check_size(batch_size: int, examples: int) -> None:
  if not 1 <= batch_size <= examples:
    raise InputError(
      f'train.batch_size={batch_size}: expected 1 to {examples}, the number of training examples'
    )


def _by_class(targets: np.ndarray, classes: int) -> list[np.ndarray]:
  # The rows of each class, in order.
  shape = getattr(targets, 'shape', ())
  if len(shape) != 1 or not np.issubdtype(targets.dtype, np.integer):
    raise InputError(
      "train.sampling='balanced' needs targets that are classes; for real numbers set 'shuffled'"
    )
  counts = np.bincount(targets, minlength=classes)
  if not counts.all():
    raise InputError(
      f"train.sampling='balanced': class {counts.argmin()} has no training example; expected at "
      "least one of each, or set 'shuffled'"
    )
  return np.split(np.argsort(targets, kind='stable'), np.cumsum(counts)[:-1])


def _weighted(arrays: Arrays) -> Arrays:
  arrays = jax.tree.map(np.asarray, arrays)
  lengths = {
    jax.tree_util.keystr(path, simple=True, separator='/'): len(leaf)
    for path, leaf in jax.tree.leaves_with_path(arrays)
  }
  if len(set(lengths.values())) != 1:
    raise InputError(f'arrays of a stream need one length, got {lengths}')
  return {'weight': np.ones(next(iter(lengths.values())), np.float32)} | arrays
