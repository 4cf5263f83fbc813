"""Draws finished runs side by side, against the time that they trained.

python -m experiments.compare --workdir=runs/gru --workdir=runs/transformer

compare.html goes into the first workdir: every metric of the validation examples (of the test examples, where
there are none) over minutes of training, and what each run came to. Evaluation and compiling are left out of
the time. With `--config.train.watch=true` a run measures what is no mean over examples, such as BLEU, at
every evaluation, too.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
from absl import flags

from experiments.launch import launch
from experiments.outcome import Finished, finished
from nn_zoo.errors import InputError
from nn_zoo.report import figures, markup, theme

RATES = ('steps_per_second', 'examples_per_second', 'tokens_per_second')


def compare(workdirs: Sequence[str | Path]) -> str:
  """The page, as HTML that needs nothing else.

  Raises:
    InputError: fewer than two runs, or one that is not finished.
  """
  if len(workdirs) < 2:
    raise InputError('expected two runs or more: --workdir=FOLDER --workdir=FOLDER')
  runs = [finished(Path(workdir)) for workdir in workdirs]
  title = ' and '.join(run.name for run in runs)
  body = f'<section><h2>Outcome</h2>{_outcome(runs)}</section>'
  body += f'<section><h2>Over time</h2>{_curves(runs)}</section>'
  return (
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    f'<title>{escape(title)}</title>\n<style>{theme.style()}</style></head>\n'
    f'<body><header><h1>{escape(title)}</h1></header>{body}</body></html>\n'
  )


def _split(run: Finished) -> str:
  return next((split for split in ('validation', 'test') if split in run.results['figures']), '')


def _curves(runs: Sequence[Finished]) -> str:
  drawn = []
  names = dict.fromkeys(key for run in runs for row in run.rows for key in row)
  for metric in sorted(set(names) - set(figures.NOTED), key=[*names].index):
    points = {run.name: xy for run in runs if len(xy := _points(run, metric)) > 1}
    if len(points) > 1:
      drawn.append(figures.curve(metric, points, 'minutes of training'))
  note = '<p class="note">No metric was evaluated twice in two runs.</p>'
  return f'<div class="charts">{"".join(drawn)}</div>' if drawn else note


def _points(run: Finished, metric: str) -> np.ndarray:
  minutes = 1 / (60 * run.results['timing']['steps_per_second'])
  split = _split(run)
  found = [
    (minutes * row['step'], row[metric])
    for row in run.rows
    if row['split'] == split and row.get(metric) is not None
  ]
  return np.array(found, float).reshape(-1, 2)


def _outcome(runs: Sequence[Finished]) -> str:
  timing = [run.results['timing'] for run in runs]
  rates = [rate for rate in RATES if all(rate in each for each in timing)]
  shown = {
    (split, name): None
    for run in runs
    for split, values in run.results['figures'].items()
    for name, value in values.items()
    if isinstance(value, float)
  }
  rows = []
  for run, each in zip(runs, timing, strict=True):
    values = [run.results['figures'].get(split, {}).get(name) for split, name in shown]
    spent = [markup.duration(each['train_seconds']), *(float(f'{each[r]:.3g}') for r in rates)]
    rows.append((run.name, run.results['step'], *spent, *values))
  heads = ['run', 'step', 'training', *(markup.spaced(rate) for rate in rates)]
  heads += [markup.spaced(f'{split} {name}') for split, name in shown]
  return markup.table(heads, 'l' + 'r' * (len(heads) - 1), rows)


def _main(argv: list[str]) -> int:
  del argv
  page = compare(_WORKDIRS.value)
  path = Path(_WORKDIRS.value[0]) / 'compare.html'
  path.write_text(page, encoding='utf-8')
  print(f'comparison: {path}')
  return 0


if __name__ == '__main__':
  _WORKDIRS = flags.DEFINE_multi_string('workdir', [], 'folder of a run; two or more')
  launch(_main)
