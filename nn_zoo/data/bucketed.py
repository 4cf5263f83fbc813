"""Batches of texts of like length: many short ones or few long ones, of nearly as many tokens.

The bounds of the buckets are those with the least padding.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from nn_zoo.data.dataset import Split, take
from nn_zoo.errors import InputError


class Shape(NamedTuple):
  """Of the batches of a bucket: pairs, and tokens of their longest source and target."""

  examples: int
  source: int
  target: int


class Bucketed:
  """A train stream of pairs of texts, each batch from one bucket of like lengths.

  Every epoch holds each pair once: buckets are shuffled, cut into batches, and the batches shuffled; what
  is missing in a bucket's last batch is filled up with weight 0. All batches have as many rows as the bucket
  of the shortest texts has, and 'bucket' says which one it is: `nn_zoo.tasks.bucketed` cuts them to the
  bucket's shape, one of a few, so that everything is compiled once.

  `shapes` are those of the buckets, `examples` the pairs, `batches` those of an epoch, `mean_size`
  the pairs of one.
  """

  def __init__(self, arrays: Split, tokens: int, buckets: int, batch_size: int, seed: int = 0):
    """Args: pairs of texts; tokens of a side of a batch at most; buckets; pairs of a batch at most; seed.

    Raises:
      InputError: a number is below 1, or a pair alone has more tokens than a batch may have.
    """
    for name, value in (('data.buckets', buckets), ('train.batch_size', batch_size)):
      if value < 1:
        raise InputError(f'{name}={value}: expected 1 or more')
    lengths = arrays['inputs']['length'], arrays['targets']['length']
    members = _members(np.maximum(*lengths), buckets)
    widths = [tuple(int(side[rows].max()) for side in lengths) for rows in members]
    if tokens < max(map(max, widths)):
      raise InputError(
        f'data.tokens={tokens}: a text alone has {max(map(max, widths))} tokens; expected more'
      )
    self.shapes = tuple(Shape(min(batch_size, tokens // max(pair)), *pair) for pair in widths)
    self.examples, self._seed = len(lengths[0]), seed
    self._members, self._filler = members, self.examples + np.arange(len(members))
    # Behind the pairs there is one of each bucket that counts for nothing.
    rows = np.concatenate([np.arange(self.examples), [own[0] for own in members]])
    bucket = np.zeros(len(rows), np.int32)
    for index, own in enumerate(members):
      bucket[[*own, self._filler[index]]] = index
    weight = (np.arange(len(rows)) < self.examples).astype(np.float32)
    self.arrays = {'weight': weight, 'bucket': bucket} | take(arrays, rows)
    counts = [
      -(-len(own) // shape.examples) for own, shape in zip(members, self.shapes, strict=True)
    ]
    self._cuts = [(index, part) for index, count in enumerate(counts) for part in range(count)]
    self.batches = len(self._cuts)
    self.batch_size = max(shape.examples for shape in self.shapes)
    self.mean_size = self.examples / self.batches
    self._order = lru_cache(maxsize=2)(self._shuffled)

  def rows(self, step: int) -> np.ndarray:
    """The row numbers of that step's batch."""
    epoch, place = divmod(step, self.batches)
    orders, cuts = self._order(epoch)
    index, part = self._cuts[cuts[place]]
    count = self.shapes[index].examples
    rows = orders[index][part * count : (part + 1) * count]
    filling = np.full(self.batch_size - len(rows), self._filler[index])
    return np.concatenate([rows, filling]).astype(np.int32)

  def __getitem__(self, step: int) -> dict[str, Any]:
    return take(self.arrays, self.rows(step))

  def _shuffled(self, epoch):
    random = np.random.default_rng([self._seed, epoch])
    orders = [random.permutation(own) for own in self._members]
    return orders, random.permutation(self.batches)


def _members(length: np.ndarray, buckets: int) -> list[np.ndarray]:
  # Bounds that leave the least padding, of all that there are.
  widths, counts = np.unique(length, return_counts=True)
  buckets, below = min(buckets, len(widths)), np.concatenate([[0], np.cumsum(counts)])
  # cost[end]: tokens, padded, of the widths before `end`; first[n][end]: where the last bucket begins.
  cost, first = np.where(np.arange(len(widths) + 1) > 0, np.inf, 0.0), []
  for _ in range(buckets):
    of_last = (below[None] - below[:, None]) * np.append(0, widths)[None]
    total = np.where(np.triu(np.ones_like(of_last), 1) > 0, cost[:, None] + of_last, np.inf)
    first.append(total.argmin(axis=0))
    cost = total.min(axis=0)
  ends = [len(widths)]
  for of_end in reversed(first[1:]):
    ends.append(of_end[ends[-1]])
  bucket = np.searchsorted([widths[end - 1] for end in reversed(ends)], length)
  return [np.flatnonzero(bucket == index) for index in range(buckets)]
