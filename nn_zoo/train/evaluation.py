"""Figures over a whole stream, exact for any batch size: sums of sums, divided at the very end."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from nn_zoo.task import Metrics, State, Task
from nn_zoo.train.compiled import Calls, compile_steps

Sums = Mapping[str, tuple[np.ndarray, np.ndarray]]


def evaluate(
  calls: Calls, state: State, batches: int, stop: Callable[[], bool] = lambda: False
) -> dict[str, np.ndarray] | None:
  """Every metric over a whole evaluation stream, summed in float64; None if told to stop.

  Args:
    calls: from `evaluation`.
    state: of the task.
    batches: length of the stream.
    stop: polled between calls.
  """
  sums: Sums = {}
  for first in range(0, batches, calls.size):
    if stop():
      return None
    _, metrics = calls.run((), state, first, min(calls.size, batches - first))
    sums = add(sums, metrics)
  return means(sums)


def evaluation(task: Task, stream: Any, state: State, seed: int = 0) -> Calls:
  """The compiled evaluation of a stream; pass it to `evaluate`."""

  def step(carry, state, batch, key):
    return carry, task.evaluate(state, batch, key)

  return compile_steps(step, stream, (), state, seed, 2, min(len(stream), 64))


def predict(task: Task, state: State, stream: Any, seed: int = 0) -> np.ndarray:
  """The task's outputs for every example of an evaluation stream, in order, padding left out."""
  compiled = jax.jit(task.predict)
  key = jax.random.fold_in(jax.random.key(seed), 3)
  outputs = []
  for index in range(len(stream)):
    batch = stream[index]
    output = compiled(state, batch['inputs'], jax.random.fold_in(key, index))
    outputs.append(jax.tree.map(np.asarray, output))
  return jax.tree.map(lambda *parts: np.concatenate(parts)[: stream.examples], *outputs)


def add(sums: Sums, metrics: Metrics) -> Sums:
  """Adds the metrics of several steps (a leading axis) to sums of total and weight, in float64."""
  return {
    name: tuple(
      _sum(start, parts) for start, parts in zip(sums.get(name, (0, 0)), mean, strict=True)
    )
    for name, mean in metrics.items()
  }


def _sum(start, parts):
  # One after the other, so that the rounding does not depend on how many came in one call.
  first = np.broadcast_to(np.float64(start), parts.shape[1:])
  return np.add.accumulate(np.concatenate([first[None], parts], dtype=np.float64), axis=0)[-1]


def means(sums: Sums) -> dict[str, np.ndarray]:
  """total / weight of each; NaN where nothing was counted."""
  with np.errstate(invalid='ignore', divide='ignore'):
    return {name: np.divide(total, weight) for name, (total, weight) in sums.items()}
