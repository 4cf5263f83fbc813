"""Which evaluation was best, and when to give up."""

from collections.abc import Iterable, Mapping

import numpy as np

from nn_zoo.errors import InputError
from nn_zoo.named import nearest


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
    """Takes the figures of one evaluation, split -> metric -> value; True if it is the best so far."""
    if not self.name:
      return False
    split, _, metric = self.name.partition('/')
    self.history.append(self.sign * float(figures[split][metric]))
    return self.history[-1] > max(self.history[:-1], default=-np.inf)

  @property
  def exhausted(self) -> bool:
    """Whether `patience` evaluations went by without a better one."""
    since = len(self.history) - 1 - int(np.argmax(self.history)) if self.history else 0
    return 0 < self.patience <= since
