"""Which evaluation was best, and when to give up."""

from collections.abc import Mapping

import numpy as np

from nn_zoo.errors import InputError


class Monitor:
  """Which evaluation was best, and when to give up."""

  def __init__(self, name: str, mode: str, patience: int, history: list[float]):
    """Args: see `fit`; `history` holds the figures so far, larger being better, and is added to."""
    if mode not in ('min', 'max'):
      raise InputError(f"train.mode={mode!r}: expected 'min' or 'max'")
    self.name, self.sign, self.patience = name, -1 if mode == 'min' else 1, patience
    self.history = history

  def add(self, figures: Mapping[str, Mapping]) -> bool:
    """Takes the figures of one evaluation, split -> metric -> value; True if it is the best so far."""
    if not self.name:
      return False
    flat = {f'{split}/{name}': v for split, row in figures.items() for name, v in row.items()}
    if self.name not in flat:
      known = ', '.join(flat) or 'none'
      raise InputError(f'train.monitor={self.name!r}: no such metric. There are: {known}')
    self.history.append(self.sign * float(flat[self.name]))
    return self.history[-1] > max(self.history[:-1], default=-np.inf)

  @property
  def exhausted(self) -> bool:
    """Whether `patience` evaluations went by without a better one."""
    since = len(self.history) - 1 - int(np.argmax(self.history)) if self.history else 0
    return 0 < self.patience <= since
