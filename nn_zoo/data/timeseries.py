"""Recordings in several channels with a class each, in .ts files.

Shapes: N examples, T time steps, C channels.
"""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nn_zoo.data import published
from nn_zoo.data.dataset import Dataset, split
from nn_zoo.data.sequences import padded
from nn_zoo.errors import InputError


def japanese_vowels(*, validation: float, split_seed: int) -> Dataset:
  """Loads two vowels as said by nine men, 12 LPC cepstra, 7 to 29 steps: 270 to learn from, 370 to report.

  Args:
    validation: fraction or number of the training recordings held out to choose by.
    split_seed: seed of that division.

  Raises:
    InputError: a file is missing or is not the published one.

  Source: M. Kudo, J. Toyama and M. Shimbo (1999), Multidimensional Curve Classification Using
    Passing-Through Regions, https://doi.org/10.1016/S0167-8655(99)00077-X; in the files of A. Bagnall et al.
    (2018), The UEA multivariate time series classification archive, https://arxiv.org/abs/1811.00075.
  """
  return _published('JapaneseVowels', validation, split_seed)


def basic_motions(*, validation: float, split_seed: int) -> Dataset:
  """Loads four motions as a wrist saw them, 6 channels, 100 steps: 40 to learn from, 40 to report.

  Args:
    validation: fraction or number of the training recordings held out to choose by.
    split_seed: seed of that division.

  Raises:
    InputError: a file is missing or is not the published one.

  Source: A. Bagnall et al. (2018), The UEA multivariate time series classification archive,
    https://arxiv.org/abs/1811.00075.
  """
  return _published('BasicMotions', validation, split_seed)


def time_series(*, train: str, test: str, validation: float, split_seed: int) -> Dataset:
  """Loads two .ts files, the form of the UCR and UEA archives, https://www.timeseriesclassification.com.

  After the line `@data`, each line is a recording: its channels and then its class, separated by ':', the
  values of a channel by ','.

  Args:
    train: the file to learn from.
    test: the file to report.
    validation: fraction or number of the training recordings held out to choose by.
    split_seed: seed of that division.

  Raises:
    InputError: a file is missing, cut, or holds what is no finite number or no class.
  """
  texts = []
  for path in (train, test):
    try:
      texts.append(Path(path).expanduser().read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError) as error:
      raise InputError(f'{path}: cannot be read ({error}); expected a .ts file') from error
  return _dataset(texts, (train, test), validation, split_seed)


class Recordings(NamedTuple):
  """The recordings [T_i, C] of a file, the class of each, and the names of the classes."""

  series: list[np.ndarray]
  targets: np.ndarray
  classes: tuple[str, ...]


def parse(text: str, source: str) -> Recordings:
  """The recordings of a .ts file.

  Args:
    text: the file's content.
    source: the file's name, for messages.

  Raises:
    InputError: the header or a line does not fit, by its number.
  """
  lines = [line.strip() for line in text.splitlines()]
  header = [line.lower() for line in lines]
  if '@data' not in header:
    raise InputError(f"{source}: there is no line '@data'; expected a whole .ts file")
  start = header.index('@data') + 1
  classes = _classes(lines[:start], source)
  series, targets = [], []
  for number, line in enumerate(lines[start:], start + 1):
    if not line:
      continue
    *channels, label = line.split(':')
    series.append(_recording(channels, f'{source}: line {number}', series))
    if label not in classes:
      raise InputError(
        f"{source}: line {number} ends with '{label[:20]}', which is no class ({', '.join(classes)}); "
        'is the file cut?'
      )
    targets.append(classes.index(label))
  if not series:
    raise InputError(f"{source}: no recording after '@data'; is the file cut?")
  return Recordings(series, np.array(targets, np.int32), classes)


def _classes(header: list[str], source: str) -> tuple[str, ...]:
  keys = {words[0].lower(): words[1:] for words in map(str.split, header) if words}
  if keys.get('@timestamps', ['false']) != ['false']:
    raise InputError(f'{source}: has time stamps; expected recordings at even steps')
  given, *names = keys.get('@classlabel') or ['false']
  if given == 'true' and len(names) > 1:
    return tuple(names)
  raise InputError(
    f"{source}: no line '@classLabel true NAME NAME ...'; expected at least two classes"
  )


def _recording(channels: list[str], where: str, before: list[np.ndarray]) -> np.ndarray:
  rows = [_numbers(cells, f'{where}, channel {index}') for index, cells in enumerate(channels)]
  lengths = [len(row) for row in rows]
  wanted = before[0].shape[1] if before else max(len(rows), 1)
  if len(rows) != wanted or len(set(lengths)) != 1:
    raise InputError(
      f'{where} has {len(rows)} channels of {", ".join(map(str, lengths)) or "no"} steps; '
      f'expected {wanted} of one length; is the file cut?'
    )
  return np.array(rows, np.float32).T


def _numbers(cells: str, where: str) -> list[float]:
  try:
    numbers = [float(cell) for cell in cells.split(',')]
  except ValueError as error:
    raise InputError(f'{where}: {error}; expected numbers between commas') from error
  if not all(map(math.isfinite, numbers)):
    raise InputError(f'{where}: holds a value that is not finite; expected finite numbers')
  return numbers


def _published(problem: str, validation: float, split_seed: int) -> Dataset:
  names = [f'{problem}_{part}.ts' for part in ('TRAIN', 'TEST')]
  texts = [published.content('timeseries', name).decode('utf-8') for name in names]
  return _dataset(texts, names, validation, split_seed)


def _dataset(texts, sources, validation: float, split_seed: int) -> Dataset:
  train, test = map(parse, texts, sources)
  if (train.classes, train.series[0].shape[1]) != (test.classes, test.series[0].shape[1]):
    raise InputError(
      f'{sources[1]}: other classes or channels than {sources[0]}; expected the same'
    )
  lengths = [len(one) for part in (train, test) for one in part.series]
  steps = max(lengths)
  arrays = []
  for part in (train, test):
    inputs = padded(part.series, steps)
    equal = min(lengths) == steps
    arrays.append({'inputs': inputs['values'] if equal else inputs, 'targets': part.targets})
  learnt, held, _ = split(**arrays[0], validation=validation, test=0, seed=split_seed)
  return Dataset(learnt, held, arrays[1], train.classes)
