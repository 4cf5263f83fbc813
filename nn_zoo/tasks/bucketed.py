"""A task on batches of several shapes, in one compiled program."""

from collections.abc import Sequence
from typing import Any

import jax

from nn_zoo.task import Batch, Key, Metrics, State, Task


def bucketed(task: Task, shapes: Sequence[Any]) -> Task:
  """`task`, whose training batches are cut to the shape of their bucket (see `nn_zoo.data.bucketed`).

  A program has one step for each shape and takes that of the batch. Evaluation sees its batches as they are.

  Args:
    task: of pairs of texts.
    shapes: of the buckets: (examples, tokens of a source, tokens of a target).
  """

  def init(key: Key, batch: Batch) -> State:
    return task.init(key, _cut(batch, shapes[0]))

  def step(state: State, batch: Batch, key: Key) -> tuple[State, Metrics]:
    steps = [
      lambda state, batch, key, shape=shape: task.step(state, _cut(batch, shape), key)
      for shape in shapes
    ]
    return jax.lax.switch(batch['bucket'][0], steps, state, batch, key)

  return task._replace(init=init, step=step)


def _cut(batch, shape):
  examples, *widths = shape
  cut = {'weight': batch['weight'][:examples]}
  for name, width in zip(('inputs', 'targets'), widths, strict=True):
    values, length = batch[name]['values'], batch[name]['length']
    cut[name] = {'values': values[:examples, :width], 'length': length[:examples]}
  return cut
