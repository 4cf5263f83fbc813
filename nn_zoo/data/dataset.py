"""What every data source returns, how it is divided, and what it may not hold.

Shapes: N examples, H height, W width, C channels, T time steps, K outputs.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from nn_zoo.errors import InputError

Split = dict[str, Any]  # arrays, or trees of arrays, with one row an example


class Dataset(NamedTuple):
  """Three splits of `inputs` [N, ...] and `targets`; validation and test may have no rows.

  Args:
    train: the examples to learn from. Images are uint8 [N, H, W, C], everything else float32; sequences
      are [N, T, C]. Those of unequal length, and texts, are {'values': [N, T, C], or int32 token ids [N, T],
      'length': int32 [N]}, with 0 after the end. Targets are int32 class indices [N], or float32 real
      numbers [N, K]; of music, inputs and targets are bool [N, T, K].
    validation: the examples to choose by.
    test: the examples to report.
    classes: one name for each class index; () where targets are real numbers.
    vocabulary: the word of each token id; () where inputs are no tokens.
    fresh: (batch_size, seed) -> a train stream of the data's own: of examples drawn anew, of which `train` is
      a sample, or of texts by their length; None where any stream of `train` will do.
    tokenizers: of inputs and targets, where both are texts whose tokens are no characters; else None.
      Targets are then {'values', 'length'} of token ids as inputs are, but for the one long text of a
      language model.
    remarks: what a reader of the figures should know of the data, such as texts that were cut; for the log
      and the report.
    stacked: whether a class is a tuple of labels, one a channel of the images, of which the last counts ones.
  """

  train: Split
  validation: Split
  test: Split
  classes: tuple[str, ...]
  vocabulary: tuple[str, ...] = ()
  fresh: Callable[[int, int], Any] | None = None
  tokenizers: tuple[Any, Any] | None = None
  stacked: bool = False
  remarks: tuple[str, ...] = ()


def take(tree: Any, rows: np.ndarray | slice) -> Any:
  """Some rows of every array of a tree."""
  return jax.tree.map(lambda array: array[rows], tree)


def split(
  inputs: Any, targets: np.ndarray, *, validation: float, test: float, seed: int
) -> tuple[Split, Split, Split]:
  """Divides examples at random into train, validation and test, decided by `seed` alone.

  The test examples are drawn first, so that another `validation` leaves the test set as it was.

  Args:
    inputs: an array or a tree of arrays, one row an example.
    targets: one row an example.
    validation: a fraction in [0, 1) if it is a float, a number of examples if it is an int.
    test: likewise.
    seed: of the permutation.

  Raises:
    InputError: a size is neither of the two, or no training example is left.
  """
  examples = len(targets)
  held = [count('test', test, examples), count('validation', validation, examples)]
  if sum(held) >= examples:
    raise InputError(
      f'validation={validation} and test={test} leave no training example of {examples}: '
      'make them smaller'
    )
  test_rows, validation_rows, train_rows = np.split(_order(examples, seed), np.cumsum(held))
  return tuple(
    take({'inputs': inputs, 'targets': targets}, rows)
    for rows in (train_rows, validation_rows, test_rows)
  )


def split_fold(
  inputs: Any, targets: np.ndarray, *, validation: float, fold: int, folds: int, seed: int
) -> tuple[Split, Split, Split]:
  """Divides examples for cross-validation: part `fold` of `folds` equal ones is tested, the rest learnt from.

  Args:
    inputs: an array or a tree of arrays, one row an example.
    targets: one row an example.
    validation: fraction or number of the other parts' examples to choose by.
    fold: which part, counted from 0.
    folds: how many parts.
    seed: of the permutation.

  Raises:
    InputError: there is no such part, or no training example is left.
  """
  if not (2 <= folds <= len(targets) and 0 <= fold < folds):
    raise InputError(
      f'fold={fold} of folds={folds}: expected 2 or more folds, and fold 0 to folds - 1'
    )
  parts = np.array_split(_order(len(targets), seed), folds)
  test, rest = parts[fold], np.concatenate(parts[:fold] + parts[fold + 1 :])
  arrays = {'inputs': inputs, 'targets': targets}
  train, held, _ = split(**take(arrays, rest), validation=validation, test=0, seed=seed)
  return train, held, take(arrays, test)


def keep_classes(
  labels: np.ndarray, names: tuple[str, ...], keep: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
  """The rows of some classes, their labels counted anew from 0 in the order of `keep`, and their names.

  Args:
    labels: class indices, one a row.
    names: of all classes.
    keep: class indices; () for all.

  Raises:
    InputError: `keep` names a class twice or one that there is not, or fewer than two.
  """
  if not keep:
    return np.arange(len(labels)), labels, names
  if len(keep) < 2 or len(set(keep)) < len(keep) or not set(keep) <= set(range(len(names))):
    raise InputError(
      f'data.keep={tuple(keep)}: expected at least two different classes of 0 to {len(names) - 1}, '
      'or () for all'
    )
  place = np.full(len(names), -1, labels.dtype)
  place[list(keep)] = np.arange(len(keep))
  rows = np.flatnonzero(place[labels] >= 0)
  return rows, place[labels[rows]], tuple(names[label] for label in keep)


def first(part: Split, limit: int) -> Split:
  """The first `limit` examples, which are random ones of what was divided by `split`; 0 for all.

  Raises:
    InputError: there are not as many.
  """
  examples = len(part['targets'])
  if not 0 <= limit <= examples:
    raise InputError(
      f'data.limit={limit}: expected 1 to {examples} training examples, or 0 for all'
    )
  return take(part, slice(limit or None))


def check(
  inputs: np.ndarray, targets: np.ndarray, *, classes: int, source: str, prefix: str = ''
) -> None:
  """Refuses examples that no training run could survive, naming the array and the row.

  Args:
    inputs: one row an example.
    targets: one row an example.
    classes: class indices must lie in [0, classes); 0 if the targets are real numbers.
    source: the file that holds the arrays, for the message.
    prefix: comes before 'inputs' and 'targets' in the arrays' names, for the message.

  Raises:
    InputError: the lengths differ, a value is not finite, or a class index is out of range.
  """
  if len(inputs) != len(targets):
    raise InputError(
      f"{source}: '{prefix}inputs' has {len(inputs)} rows and '{prefix}targets' {len(targets)}; "
      'expected one target an input'
    )
  for name, array in (('inputs', inputs), ('targets', targets)):
    if row := _first(~np.isfinite(array)):
      raise InputError(
        f"{source}: array '{prefix}{name}', row {row[0]} (counted from 0) holds {array[row]}; "
        'expected finite numbers in the range of float32'
      )
  if classes and (row := _first((targets < 0) | (targets >= classes))):
    raise InputError(
      f"{source}: array '{prefix}targets', row {row[0]} (counted from 0) holds class "
      f'{targets[row]}; expected class indices 0 to {classes - 1}'
    )


def at_least(key: str, value: int, least: int) -> int:
  """Returns `value`, the config's `key`, unless it is below `least`."""
  if value < least:
    raise InputError(f'{key}={value!r}: expected at least {least}')
  return value


def _order(examples: int, seed: int) -> np.ndarray:
  return np.random.default_rng(at_least('split_seed', seed, 0)).permutation(examples)


def _first(wrong: np.ndarray) -> tuple[int, ...]:
  return tuple(map(int, np.unravel_index(wrong.argmax(), wrong.shape))) if wrong.any() else ()


def count(key: str, size: float, examples: int) -> int:
  """How many of `examples` the config's `key` stands for, whose `size` is a fraction below 1 or a number.

  Raises:
    InputError: it is neither.
  """
  if isinstance(size, float) and 0 <= size < 1:
    return round(size * examples)
  if (isinstance(size, int) and size >= 0) or (size > 1 and size == int(size)):
    return int(size)
  raise InputError(
    f'{key}={size!r}: expected a fraction below 1, such as 0.1, or a number of examples, such as 500'
  )
