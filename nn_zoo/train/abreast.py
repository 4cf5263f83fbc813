"""Streams side by side: what each member of a population sees at a step, gathered out of one set of arrays.

Axes: M members, B batch.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np


class Abreast:
  """Training streams as one, whose batches lead with the member.

  Members with the same examples share them on the device; others lie behind each other there, and rows say
  where. Streams without `arrays` are asked for their batches.
  """

  def __init__(self, streams: Sequence[Any]):
    """Args: streams: of one batch size, one a member."""
    self._streams = streams
    self.arrays = None
    if all(hasattr(stream, 'arrays') for stream in streams):
      self.arrays, self._first_M = _joined([stream.arrays for stream in streams])

  def rows(self, step: int) -> np.ndarray:
    """The row numbers [M, B] of that step's batches."""
    rows = [stream.rows(step) for stream in self._streams]
    return np.stack(rows).astype(np.int32) + self._first_M[:, None]

  def __getitem__(self, step: int) -> Any:
    return jax.tree.map(lambda *leaves: np.stack(leaves), *(each[step] for each in self._streams))


class InOrderAbreast:
  """Evaluation streams as one: every member sees each of its own examples once, then rows of weight 0."""

  def __init__(self, streams: Sequence[Any]):
    """Args: streams: with `arrays`, `examples` and `batch_size`, one a member."""
    own = [jax.tree.map(lambda a, n=each.examples: a[:n], each.arrays) for each in streams]
    arrays, first_M = _joined(own)
    examples = [each.examples for each in streams]
    size = max(each.batch_size for each in streams)
    # One more row, for padding: the first example, which every model can digest, with weight 0.
    self.arrays = jax.tree.map(lambda array: np.concatenate([array, array[:1]]), arrays)
    self.arrays['weight'][-1] = 0
    self._length = -(-max(examples) // size)
    at = np.arange(self._length * size)
    rows_MN = np.where(at < np.array(examples)[:, None], at + first_M[:, None], -1)
    rows_MN[rows_MN < 0] = len(self.arrays['weight']) - 1
    self._rows = np.split(rows_MN.astype(np.int32), self._length, axis=1)

  def rows(self, step: int) -> np.ndarray:
    """The row numbers [M, B] of that step's batches."""
    return self._rows[step]

  def __getitem__(self, step: int) -> Any:
    return jax.tree.map(lambda array: array[self._rows[step]], self.arrays)

  def __len__(self) -> int:
    return self._length


def _joined(trees):
  # All different sets of examples behind each other, and each member's first row [M].
  kept, first, total = {}, [], 0
  for tree in trees:
    key = _digest(tree)
    if key not in kept:
      kept[key] = total, tree
      total += len(tree['weight'])
    first.append(kept[key][0])
  different = [tree for _, tree in kept.values()]
  joined = different[0]
  if len(different) > 1:
    joined = jax.tree.map(lambda *leaves: np.concatenate(leaves), *different)
  return joined, np.array(first, np.int32)


def _digest(tree):
  found = hashlib.blake2b()
  for leaf in jax.tree.leaves(tree):
    found.update(f'{leaf.shape} {leaf.dtype} '.encode())
    found.update(np.ascontiguousarray(leaf).data)
  return found.digest()
