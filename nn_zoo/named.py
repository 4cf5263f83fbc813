"""Calling an entry of a table by name with fields from a config, and saying clearly what does not fit."""

import difflib
import fnmatch
import inspect
import numbers
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from nn_zoo.errors import InputError

DType = str | type | np.dtype | None  # of a computation, such as 'bfloat16'

_KINDS = {
  int: (numbers.Integral, 'an integer'),
  float: (numbers.Real, 'a number'),
  bool: (bool, 'True or False'),
  str: (str, 'a string'),
}


def nearest(name: str, names: Iterable[str]) -> str:
  """' Did you mean ...?' if one of `names` is near `name`, else ''."""
  close = difflib.get_close_matches(str(name), list(names), 1)
  return f' Did you mean {close[0]!r}?' if close else ''


def match(pattern: str, names: Iterable[str]) -> list[str]:
  """The names that fit a pattern of the shell's kind, such as 'le*', in order."""
  return sorted(fnmatch.filter(names, pattern))


def choose(table: Mapping[str, Any], name: str, where: str) -> Any:
  """table[name].

  Raises:
    InputError: there is no such name; the line names `where` it was asked for, and what there is.
  """
  if name not in table:
    known = ', '.join(sorted(table))
    raise InputError(f'{where}={name!r} is unknown.{nearest(name, table)} There are: {known}')
  return table[name]


def call(table: Mapping[str, Callable], where: str, name: str, *args, given=None, **fields) -> Any:
  """table[name](*args, **given, **fields), once name, keys and types of `fields` have been checked.

  Args:
    table: name -> function or class.
    where: the section of the config, for the error's line.
    name: the entry.
    *args: positional arguments that come before the fields.
    given: keyword arguments that are not the config's to set.
    **fields: the section of the config.

  Raises:
    InputError: an unknown name, an unknown key (with the nearest right one), a wrong type, a missing key.
  """
  given = given or {}
  function = choose(table, name, f'{where}.name')
  check(function, where, name, (*given, 'parent', 'name'), len(args), fields)
  return function(*args, **given, **fields)


def check(function, where: str, name: str, reserved, skip: int, fields: Mapping[str, Any]) -> None:
  """Checks `fields` against a function's keyword parameters, without `reserved` and the first `skip`.

  Raises:
    InputError: an unknown key (with the nearest right one), a wrong type, a missing key.
  """
  parameters = list(inspect.signature(function).parameters.values())[skip:]
  schema = {p.name: p for p in parameters if p.kind != p.VAR_KEYWORD and p.name not in reserved}
  open_ended = any(p.kind == p.VAR_KEYWORD for p in parameters)
  for key, value in fields.items():
    if key in schema:
      _check_type(f'{where}.{key}', value, _hint(schema[key]))
    elif not open_ended:
      takes = ', '.join(schema) or 'no keys'
      raise InputError(
        f'{where}.{key}: {name} has no such key.{nearest(key, schema)} It takes: {takes}'
      )
  missing = [key for key, p in schema.items() if p.default is p.empty and key not in fields]
  if missing:
    raise InputError(f'{where}: {name} needs {", ".join(missing)}')


def _hint(parameter: inspect.Parameter) -> Any:
  # Libraries annotate their numbers loosely; a default such as 0.9 says what is meant.
  return float if type(parameter.default) is float else parameter.annotation


def _check_type(where: str, value: Any, hint: Any) -> None:
  kind = typing.get_origin(hint) or hint
  if kind is tuple:
    if not isinstance(value, tuple | list):
      raise InputError(f'{where}={value!r}: expected a tuple such as (256, 128)')
    for item in value:
      _check_type(where, item, typing.get_args(hint)[0])
  elif kind in _KINDS:
    accepted, words = _KINDS[kind]
    boolean = isinstance(value, bool) and kind is not bool
    if boolean or not isinstance(value, accepted):
      raise InputError(f'{where}={value!r}: expected {words}')
  elif hint == DType:
    try:
      np.dtype(value)
    except TypeError:
      raise InputError(f"{where}={value!r}: expected 'float32', 'bfloat16' or the like") from None
