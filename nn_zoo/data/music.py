"""Polyphonic music as piano rolls: which of a piano's 88 keys sound in each frame.

Shapes: N pieces, T frames, K keys (from the note A0, MIDI number 21, upwards).
"""

import io
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nn_zoo.data import published
from nn_zoo.data.dataset import Dataset, at_least
from nn_zoo.data.sequences import padded
from nn_zoo.errors import InputError

KEYS = 88
SPLITS = ('traindata', 'validdata', 'testdata')  # names of the arrays in a file


def jsb_chorales(*, segment: int) -> Dataset:
  """Loads 382 chorales of J. S. Bach as piano rolls: 229, 76 and 77 to learn, choose and report.

  A frame is a quarter note.

  Args:
    segment: training pieces are cut into parts of so many frames, each read from a fresh state; 0: whole.

  Raises:
    InputError: the file is missing or is not the published one.

  Source: Allan & Williams 2004, "Harmonising chorales by probabilistic inference"; split and frames of
    Boulanger-Lewandowski, Bengio & Vincent 2012, "Modeling temporal dependencies in high-dimensional
    sequences", https://arxiv.org/abs/1206.6392.
  """
  return _dataset(published.content('music', 'JSB_Chorales.mat'), 'JSB_Chorales.mat', segment)


def nottingham(*, segment: int) -> Dataset:
  """Loads 1037 folk tunes with chords as piano rolls: 694, 173 and 170 to learn, choose and report.

  Args:
    segment: training pieces are cut into parts of so many frames, each read from a fresh state; 0: whole.

  Raises:
    InputError: the file is missing or is not the published one.

  Source: split and frames of Boulanger-Lewandowski, Bengio & Vincent 2012, "Modeling temporal dependencies in
    high-dimensional sequences", https://arxiv.org/abs/1206.6392.
  """
  return _dataset(published.content('music', 'Nottingham.mat'), 'Nottingham.mat', segment)


def piano_rolls(*, path: str, segment: int) -> Dataset:
  """Loads pieces from a .mat file of the form of the published ones.

  It holds the cell arrays `traindata`, `validdata` and `testdata`, each of pieces [frames, 88] of 0 and 1.

  Args:
    path: the file.
    segment: training pieces are cut into parts of so many frames, each read from a fresh state; 0: whole.

  Raises:
    InputError: the file cannot be read, is cut, lacks an array, or holds what is no piano roll.
  """
  try:
    content = Path(path).expanduser().read_bytes()
  except OSError as error:
    raise InputError(f'path={path}: cannot be read ({error})') from error
  return _dataset(content, path, segment)


def parse(content: bytes, source: str) -> dict[str, list[np.ndarray]]:
  """The pieces bool [T, 88] of each of SPLITS.

  Args:
    content: of a .mat file of MATLAB 5 to 7.
    source: the file's name, for messages.

  Raises:
    InputError: the file is cut or none of the kind, lacks an array, or holds what is no piano roll.
  """
  from scipy.io import loadmat
  from scipy.io.matlab import MatReadError

  refused = (OSError, ValueError, IndexError, TypeError, NotImplementedError, zlib.error)
  try:
    arrays = loadmat(io.BytesIO(content), variable_names=SPLITS)
  except (*refused, MatReadError) as error:
    raise InputError(
      f'{source}: cannot be read as a .mat file of MATLAB 5 to 7 ({error}); is it cut?'
    ) from error
  if missing := [name for name in SPLITS if name not in arrays]:
    raise InputError(f'{source}: has no {missing[0]}; expected {", ".join(SPLITS)}')
  return {name: _pieces(arrays[name], f'{source}: {name}') for name in SPLITS}


def _pieces(cells: np.ndarray, where: str) -> list[np.ndarray]:
  if cells.dtype != object or not cells.size:
    raise InputError(
      f'{where} is {cells.dtype} {list(cells.shape)}; expected a cell array of pieces'
    )
  for index, piece in enumerate(cells.ravel()):
    if (
      piece.ndim != 2 or piece.shape[1] != KEYS or len(piece) < 2 or piece.dtype.kind not in 'biuf'
    ):
      raise InputError(
        f'{where}, piece {index} (counted from 0) is {piece.dtype} {list(piece.shape)}; '
        f'expected numbers [frames, {KEYS}], 2 frames or more'
      )
    if not np.isin(piece, (0, 1)).all():
      raise InputError(f'{where}, piece {index} (counted from 0) has values besides 0 and 1')
  return [piece.astype(bool) for piece in cells.ravel()]


def _dataset(content: bytes, source: str, segment: int) -> Dataset:
  at_least('data.segment', segment, 0)
  train, validation, test = parse(content, source).values()
  cut = [
    piece[start : start + segment + 1]
    for piece in train
    for start in range(0, len(piece) - 1, segment or len(piece))
  ]
  return Dataset(*map(_examples, (cut if segment else train, validation, test)), classes=())


def _examples(pieces: Sequence[np.ndarray]) -> dict:
  # Each frame but the last is an input, each but the first a target.
  steps = max(map(len, pieces)) - 1
  return {
    'inputs': padded([piece[:-1] for piece in pieces], steps),
    'targets': padded([piece[1:] for piece in pieces], steps)['values'],
  }
