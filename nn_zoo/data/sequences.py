"""Sequences of unequal length in arrays of one length, and the user's own in one .npz file.

Shapes: N examples, T time steps, C channels.
"""

from collections.abc import Sequence

import numpy as np

from nn_zoo.data import npz
from nn_zoo.data.dataset import Dataset
from nn_zoo.errors import InputError

PREFIXES = ('', 'validation_', 'test_')


def sequences(
  *, path: str, validation: float, test: float, split_seed: int, classes: int = 0
) -> Dataset:
  """Loads `inputs` [N, T, C], `targets` and, if they end before T, `length` [N] from an .npz file.

  What stands after the end of a sequence is not read. Integer targets [N] are class indices; floating-point
  targets [N] or [N, K] are real numbers. A file with an official division also holds `validation_inputs`,
  `validation_targets` and `validation_length`, or the same of `test_`.

  Args:
    path: the file, as `numpy.savez` writes it.
    validation: fraction or number of sequences held out to choose by; 0 if the file holds its own.
    test: fraction or number of sequences held out to report; 0 if the file holds its own.
    split_seed: seed of the division.
    classes: number of classes; 0 counts them, up to the largest index.

  Raises:
    InputError: the file or an array is missing, damaged or of the wrong shape; a length is not 1 to T; a
      value is not finite; a class index is out of range.
  """
  stored = npz.read(path)
  unequal = any(f'{prefix}length' in stored for prefix in PREFIXES)
  lengths = {}
  for prefix in PREFIXES:
    name = f'{prefix}inputs'
    if name not in stored:
      continue
    values = stored[name]
    if values.dtype.kind not in 'biuf' or values.ndim != 3:
      raise InputError(
        f"{path}: array '{name}' is {npz.described(values)}; expected numbers [examples, time, channels]"
      )
    length = stored.get(f'{prefix}length', np.full(len(values), values.shape[1], np.int32))
    check_lengths(length, values.shape[:2], f"{path}: array '{prefix}length'")
    before_end = np.arange(values.shape[1])[None] < length[:, None]
    # In floating point: of 8-bit integers [N, T, C] the reader would make images.
    stored[name] = np.where(before_end[..., None], values, 0).astype(np.float64)
    lengths[f'{prefix}length'] = length.astype(np.int32)
  return npz.divided(
    stored, path, validation, test, split_seed, classes, lengths if unequal else None
  )


def check_lengths(length: np.ndarray, shape: tuple[int, int], where: str) -> None:
  """Refuses lengths that are not integers from 1 to the number of steps, one an example.

  Args:
    length: steps before the end, one an example.
    shape: examples and steps of the values.
    where: file and array, for the message.

  Raises:
    InputError: the type, the number or the first row that does not fit.
  """
  if length.dtype.kind not in 'iu' or length.shape != shape[:1]:
    raise InputError(
      f'{where} is {npz.described(length)}; expected {shape[0]} integers, one an example'
    )
  wrong = (length < 1) | (length > shape[1])
  if wrong.any():
    row = int(wrong.argmax())
    raise InputError(
      f'{where}, row {row} (counted from 0) holds {length[row]}; expected 1 to {shape[1]}'
    )


def padded(series: Sequence[np.ndarray], steps: int) -> dict[str, np.ndarray]:
  """{'values': [N, steps, ...], 'length': [N]} of sequences [T_i, ...], with 0 after the end of each."""
  values = np.zeros((len(series), steps, *series[0].shape[1:]), series[0].dtype)
  for row, one in zip(values, series, strict=True):
    row[: len(one)] = one
  return {'values': values, 'length': np.array([len(one) for one in series], np.int32)}


def shortened(part: str, count: int, texts: int, most: int, key: str) -> str:
  """The remark that `count` of the texts of a part are cut after `most` tokens, as a config's key says."""
  return f'{count} of {texts} {part} texts are cut after {most} tokens ({key})'
