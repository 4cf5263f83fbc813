"""Which evaluation was best, and when to give up."""

import sys
from collections.abc import Iterable, Mapping

import jax
import numpy as np

from nn_zoo.errors import InputError
from nn_zoo.named import nearest
from nn_zoo.task import State, Task


def metric_names(task: Task, evals: Mapping, state: State) -> list[str]:
  """The scalars that an evaluation gives, as 'split/metric'; nothing is computed."""
  names = []
  for split, stream in evals.items():
    figures = jax.eval_shape(task.evaluate, state, stream[0], jax.random.key(0))
    names += [f'{split}/{name}' for name, mean in figures.items() if mean.total.ndim == 0]
  return names


class Monitor:
  """Which evaluation was best, and when to give up."""

  def __init__(
    self, name: str, mode: str, patience: int, history: list[float], known: Iterable[str]
  ):
    """Args: see `fit`; `history` holds the figures so far, larger being better, and is added to.

    Raises:
      InputError: `mode` is another word, or `name` is not among the `known` metrics.
    """
    if mode not in ('min', 'max'):
      raise InputError(f"train.mode={mode!r}: expected 'min' or 'max'")
    if name and name not in known:
      near = nearest(name, known)
      there = ', '.join(known) or 'none'
      raise InputError(f'train.monitor={name!r}: no such metric.{near} There are: {there}')
    if patience and not name:
      raise InputError(f'train.patience={patience} needs train.monitor, the metric to wait for')
    self.name, self.sign, self.patience = name, -1 if mode == 'min' else 1, patience
    self.history = history

  def add(self, figures: Mapping[str, Mapping]) -> bool:
    """Takes the figures of one evaluation, split -> metric -> value; True if it is the best so far.

    Raises:
      InputError: one that data can lack, such as BLEU, is not among them.
    """
    if not self.name:
      return False
    split, _, metric = self.name.partition('/')
    if metric not in figures[split]:
      raise InputError(
        f'train.monitor={self.name!r}: these data have no {metric}; expected another'
      )
    value = self.sign * float(figures[split][metric])
    self.history.append(value if np.isfinite(value) else -sys.float_info.max)
    return self.history[-1] > max(self.history[:-1], default=-np.inf)

  @property
  def exhausted(self) -> bool:
    """Whether `patience` evaluations went by without a better one."""
    since = len(self.history) - 1 - int(np.argmax(self.history)) if self.history else 0
    return 0 < self.patience <= since
