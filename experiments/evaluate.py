"""Evaluates a run's checkpoint again and says whether the recorded figures are reproduced.

python -m experiments.evaluate --workdir=runs/a
"""

import json
from pathlib import Path
from typing import Any

from absl import flags

from experiments.launch import launch, plain
from experiments.outcome import figures, lines, selected
from nn_zoo.build import build
from nn_zoo.errors import InputError
from nn_zoo.train.workdir import read_config


def evaluate(workdir: str | Path, select: str = '') -> tuple[dict[str, Any], dict[str, Any] | None]:
  """The figures of a run, computed now, and those that were recorded (None if the run did not finish).

  Args:
    workdir: the folder of the run.
    select: 'last' or 'best'; by default what the config says.
  """
  folder = Path(workdir)
  config = plain(read_config(folder))
  experiment = build(config, fresh=False, folder=folder)
  saved = selected(experiment, folder, select or config['train']['select'], config['seed'])
  found = figures(experiment, saved.state, config['seed'])
  path = folder / 'results.json'
  recorded = json.loads(path.read_text()) if path.exists() else None
  same = recorded and recorded['step'] == saved.step
  return found, recorded['figures'] if same else None


def _main(argv: list[str]) -> int:
  del argv
  if not _WORKDIR.value:
    raise InputError('--workdir=FOLDER is needed: the folder of a run')
  found, recorded = evaluate(_WORKDIR.value, _SELECT.value or '')
  print(lines(found))
  if recorded is None:
    print('no figures are recorded for this step')
    return 0
  print(
    'equal to the recorded figures'
    if found == recorded
    else f'DIFFERS from the recorded:\n{lines(recorded)}'
  )
  return 0 if found == recorded else 1


if __name__ == '__main__':
  _WORKDIR = flags.DEFINE_string('workdir', None, 'folder of the run')
  _SELECT = flags.DEFINE_enum(
    'select', None, ['last', 'best'], "checkpoint; by default the config's choice"
  )
  launch(_main)
