"""Pieces that a network of music composes, as files."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.pictures import Asked
from nn_zoo.build import Experiment
from nn_zoo.data.dataset import Dataset, at_least
from nn_zoo.errors import InputError
from nn_zoo.report.midi import midi_file
from nn_zoo.task import State, averaged
from nn_zoo.tasks.music import FRAMES, GIVEN, PIECES, compose


def beginnings(asked: Asked, data: Dataset) -> np.ndarray:
  """The first frames [N, 8, K] of the test pieces, of `count` at most (by default of three).

  Raises:
    InputError: no piece is asked for, or none is as long.
  """
  count = at_least('--count', PIECES if asked.count is None else asked.count, 1)
  inputs = data.test['inputs']
  rows = np.flatnonzero(inputs['length'] >= GIVEN)[:count]
  if not len(rows):
    raise InputError(f'no test piece has the {GIVEN} frames to begin with')
  return inputs['values'][rows, :GIVEN]


def composed(
  experiment: Experiment,
  state: State,
  start_BTK: np.ndarray,
  key: jax.Array,
  settings: Mapping[str, Any],
) -> jax.Array:
  """Pieces [N, 8 + frames, K] that go on from these beginnings; settings may hold the frames, `length`.

  Raises:
    InputError: there are other settings, or a length below 1.
  """
  for name in settings:
    if name != 'length':
      raise InputError(f'--{name}: music has no such setting; leave it out')
  frames = at_least('--length', settings.get('length', FRAMES), 1)
  variables = {'params': averaged(state), **state.stats}
  return compose(experiment.model, variables, jnp.asarray(start_BTK), frames, key)


def midi_files(asked: Asked, pieces_NTK: np.ndarray, data: Dataset) -> dict[str, bytes]:
  """samples-SEED-0.mid and so on, a frame a quarter note."""
  del data
  return {
    f'samples-{asked.seed}-{index}.mid': midi_file(notes_TK)
    for index, notes_TK in enumerate(pieces_NTK)
  }
