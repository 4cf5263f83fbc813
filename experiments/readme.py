"""Writes the README's tables of parts anew, from the code that they describe.

python -m experiments.readme
"""

import inspect
import json
import re
from collections.abc import Callable, Mapping
from functools import partial

from experiments import remedies
from experiments.benchmark import recorded
from experiments.launch import ROOT, config_list, launch
from nn_zoo.data import SOURCES
from nn_zoo.data.augmentation import AUGMENTATIONS
from nn_zoo.errors import InputError
from nn_zoo.layers.activation import ACTIVATIONS
from nn_zoo.models import MODELS
from nn_zoo.models.presets import PRESETS
from nn_zoo.ops.losses import LOSSES
from nn_zoo.tasks import TASKS
from nn_zoo.train.optimizers import OPTIMIZERS
from nn_zoo.train.schedule import SCHEDULES


def _parts(entries: Mapping) -> str:
  rows = [f'| `{name}` | {entry.equation} | {entry.source} |' for name, entry in entries.items()]
  return '\n'.join(['| name | equation | source |', '|---|---|---|', *rows])


def _described(entries: Mapping) -> str:
  rows = [f'| `{name}` | {_first(entry)} |' for name, entry in entries.items()]
  return '\n'.join(['| name | what it is |', '|---|---|', *rows])


def _models() -> str:
  presets = [f'| `{name}` | `{of.model}`: {of.about}. |' for name, of in PRESETS.items()]
  return '\n'.join([_described(MODELS), *presets])


def _first(entry) -> str:
  function = getattr(entry, 'func', entry)
  return ' '.join(inspect.getdoc(function).partition('\n\n')[0].split()).replace('|', '\\|')


def _parity() -> str:
  record = json.loads((ROOT / 'tests' / 'parity' / 'differences.json').read_text())
  columns = ('outputs', 'gradients', 'parameters', 'statistics')

  def cell(by_dtype: Mapping[str, float]) -> str:
    return ', '.join(f'{largest:.0e} ({dtype})' for dtype, largest in by_dtype.items())

  head = ['compared', *columns[:2], *(f'{name} after ten steps' for name in columns[2:])]
  lines = [head, ['---'] * len(head)]
  for subject, found in record['differences'].items():
    lines.append([subject, *(cell(found.get(column, {})) for column in columns)])
  versions = ', '.join(f'{name} {number}' for name, number in record['versions'].items())
  table = '\n'.join(f'| {" | ".join(line)} |' for line in lines)
  return f'{table}\n\nMeasured with {versions} on a CPU ({record["machine"]}).'


TABLES: dict[str, Callable[[], str]] = {
  'configs': lambda: f'```\n{config_list()}\n```',
  'models': _models,
  'tasks': lambda: _described(TASKS),
  'data': lambda: _described(SOURCES),
  'augmentations': lambda: _described(AUGMENTATIONS),
  'activations': lambda: _parts(ACTIVATIONS),
  'losses': lambda: _parts(LOSSES),
  'optimizers': lambda: _parts(OPTIMIZERS),
  'schedules': lambda: _parts(SCHEDULES),
  'parity': _parity,
  'benchmark': recorded.table,
  'remedies': remedies.table,
}


def updated(text: str, tables: Mapping[str, Callable[[], str]]) -> str:
  """The text with what stands between `<!-- table: NAME -->` and `<!-- end -->` written anew."""
  for name, make in tables.items():
    pattern = rf'(<!-- table: {name} -->\n)(?:(?!<!-- ).)*(<!-- end -->)'
    body = make() + '\n'
    write = partial(_between, body)
    text, count = re.subn(pattern, write, text, flags=re.DOTALL)
    if count != 1:
      raise InputError(f'README.md: expected one place for the table {name!r}, found {count}')
  return text


def _between(body: str, found: re.Match) -> str:
  return found[1] + body + found[2]


def _main(argv: list[str]) -> int:
  del argv
  path = ROOT / 'README.md'
  path.write_text(updated(path.read_text(), TABLES))
  return 0


if __name__ == '__main__':
  launch(_main)
