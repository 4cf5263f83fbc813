"""Trains a config many times at once: seeds, folds of a cross-validation, values of any key.

  python -m experiments.sweep --config=configs/mlp_diabetes.py --seeds=8
  python -m experiments.sweep --config=configs/text_cnn_reviews.py --folds=10
  python -m experiments.sweep --seeds=3 --set=optimizer.learning_rate=1e-3,3e-3

Members whose programs are alike, since they differ in seed, learning rate and data alone, are trained side by
side as one compiled program; others come one program after the other. The workdir then holds config.json,
environment.json, results.json and report.html; a sweep keeps no checkpoints.

Configs:
{configs}
"""

import hashlib
import json
import logging
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from absl import flags
from ml_collections import ConfigDict

from experiments.launch import config_path, define_config, launch, plain
from experiments.members import alike, built, combinations, parse
from experiments.outcome import measured
from experiments.sweep_report import lines, setting, write_report
from nn_zoo.errors import InputError
from nn_zoo.train.population import fit_population
from nn_zoo.train.record import Record
from nn_zoo.train.workdir import open_workdir, write_json

REPEATED = ('seed', 'data.fold')  # keys whose values are repetitions of one setting
# Keys of config.train.
LOOP = ('steps', 'log_every', 'eval_every', 'monitor', 'mode', 'patience', 'select')


def sweep(
  config: ConfigDict,
  values: Mapping[str, Sequence[Any]],
  workdir: str | Path,
  *,
  name: str = 'sweep',
  command: str = '',
) -> dict[str, Any]:
  """Trains and evaluates all members; returns what results.json holds.

  Args:
    config: with the keys that all share.
    values: dotted key of the config -> its values; members are all their combinations.
    workdir: the folder of the sweep.
    name: of the config, for the report.
    command: that runs it again, for the report.
  """
  members = list(combinations(config, values))
  experiments = built([own for _, own in members])
  folder = open_workdir(workdir, plain(config) | {'sweep': dict(values)})
  together, rows, timing = alike(experiments, [own for _, own in members]), [], {}
  results: list[dict[str, Any]] = [{} for _ in members]
  for places in together:
    record = Record()
    chosen = [(members[place], experiments[place]) for place in places]
    for place, found in zip(places, _trained(chosen, record), strict=True):
      results[place] = found
    rows += record.rows
    timing = {key: timing.get(key, 0) + value for key, value in record.timing.items()}
  table = {
    'name': name,
    'command': command,
    'workdir': str(folder),
    'programs': len(together),
    'summary': summary(results),
    'members': results,
    'timing': timing,
  }
  write_json(folder / 'results.json', table)
  write_report(folder, experiments[0], table, rows if len(together) == 1 else [], plain(config))
  return table


def summary(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
  """For each setting but for its repetitions: mean and sample deviation of every scalar figure by split.

  A single member has no deviation: None.
  """
  settings: dict[str, list[Mapping[str, Any]]] = {}
  for one in results:
    own = {key: value for key, value in one['set'].items() if key not in REPEATED}
    settings.setdefault(json.dumps(own), []).append(one['figures'])
  return [
    {'set': json.loads(own), 'members': len(figures), 'figures': _moments(figures)}
    for own, figures in settings.items()
  ]


def _moments(figures):
  moments: dict[str, Any] = {}
  for split, values in figures[0].items():
    moments[split] = {}
    for name, first in values.items():
      found = [each[split].get(name) for each in figures]  # a member that diverged has no measures
      if isinstance(first, float | None) and not any(value is None for value in found):
        deviation = float(np.std(found, ddof=1)) if len(found) > 1 else None
        moments[split][name] = {'mean': float(np.mean(found)), 'deviation': deviation}
  return moments


def _trained(chosen, record: Record) -> Iterator[dict[str, Any]]:
  first, train = chosen[0][1], chosen[0][0][1]['train']
  seeds = [own['seed'] for (_, own), _ in chosen]
  rates = np.float32([own['optimizer']['learning_rate'] for (_, own), _ in chosen])
  found = fit_population(
    first.at_rate,
    rates,
    [experiment.train for _, experiment in chosen],
    {split: [experiment.evals[split] for _, experiment in chosen] for split in first.evals},
    seeds=seeds,
    record=record,
    **{key: train[key] for key in LOOP},
  )
  for index, ((changes, _), experiment) in enumerate(chosen):
    # The first one's task is the same, and is compiled for all.
    own = experiment._replace(task=first.task)
    state = jax.tree.map(lambda array, index=index: array[index], found.states)
    name = setting(changes)
    figures = measured(own, state, seeds[index], found.figures[index], f'{name},')
    trouble = found.diverged[index] or own.trouble(found.rows[index])
    if trouble:
      logging.getLogger(__name__).warning('%s: %s', name, trouble)
    verdicts = ((split, own.verdict(values)) for split, values in figures.items())
    said = [trouble, *(f'{split}: {verdict}' for split, verdict in verdicts if verdict)]
    one = {'set': changes, 'step': found.steps[index], 'figures': figures}
    yield one | {'trouble': [line for line in said if line]}


def _main(argv: list[str]) -> int:
  del argv
  path, config, values = config_path(sys.argv), _CONFIG.value, parse(_SET.value)
  if _FOLDS.value:
    if 'folds' not in config.data:
      raise InputError(f'--folds={_FOLDS.value}: data {config.data.name!r} has no folds to set')
    config.data.folds = _FOLDS.value
    values['data.fold'] = tuple(range(_FOLDS.value))
  if _SEEDS.value:
    values['seed'] = tuple(range(config.seed, config.seed + _SEEDS.value))
  if not values:
    raise InputError('nothing to sweep over: expected --seeds, --folds or --set=KEY=VALUE,VALUE')
  digest = hashlib.sha256(json.dumps([plain(config), values], sort_keys=True).encode()).hexdigest()
  workdir = _WORKDIR.value or Path('runs') / f'sweep-{Path(path).stem}-{digest[:8]}'
  command = shlex.join(['python', '-m', 'experiments.sweep', *sys.argv[1:]])
  table = sweep(config, values, workdir, name=Path(path).stem, command=command)
  print(lines(table))
  print(f'report: {table["workdir"]}/report.html')
  return 0


if __name__ == '__main__':
  _CONFIG = define_config()
  _SET = flags.DEFINE_multi_string('set', [], 'KEY=VALUE,VALUE,...: a key of the config, values')
  _SEEDS = flags.DEFINE_integer('seeds', 0, 'how many seeds, from config.seed on', lower_bound=0)
  _FOLDS = flags.DEFINE_integer('folds', 0, 'parts of a cross-validation', lower_bound=0)
  _WORKDIR = flags.DEFINE_string('workdir', None, 'folder; by default runs/sweep-NAME-HASH')
  launch(_main)
