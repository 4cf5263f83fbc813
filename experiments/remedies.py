"""What keeps a GAN from collapsing: a grid of 25 Gaussians without a remedy and with each, over three seeds.

  python -m experiments.remedies
  python -m experiments.remedies --only=nothing,r1

Nets, data and steps are those of CONFIG below for every row; only what a row names is switched on. Rows are
recorded one by one in experiments/remedies.json; when all are, a table of them is printed.

Remedies: {remedies}
"""

import json
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from absl import flags
from ml_collections import ConfigDict

from experiments.benchmark.machine import cpu_model
from experiments.launch import launch, load_config
from experiments.sweep import sweep
from nn_zoo.named import choose
from nn_zoo.train.workdir import write_json

RECORD = Path(__file__).with_name('remedies.json')
CONFIG, STEPS, WIDTHS = 'configs/gan_grid.py', 15_000, (128, 128, 128)
SEEDS = (0, 1, 2)
FIGURES = ('modes', 'good_share', 'mode_kl')
WASSERSTEIN = {'task.loss': 'wasserstein', 'task.critic_steps': 5}

REMEDIES: dict[str, dict[str, Any]] = {
  'nothing': {},
  'minimax': {'task.loss': 'minimax'},
  'least squares': {'task.loss': 'least_squares'},
  'hinge': {'task.loss': 'hinge'},
  'relativistic': {'task.loss': 'relativistic'},
  'r1': {'task.r1': 0.005},
  'r1 and r2': {'task.r1': 0.005, 'task.r2': 0.005},
  'relativistic with r1 and r2': {
    'task.loss': 'relativistic',
    'task.r1': 0.005,
    'task.r2': 0.005,
  },
  'wasserstein with clipped weights': WASSERSTEIN | {'task.clip_weights': 0.05},
  'wasserstein with gradient penalty': WASSERSTEIN | {'task.gradient_penalty': 0.1},
  'spectral normalization': {'model.spectral': True},
  'label smoothing': {'task.label_smoothing': 0.1},
  'instance noise': {'task.instance_noise': 0.05},
  'minibatch deviation': {'model.batch_deviation': True},
  'packs of two': {'task.pack': 2},
  'two time scales': {'optimizer.learning_rate': 2.5e-4},
  'five critic steps': {'task.critic_steps': 5},
  'no average': {'optimizer.average': 0.0},
}


def bare() -> ConfigDict:
  """The grid's config, smaller, with every remedy off but for the average of the generator."""
  config = load_config(CONFIG)
  config.model.widths, config.task.r1 = WIDTHS, 0.0
  config.train.batch_size = 250  # which five critic steps divide
  config.train.update({'steps': STEPS, 'eval_every': STEPS, 'watch': False})
  return config


def measured(changes: Mapping[str, Any], config: ConfigDict) -> list[dict[str, float]]:
  """The test's figures of every seed, the seeds trained side by side."""
  config = config.copy_and_resolve_references()
  config.update_from_flattened_dict(changes)
  with tempfile.TemporaryDirectory() as folder:
    found = sweep(config, {'seed': SEEDS}, folder)
  return [{name: each['figures']['test'][name] for name in FIGURES} for each in found['members']]


def table() -> str:
  """A line a remedy: modes found, the share of good points and the unevenness, each seed's."""
  record = json.loads(RECORD.read_text()) if RECORD.exists() else {'rows': {}}
  lines = [
    '| remedy | modes of 25 | % of points within 3 deviations | KL, nats |',
    '|---|---|---|---|',
  ]
  for name in REMEDIES:
    if name in record['rows']:
      seeds = record['rows'][name]['test']
      cells = (
        ', '.join(f'{each["modes"]:.0f}' for each in seeds),
        _spread([100 * each['good_share'] for each in seeds], 1),
        _spread([each['mode_kl'] for each in seeds], 3),
      )
      lines.append(f'| {name} | {" | ".join(cells)} |')
  return '\n'.join(lines)


def _spread(values: list[float], digits: int) -> str:
  return (
    f'{statistics.mean(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})'
  )


def _main(argv: list[str]) -> int:
  del argv
  chosen = {name: choose(REMEDIES, name, '--only') for name in _ONLY.value or REMEDIES}
  for name, changes in chosen.items():
    found = measured(changes, bare())
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {'rows': {}}
    record['rows'][name] = {'set': changes, 'test': found, 'cpu': cpu_model()}
    record |= {'config': CONFIG, 'steps': STEPS, 'widths': WIDTHS, 'seeds': SEEDS}
    write_json(RECORD, record)
    print(f'{name}: {"  ".join(json.dumps(each) for each in found)}', flush=True)
  print(table())
  return 0


if __name__ == '__main__':
  _ONLY = flags.DEFINE_list('only', [], 'names of remedies, with commas between; all if empty')
  __doc__ = __doc__.replace('{remedies}', '; '.join(REMEDIES))
  launch(_main)
