"""What the fields of a model may be, whichever model they belong to."""

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

from nn_zoo.errors import InputError

Range = tuple[Callable[[Real], bool], str]

POSITIVE: Range = (lambda value: value > 0, 'a number above 0')
COUNT: Range = (lambda value: value >= 0, '0 or more')
SHARE: Range = (lambda value: 0 <= value < 1, 'less than 1 and at least 0')
_SHARES = 'dropout drop_path stochastic_depth'
_COUNTS = 'classes embedding hidden kv_heads projection source_vocabulary vocabulary window'
_SIZES = (
  'context decoder_layers depth depths encoder_layers features grid heads kernel_size kernel_sizes '
  'last_width latent layers length patch shape stages units width widths'
)
RANGES: dict[str, Range] = {
  name: span
  for names, span in ((_SHARES, SHARE), (_COUNTS, COUNT), (_SIZES, POSITIVE))
  for name in names.split()
}


def check_ranges(fields: Mapping[str, Any]) -> None:
  """Checks each number among the fields, and each of a tuple of numbers.

  Raises:
    InputError: one that is out of its range, in one line that names the field.
  """
  for name, value in fields.items():
    if name not in RANGES:
      continue
    fits, expected = RANGES[name]
    for number in _numbers(value):
      if not fits(number):
        raise InputError(f'model.{name}={value!r}: expected {expected}, got {number!r}')


def _numbers(value):
  if isinstance(value, Real):
    return [value]
  if isinstance(value, tuple | list):
    return [number for each in value for number in _numbers(each)]
  return []
