"""The user's own table, in one .csv file."""

import csv
import gzip
import zlib
from pathlib import Path

import numpy as np

from nn_zoo.data.dataset import Dataset, split
from nn_zoo.errors import InputError
from nn_zoo.named import choose

Lines = list[tuple[int, list[str]]]  # (line number in the file, cells)

_LARGEST = float(np.finfo(np.float32).max)


def csv_table(
  *,
  path: str,
  target: str,
  validation: float,
  test: float,
  split_seed: int,
  classification: bool,
) -> Dataset:
  """Loads a table of numbers: a header line, commas between cells, one line an example.

  Args:
    path: the file, UTF-8.
    target: name of the column to predict; all other columns are inputs.
    validation: fraction or number of examples held out to choose by.
    test: fraction or number of examples held out to report.
    split_seed: seed of the division.
    classification: True if the target's distinct values, numbers or words, are classes, which are
      numbered in sorted order; False if they are real numbers.

  Raises:
    InputError: the file cannot be read, the target column is missing, or a cell is not a finite number.
  """
  columns, lines = read(path)
  at = choose({name: i for i, name in enumerate(columns)}, target, f'{path}: target')
  others = [i for i in range(len(columns)) if i != at]
  if not others:
    raise InputError(f"{path}: '{target}' is the only column; expected inputs beside it")
  inputs = numbers(lines, columns, others, path)
  if classification:
    targets, classes = labels(lines, at, target, path)
  else:
    targets, classes = numbers(lines, columns, [at], path), ()
  parts = split(inputs, targets, validation=validation, test=test, seed=split_seed)
  return Dataset(*parts, classes=classes)


def read(path: str, delimiter: str = ',') -> tuple[list[str], Lines]:
  """The names of the columns of a table, .csv or .csv.gz, and its lines.

  Blank lines are left out, but for those amid a table of one column, where they are a cell that is missing.

  Raises:
    InputError: the file cannot be read, has no example, or its lines are of different widths.
  """
  try:
    opened = gzip.open if path.endswith('.gz') else open
    with opened(Path(path).expanduser(), 'rt', newline='', encoding='utf-8-sig') as file:
      reader = csv.reader(file, delimiter=delimiter)
      lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
  except FileNotFoundError as error:
    raise InputError(f'path={path}: there is no such file') from error
  except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
    raise InputError(f'{path}: cannot be read as a table ({error})') from error
  while lines and not lines[-1][1]:
    lines.pop()
  if lines and len(lines[0][1]) > 1:
    lines = [(line, cells) for line, cells in lines if cells]
  if len(lines) < 2:
    raise InputError(f'{path}: expected a header line and at least one example')
  (_, columns), *lines = lines
  if repeated := [name for name in columns if columns.count(name) > 1]:
    raise InputError(f"{path}: two columns are called '{repeated[0]}'; expected distinct names")
  lines = [(line, cells or ['']) for line, cells in lines]
  for line, cells in lines:
    if len(cells) != len(columns):
      raise InputError(f'{path}: line {line} has {len(cells)} cells; expected {len(columns)}')
  return columns, lines


def labels(lines: Lines, at: int, column: str, path: str) -> tuple[np.ndarray, tuple[str, ...]]:
  """Class indices of the cells at one place, and the names of the classes in sorted order.

  Raises:
    InputError: a cell is empty.
  """
  names = [_label(line, cells[at], column, path) for line, cells in lines]
  classes = _in_order(set(names))
  index = {name: i for i, name in enumerate(classes)}
  return np.array([index[name] for name in names], np.int32), classes


def numbers(lines: Lines, columns: list[str], wanted: list[int], path: str) -> np.ndarray:
  """The cells of some columns, [lines, columns].

  Raises:
    InputError: a cell is not a finite number; the line and the column are named.
  """
  rows = [[_number(line, cells[i], columns[i], path) for i in wanted] for line, cells in lines]
  return np.array(rows, np.float32)


def _number(line: int, cell: str, column: str, path: str) -> float:
  try:
    number = float(cell)
  except ValueError:
    number = float('nan')
  if not abs(number) <= _LARGEST:
    raise InputError(
      f"{path}: line {line}, column '{column}' holds '{cell}'; "
      'expected a finite number in the range of float32'
    )
  return number


def _label(line: int, cell: str, column: str, path: str) -> str:
  if cell.lower() in ('', 'nan'):
    raise InputError(f"{path}: line {line}, column '{column}' holds '{cell}'; expected a class")
  return cell


def _in_order(names: set[str]) -> tuple[str, ...]:
  try:
    return tuple(sorted(names, key=lambda name: (float(name), name)))
  except ValueError:
    return tuple(sorted(names))
