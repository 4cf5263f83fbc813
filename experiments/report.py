"""Writes report.html from what a run left."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.launch import ROOT, config_description
from experiments.outcome import settled
from experiments.watching import watched
from nn_zoo.build import Experiment
from nn_zoo.data.dataset import take
from nn_zoo.fitting import targets_of
from nn_zoo.models.summary import summary
from nn_zoo.report import adversarial
from nn_zoo.report.markup import Section, escape
from nn_zoo.report.page import Run, page
from nn_zoo.task import State
from nn_zoo.train.evaluation import predict


def write_report(
  folder: Path,
  experiment: Experiment,
  state: State,
  results: Mapping[str, Any],
  rows: Sequence[Mapping[str, Any]],
  config: Mapping[str, Any],
) -> Path:
  """Predicts the last evaluation split, draws the page, and returns its path."""
  sections: list[Section] = []
  if experiment.evals:
    stream = list(experiment.evals.values())[-1]
    arrays = take(stream.arrays, slice(stream.examples))
    outputs = predict(experiment.task, state, stream, config['seed'])
    given = settled(experiment, state, config['seed'])
    sections = experiment.sections(state, arrays['inputs'], arrays['targets'], outputs, **given)
  if trouble := experiment.trouble(rows):
    note = f'<p class="note bad">{escape(trouble)}.</p>'
    sections.append(Section('Trouble in training', note, warning=True))
  sections += adversarial.over_time(watched(folder))
  if remarks := experiment.data.remarks:
    lines = ''.join(f'<li>{escape(remark)}</li>' for remark in remarks)
    sections.append(Section('Data', f'<ul class="note">{lines}</ul>'))
  return _written(folder, experiment, results, rows, config, sections)


def write_diverged(
  folder: Path,
  experiment: Experiment,
  reason: str,
  results: Mapping[str, Any],
  rows: Sequence[Mapping[str, Any]],
  config: Mapping[str, Any],
) -> Path:
  """The page of a run whose loss is no longer finite: the reason on top, and the way there."""
  note = f'<p class="note bad">{escape(reason)}.</p>'
  warning = Section('Training diverged', note, warning=True)
  return _written(folder, experiment, results, rows, config, [warning])


def _written(folder, experiment, results, rows, config, sections) -> Path:
  scalars = {
    split: {name: value for name, value in values.items() if isinstance(value, float)}
    for split, values in results['figures'].items()
  }
  batch = take(experiment.train[0], slice(1))
  read = (batch['targets']['values'],) if targets_of(experiment.data) == 'texts' else ()
  model = summary(experiment.model, batch['inputs'], *read)
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
