"""Data for detectors that learn from what is normal: class 0 is normal, class 1 an anomaly.

Of the anomalies none is learnt from or chosen by: all of them are in the test part.
"""

import numpy as np

from nn_zoo.data.dataset import Dataset, split, take
from nn_zoo.data.fetch import data_root, located
from nn_zoo.data.idx import fashion_mnist, mnist
from nn_zoo.data.table import numbers, read
from nn_zoo.errors import InputError
from nn_zoo.named import choose

CLASSES = ('normal', 'anomaly')
SHUTTLE = (49097, 3511)  # rows, and anomalies among them


def mnist_one_class(*, normal: int, validation: float, split_seed: int) -> Dataset:
  """Loads one digit of MNIST to learn from, and all 10000 test images to report: that digit or another?

  Args:
    normal: the digit, 0 to 9.
    validation: fraction or number of its training images held out to choose by.
    split_seed: seed of that division.

  Raises:
    InputError: there is no such digit, or as in `mnist`.

  Source of the protocol: Ruff et al. 2018, "Deep one-class classification",
    https://proceedings.mlr.press/v80/ruff18a.html.
  """
  return _one_class(mnist(validation=0, split_seed=0), normal, validation, split_seed)


def fashion_mnist_one_class(*, normal: int, validation: float, split_seed: int) -> Dataset:
  """Loads one kind of clothes of Fashion-MNIST to learn from, and all 10000 test images to report.

  Args:
    normal: the class to learn, 0 to 9.
    validation: see `mnist_one_class`.
    split_seed: seed of the division.

  Raises:
    InputError: there is no such class, or as in `fashion_mnist`.
  """
  return _one_class(fashion_mnist(validation=0, split_seed=0), normal, validation, split_seed)


def shuttle(*, validation: float, test: float, split_seed: int) -> Dataset:
  """Loads the Statlog Shuttle table, 9 sensors of a shuttle's radiators: 45586 normal rows, 3511 others.

  It is read from anomaly/shuttle.csv or .csv.gz below the data folder, the last of its 10 columns being 1 for
  an anomaly: class 1 of the published table is normal, 2, 3, 5, 6 and 7 are anomalies, 4 is left out.

  Args:
    validation: fraction or number of the normal rows held out to choose by.
    test: fraction or number of the normal rows to report beside all anomalies.
    split_seed: seed of the division.

  Raises:
    InputError: the file is missing, or is not that table.

  Source: Statlog (Shuttle), https://archive.ics.uci.edu/dataset/148/statlog+shuttle; as a task of detection:
    Liu, Ting & Zhou 2008, "Isolation forest", https://doi.org/10.1109/ICDM.2008.17.
  """
  path = located(data_root() / 'anomaly' / 'shuttle.csv.gz')
  if not path.exists():
    raise InputError(
      f'{path} is missing: make it of https://archive.ics.uci.edu/dataset/148/statlog+shuttle, nine columns '
      'and a tenth that is 0 for class 1 and 1 for 2, 3, 5, 6 and 7, without class 4'
    )
  inputs, anomalous = _table(str(path), 'anomaly')
  found = (len(anomalous), int(anomalous.sum()))
  if found != SHUTTLE:
    raise InputError(
      f'{path} has {found[0]} rows, {found[1]} of them anomalies; expected {SHUTTLE[0]} and {SHUTTLE[1]}'
    )
  return _learnt_from_normal(inputs, anomalous, validation, test, split_seed)


def anomaly_table(
  *, path: str, target: str, validation: float, test: float, split_seed: int
) -> Dataset:
  """Loads a table of numbers, .csv or .csv.gz, one column of which says with 1 that a line is an anomaly.

  Args:
    path: the file, UTF-8, with a header.
    target: name of the column of zeros and ones; all others are inputs.
    validation: fraction or number of the normal lines held out to choose by.
    test: fraction or number of the normal lines to report beside all anomalies.
    split_seed: seed of the division.

  Raises:
    InputError: the file cannot be read, a cell is not a finite number, the column holds others than 0 and 1,
      or no anomaly.
  """
  inputs, anomalous = _table(path, target)
  return _learnt_from_normal(inputs, anomalous, validation, test, split_seed)


def _one_class(data: Dataset, normal: int, validation: float, seed: int) -> Dataset:
  if not 0 <= normal < len(data.classes):
    raise InputError(f'data.normal={normal}: expected a class of 0 to {len(data.classes) - 1}')
  images = data.train['inputs'][data.train['targets'] == normal]
  labels = np.zeros(len(images), np.int32)
  train, held, _ = split(images, labels, validation=validation, test=0, seed=seed)
  test = data.test | {'targets': np.int32(data.test['targets'] != normal)}
  return Dataset(train, held, test, CLASSES)


def _table(path: str, target: str) -> tuple[np.ndarray, np.ndarray]:
  columns, lines = read(path)
  at = choose({name: i for i, name in enumerate(columns)}, target, f'{path}: target')
  others = [i for i in range(len(columns)) if i != at]
  if not others:
    raise InputError(f"{path}: '{target}' is the only column; expected inputs beside it")
  labels = numbers(lines, columns, [at], path)[:, 0]
  wrong = np.flatnonzero((labels != 0) & (labels != 1))
  if len(wrong):
    line, cells = lines[wrong[0]]
    raise InputError(
      f"{path}: line {line}, column '{target}' holds '{cells[at]}'; expected 0 for normal, 1 for an anomaly"
    )
  if labels.all() or not labels.any():
    what = 'normal line' if labels.all() else 'anomaly'
    raise InputError(
      f"{path}: column '{target}' marks no {what}; without both, nothing can be learnt and judged"
    )
  return numbers(lines, columns, others, path), labels == 1


def _learnt_from_normal(inputs, anomalous, validation, test, seed) -> Dataset:
  normal = inputs[~anomalous]
  labels = np.zeros(len(normal), np.int32)
  train, held, shown = split(normal, labels, validation=validation, test=test, seed=seed)
  if not len(shown['targets']):
    raise InputError(f'data.test={test} leaves no normal row to report; make it larger')
  others = take(inputs, np.flatnonzero(anomalous))
  both = {
    'inputs': np.concatenate([shown['inputs'], others]),
    'targets': np.concatenate([shown['targets'], np.ones(len(others), np.int32)]),
  }
  return Dataset(train, held, both, CLASSES)
