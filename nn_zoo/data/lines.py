"""Texts that stand line by line in files, one file beside the other or with a tab between."""

import gzip
import logging
import zlib
from pathlib import Path

from nn_zoo.errors import InputError

Texts = tuple[list[str], list[str]]  # sources and their targets


def aligned(source: str, target: str) -> Texts:
  """The lines of two files that belong together, without pairs of which either is blank.

  Raises:
    InputError: a file cannot be read or is blank, or they are of different lengths.
  """
  sides = _lines(source), _lines(target)
  if len(sides[0]) != len(sides[1]):
    raise InputError(
      f'{source} has {len(sides[0])} lines and {target} {len(sides[1])}; '
      'expected one target line a source line'
    )
  return _filled(list(zip(*sides, strict=True)), f'{source} and {target}')


def columns(path: str) -> Texts:
  """The sources and targets of a file with a tab in each line, without pairs of which either is blank.

  Raises:
    InputError: the file cannot be read or is blank, or a line has not two columns.
  """
  rows = [line.split('\t') for line in _lines(path)]
  for number, row in enumerate(rows, 1):
    if len(row) != 2 and any(map(str.strip, row)):
      raise InputError(
        f'{path}: line {number} has {len(row)} columns; expected a source, a tab and a target'
      )
  return _filled([row for row in rows if len(row) == 2], path)


def _filled(rows: list, files: str) -> Texts:
  kept = [(a.strip(), b.strip()) for a, b in rows if a.strip() and b.strip()]
  if not kept:
    raise InputError(f'{files}: no pair of two texts; expected one a line')
  if len(kept) < len(rows):
    logging.getLogger(__name__).info(
      '%s: %d of %d pairs are blank and left out', files, len(rows) - len(kept), len(rows)
    )
  sources, targets = zip(*kept, strict=True)
  return list(sources), list(targets)


def _lines(path: str) -> list[str]:
  try:
    content = Path(path).expanduser().read_bytes()
    content = gzip.decompress(content) if path.endswith('.gz') else content
  except OSError as error:
    raise InputError(f'{path}: cannot be read ({error.strerror or error})') from error
  except (EOFError, zlib.error) as error:
    raise InputError(f'{path}: truncated or corrupt ({error})') from error
  return decoded(content, path)


def decoded(content: bytes, source: str) -> list[str]:
  """The lines of a text in UTF-8.

  Raises:
    InputError: a line is no UTF-8, or all are blank.
  """
  lines = []
  for number, line in enumerate(content.removeprefix(b'\xef\xbb\xbf').split(b'\n'), 1):
    try:
      lines.append(line.decode('utf-8').rstrip('\r'))
    except UnicodeDecodeError as error:
      raise InputError(
        f'{source}: line {number} holds byte 0x{line[error.start]:02x}, which is no UTF-8; '
        'save the text as UTF-8'
      ) from error
  if not lines[-1]:
    lines.pop()
  if not any(map(str.strip, lines)):
    raise InputError(
      f'{source}: the text is {"blank" if lines else "empty"}; expected a text a line'
    )
  return lines
