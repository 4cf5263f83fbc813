"""What a sweep came to, as text and as a page."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.launch import ROOT, config_description
from experiments.report import layers
from nn_zoo.build import Experiment
from nn_zoo.report import markup
from nn_zoo.report.markup import Section
from nn_zoo.report.page import Run, page


def lines(table: Mapping[str, Any]) -> str:
  """The members' scalar figures and, for settings of several, means with standard deviations; a line each."""
  rows = []
  for one in table['members']:
    for split, values in one['figures'].items():
      shown = [f'{name} {v:.6g}' for name, v in values.items() if isinstance(v, float)]
      rows.append(f'{setting(one["set"])}  step {one["step"]}  {split}: {"  ".join(shown)}')
  for each in _repeated(table):
    for split, values in each['figures'].items():
      shown = [f'{name} {_spread(v)}' for name, v in values.items()]
      about = ' '.join([setting(each['set']), f'{each["members"]} members']).strip()
      rows.append(f'{about}  {split}: {"  ".join(shown)}')
  return '\n'.join(rows)


def write_report(
  folder: Path,
  experiment: Experiment,
  table: Mapping[str, Any],
  rows: Sequence[Mapping[str, Any]],
  config: Mapping[str, Any],
) -> None:
  """Writes report.html: the settings, the members, and the mean curves where all are one program."""
  model = layers(experiment)
  settings = table['summary']
  means = {
    split: {name: moments['mean'] for name, moments in values.items()}
    for split, values in settings[0]['figures'].items()
  }
  run = Run(
    name=f'{table["name"]}: {len(table["members"])} members',
    description=config_description(ROOT / 'configs' / f'{table["name"]}.py'),
    command=table['command'],
    outcome=means if len(settings) == 1 else None,
    rows=rows,
    timing=table['timing'],
    environment=json.loads((folder / 'environment.json').read_text())[-1],
    config=config,
    model=[row._asdict() for row in model.rows],
    totals={'parameters': model.parameters, 'flops': model.flops},
    sections=sections(table),
  )
  (folder / 'report.html').write_text(page(run), encoding='utf-8')


def sections(table: Mapping[str, Any]) -> list[Section]:
  """Trouble, the means of settings of several members, and the members."""
  names = {
    f'{split} {name}': (split, name)
    for split, values in table['summary'][0]['figures'].items()
    for name in values
  }
  settings = [
    [setting(each['set']), each['members']]
    + [_spread(each['figures'][split].get(name)) for split, name in names.values()]
    for each in _repeated(table)
  ]
  members = [
    [setting(one['set']), one['step']]
    + [one['figures'][split].get(name) for split, name in names.values()]
    for one in table['members']
  ]
  heads = [name.replace('_', ' ') for name in names]
  align = 'lr' + 'r' * len(names)
  trouble = [
    f'{setting(one["set"])}: {line}' for one in table['members'] for line in one['trouble']
  ]
  return [
    *([markup.warning('Trouble of members', *trouble)] if trouble else []),
    *(
      [Section('Means', markup.table(['setting', 'members', *heads], align, settings))]
      if settings
      else []
    ),
    Section('Members', markup.table(['member', 'step', *heads], align, members)),
  ]


def _repeated(table: Mapping[str, Any]) -> list[Mapping[str, Any]]:
  # Of a setting of one member the mean is the member.
  return [each for each in table['summary'] if each['members'] > 1]


def setting(values: Mapping[str, Any]) -> str:
  """What a member sets, as text: 'seed=1 optimizer.learning_rate=0.001'."""
  return ' '.join(f'{key}={value}' for key, value in values.items())


def _spread(moments: Mapping[str, float | None] | None) -> str:
  if not moments:
    return markup.NONE
  deviation = moments['deviation']
  return f'{moments["mean"]:.4g}' + ('' if deviation is None else f' ± {deviation:.2g}')
