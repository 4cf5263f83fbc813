"""The user's own arrays, in one .npz file."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from nn_zoo.data.dataset import Dataset, Split, at_least, check, split
from nn_zoo.errors import InputError


def arrays(
  *, path: str, validation: float, test: float, split_seed: int, classes: int = 0
) -> Dataset:
  """Loads `inputs` [N, ...] and `targets` from an .npz file.

  Inputs of type uint8 [N, H, W] or [N, H, W, C] are images; all others become float32. Integer targets [N]
  are class indices; floating-point targets [N] or [N, K] are real numbers. A file with an official
  division also holds `validation_inputs` and `validation_targets`, or `test_inputs` and `test_targets`.

  Args:
    path: the file, as `numpy.savez` writes it.
    validation: fraction or number of examples held out to choose by; 0 if the file holds its own.
    test: fraction or number of examples held out to report; 0 if the file holds its own.
    split_seed: seed of the division.
    classes: number of classes; 0 counts them, up to the largest index.

  Raises:
    InputError: the file or an array is missing, damaged or of the wrong shape; a value is not finite;
      a class index is out of range.
  """
  return divided(read(path), path, validation, test, split_seed, classes)


def divided(
  stored: dict[str, np.ndarray],
  path: str,
  validation: float,
  test: float,
  split_seed: int,
  classes: int,
  lengths: dict[str, np.ndarray] | None = None,
) -> Dataset:
  """A data set of the arrays of a file, see `arrays`; `lengths` of sequences are keyed as `stored` is."""
  given = [part for part in ('validation', 'test') if f'{part}_inputs' in stored]
  for part, size in (('validation', validation), ('test', test)):
    if part in given and size:
      raise InputError(f"{part}={size}: {path} holds '{part}_inputs' itself; expected {part}=0")
  pairs = {prefix: _pair(stored, path, prefix) for prefix in ('', *(f'{part}_' for part in given))}
  classes = _classes(pairs, path, at_least('classes', classes, 0))
  for prefix, pair in pairs.items():
    _check_like(pair, pairs[''], path, prefix)
    check(**pair, classes=classes, source=path, prefix=prefix)
  for prefix, pair in pairs.items():
    if classes:
      pair['targets'] = pair['targets'].astype(np.int32)
    if lengths:
      pair['inputs'] = {'values': pair['inputs'], 'length': lengths[f'{prefix}length']}
  parts = split(**pairs[''], validation=validation, test=test, seed=split_seed)
  held = {part: pairs[f'{part}_'] for part in given}
  return Dataset(*parts, classes=tuple(str(i) for i in range(classes)))._replace(**held)


def read(path: str) -> dict[str, np.ndarray]:
  """The arrays of an .npz file by name; nothing in it is executed."""
  try:
    with Path(path).expanduser().open('rb') as file, np.load(file, allow_pickle=False) as stored:
      return dict(stored)
  except FileNotFoundError as error:
    raise InputError(f'path={path}: there is no such file') from error
  except (OSError, EOFError, ValueError, TypeError, zipfile.BadZipFile, zlib.error) as error:
    raise InputError(f'{path}: not a sound .npz file of plain arrays ({error})') from error


def _pair(stored: dict[str, np.ndarray], path: str, prefix: str) -> Split:
  pair = {}
  for name, accepted in (('inputs', _inputs), ('targets', _targets)):
    array = stored.get(prefix + name)
    if array is None:
      there = ', '.join(sorted(stored)) or 'none'
      raise InputError(f"{path}: array '{prefix}{name}' is missing; there are: {there}")
    pair[name] = accepted(array, f"{path}: array '{prefix}{name}' is {described(array)}; expected")
  return pair


def _inputs(array: np.ndarray, refusal: str) -> np.ndarray:
  if array.dtype.kind not in 'biuf' or array.ndim < 2:
    raise InputError(f'{refusal} numbers [examples, ...]')
  if array.dtype == np.uint8 and array.ndim in (3, 4):
    return array if array.ndim == 4 else array[..., None]
  return _float32(array)


def _targets(array: np.ndarray, refusal: str) -> np.ndarray:
  if array.dtype.kind in 'biu' and array.ndim == 1:
    return array.astype(np.int64)
  if array.dtype.kind == 'f' and array.ndim in (1, 2):
    return _float32(array if array.ndim == 2 else array[:, None])
  raise InputError(
    f'{refusal} integer class indices [examples], or real numbers (floating-point) [examples] or '
    '[examples, outputs]'
  )


def _float32(array: np.ndarray) -> np.ndarray:
  with np.errstate(over='ignore'):  # what overflows becomes infinite, and `check` names its row
    return array.astype(np.float32)


def _classes(pairs: dict[str, Split], path: str, classes: int) -> int:
  targets = [pair['targets'] for pair in pairs.values()]
  if targets[0].dtype.kind == 'f':
    if classes:
      raise InputError(
        f"classes={classes}: array 'targets' of {path} is floating-point; expected integers"
      )
    return 0
  counted = 1 + max(int(array.max(initial=0)) for array in targets)
  if not classes and counted > len(targets[0]):
    raise InputError(
      f"{path}: array 'targets' holds integers up to {counted - 1} in {len(targets[0])} rows; "
      'give classes, or save real-valued targets as float32'
    )
  return classes or counted


def _check_like(pair: Split, train: Split, path: str, prefix: str) -> None:
  for name, array in pair.items():
    if (array.dtype, array.shape[1:]) != (train[name].dtype, train[name].shape[1:]):
      raise InputError(
        f"{path}: array '{prefix}{name}' is {described(array)}, but '{name}' is "
        f'{described(train[name])}; expected the same type and shape'
      )


def described(array: np.ndarray) -> str:
  """Type and shape in words."""
  return f'{array.dtype} {list(array.shape)}'
