"""Writes report.html from what a run left.

python -m experiments.report --workdir=runs/de_en --example=3 --example=17

writes that of a finished run anew. Of the last split that is evaluated, the texts asked for, counted from 0,
come first: it is for them that the page shows where a translation, and where every head, looked.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from experiments.launch import ROOT, config_description, launch, plain
from experiments.outcome import finished, selected, settled
from experiments.watching import watched
from nn_zoo.build import Experiment, build
from nn_zoo.data.dataset import Dataset, take
from nn_zoo.data.stream import InOrder
from nn_zoo.drawing import SHOWN
from nn_zoo.errors import InputError
from nn_zoo.fitting import targets_of
from nn_zoo.models.summary import Summary, summary
from nn_zoo.report import adversarial
from nn_zoo.report.markup import Section, escape, warning
from nn_zoo.report.page import Run, page
from nn_zoo.task import State
from nn_zoo.train.evaluation import predict
from nn_zoo.train.workdir import read_config


def rewrite(workdir: str | Path, examples: Sequence[int] = ()) -> Path:
  """Writes the report of a finished run anew, and returns its path.

  Args:
    workdir: the folder of the run.
    examples: see `write_report`.

  Raises:
    InputError: the run is not finished, or there is no such example.
  """
  folder = Path(workdir)
  run, config = finished(folder), plain(read_config(folder))
  experiment = build(config, fresh=False, folder=folder)
  if examples and not experiment.evals:
    raise InputError(f'--example={examples[0]}: the run evaluates no examples')
  saved = selected(experiment, folder, config['train']['select'], config['seed'])
  return write_report(folder, experiment, saved.state, run.results, run.rows, config, examples)


def write_report(
  folder: Path,
  experiment: Experiment,
  state: State,
  results: Mapping[str, Any],
  rows: Sequence[Mapping[str, Any]],
  config: Mapping[str, Any],
  examples: Sequence[int] = (),
) -> Path:
  """Predicts the last evaluation split, draws the page, and returns its path.

  Args:
    folder: of the run.
    experiment, state: of it.
    results, rows, config: what its folder holds of them.
    examples: of that split, by number, which come first; texts alone can be chosen.

  Raises:
    InputError: there is no such example.
  """
  sections: list[Section] = []
  if experiment.evals:
    split, stream = list(experiment.evals.items())[-1]
    rows_N = _first(examples, split, stream, experiment.data)
    arrays = take(stream.arrays, rows_N)
    outputs = take(predict(experiment.task, state, stream, config['seed']), rows_N)
    given = settled(experiment, state, config['seed'])
    sections = experiment.sections(state, arrays['inputs'], arrays['targets'], outputs, **given)
    if verdict := experiment.verdict(results['figures'][split]):
      sections.append(warning('Collapse', verdict))
  if trouble := experiment.trouble(rows):
    sections.append(warning('Trouble in training', trouble))
  sections += adversarial.over_time(watched(folder))
  if remarks := experiment.data.remarks:
    lines = ''.join(f'<li>{escape(remark)}</li>' for remark in remarks)
    sections.append(Section('Data', f'<ul class="note">{lines}</ul>'))
  return _written(folder, experiment, results, rows, config, sections)


def _first(
  examples: Sequence[int], split: str, stream: InOrder, data: Dataset
) -> np.ndarray | slice:
  """The rows of an evaluation split, with the chosen examples in front of the others."""
  if not examples:
    return slice(stream.examples)
  if not (isinstance(stream.arrays['inputs'], Mapping) and (data.tokenizers or data.vocabulary)):
    raise InputError('--example: examples are chosen among texts, of which the run has none')
  chosen = list(dict.fromkeys(examples))
  if len(chosen) > SHOWN:
    raise InputError(f'--example: {len(chosen)} examples; expected {SHOWN} at most')
  for number in chosen:
    if not 0 <= number < stream.examples:
      raise InputError(f'--example={number}: expected 0 to {stream.examples - 1}, of {split}')
  return np.append(chosen, np.delete(np.arange(stream.examples), chosen)).astype(int)


def write_diverged(
  folder: Path,
  experiment: Experiment,
  reason: str,
  results: Mapping[str, Any],
  rows: Sequence[Mapping[str, Any]],
  config: Mapping[str, Any],
) -> Path:
  """The page of a run whose loss is no longer finite: the reason on top, and the way there."""
  sections = [warning('Training diverged', reason)]
  return _written(folder, experiment, results, rows, config, sections)


def layers(experiment: Experiment) -> Summary:
  """The model's layers, as they read the first training example."""
  batch = take(experiment.train[0], slice(1))
  read = (batch['targets']['values'],) if targets_of(experiment.data) == 'texts' else ()
  return summary(experiment.model, batch['inputs'], *read)


def _written(folder, experiment, results, rows, config, sections) -> Path:
  scalars = {
    split: {name: value for name, value in values.items() if isinstance(value, float)}
    for split, values in results['figures'].items()
  }
  model = layers(experiment)
  run = Run(
    name=results['name'],
    description=config_description(ROOT / 'configs' / f'{results["name"]}.py'),
    command=results['command'],
    outcome=scalars,
    rows=rows,
    timing=results['timing'],
    environment=json.loads((folder / 'environment.json').read_text())[-1],
    config=config,
    model=[row._asdict() for row in model.rows],
    totals={'parameters': model.parameters, 'flops': model.flops},
    sections=sections,
  )
  path = folder / 'report.html'
  path.write_text(page(run), encoding='utf-8')
  return path


def _main(argv: list[str]) -> int:
  del argv
  if not _WORKDIR.value:
    raise InputError('--workdir=FOLDER is needed: the folder of a run')
  print(f'report: {rewrite(_WORKDIR.value, _EXAMPLES.value)}')
  return 0


if __name__ == '__main__':
  _WORKDIR = flags.DEFINE_string('workdir', None, 'folder of the run')
  _EXAMPLES = flags.DEFINE_multi_integer(
    'example', [], f'text that comes first, counted from 0; up to {SHOWN} of them'
  )
  launch(_main)
