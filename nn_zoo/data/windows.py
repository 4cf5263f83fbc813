"""A text as a stream of windows that follow one another, for networks that carry their state along.

Shapes: N characters or other tokens, B tracks, T tokens of a window.
"""

from typing import Any

import numpy as np

from nn_zoo.errors import InputError


class Windows:
  """A train stream over one text, cut into tracks of equal length; a step sees the next window of each.

  Window i of an epoch follows window i - 1 of the same track; `first` is True in the first window of an
  epoch, where the state starts anew. What does not fill a window of every track is left out: before the
  tracks or behind them, at random in each epoch, so that none of the text is left out always.

  A batch is {'inputs', 'targets': [B, T], 'first', 'weight': [B]}.
  """

  def __init__(self, arrays: dict[str, Any], batch_size: int, window: int, seed: int = 0):
    """Args: arrays `inputs` and `targets` [1, N] of one text; batch_size in tracks; window in tokens; seed.

    Raises:
      InputError: the text is too short for one window of every track.
    """
    self._inputs, self._targets = arrays['inputs'][0], arrays['targets'][0]
    self.batch_size, self.window, self._seed = batch_size, window, seed
    tokens = len(self._inputs)
    self.epoch = (tokens - window + 1) // (batch_size * window)  # steps
    if self.epoch < 1:
      raise InputError(
        f'train.batch_size={batch_size} times task.window={window} needs a training text of '
        f'{(batch_size + 1) * window} tokens, this one has {tokens + 1}; lower one of them'
      )
    self._spare = tokens - self.epoch * batch_size * window

  def __getitem__(self, step: int) -> dict[str, np.ndarray]:
    epoch, index = divmod(step, self.epoch)
    offset = np.random.default_rng([self._seed, epoch]).integers(self._spare + 1)
    start_B = offset + (np.arange(self.batch_size) * self.epoch + index) * self.window
    at_BT = start_B[:, None] + np.arange(self.window)
    return {
      'inputs': self._inputs[at_BT],
      'targets': self._targets[at_BT],
      'first': np.full(self.batch_size, index == 0),
      'weight': np.ones(self.batch_size, np.float32),
    }
