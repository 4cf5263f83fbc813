"""Whether the examples that a generator makes help a classifier that has few of its own.

python -m experiments.augment --workdir=runs/few --count=5000 --seeds=5 --config=configs/lenet_mnist.py

The run is of a conditional generative net, such as configs/dcgan_few.py, trained on few labelled images. The
classifier of the config is trained on those alone, and on those with `count` generated ones among them, every
seed in one compiled program, and tested on the run's test images. augmentation.json goes into the workdir.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from experiments.launch import define_config, launch, plain
from experiments.outcome import selected
from experiments.pictures import Asked, latents
from nn_zoo.build import build
from nn_zoo.data import load
from nn_zoo.data.dataset import Dataset, Split, at_least
from nn_zoo.data.stream import InOrder
from nn_zoo.errors import InputError
from nn_zoo.train.evaluation import predict
from nn_zoo.train.population import fit_population
from nn_zoo.train.record import Record
from nn_zoo.train.workdir import read_config, write_json

LOOP = ('steps', 'eval_every', 'monitor', 'mode', 'patience', 'select')  # keys of config.train


def augment(
  config: Mapping[str, Any], workdir: str | Path, *, count: int, seeds: Sequence[int]
) -> dict[str, Any]:
  """Test accuracies by seed, 'without' and 'with' generated examples, and their difference's moments.

  Args:
    config: of the classifier, whose data is replaced.
    workdir: the folder of the generator's run.
    count: generated examples, of all classes evenly.
    seeds: of the classifier.

  Raises:
    InputError: the run is of another task or not conditional, or the classifier does not fit its data.
  """
  folder = Path(workdir)
  source = plain(read_config(folder))
  if source['task']['name'] != 'adversarial' or not source['model']['classes']:
    raise InputError(
      f'workdir {workdir}: expected a run of a conditional generative net (task.name=adversarial, '
      'model.classes above 0), such as of configs/dcgan_few.py'
    )
  data = load(**source['data'])
  made = generated(source, folder, at_least('--count', count, 1))
  both = {
    key: np.concatenate([data.train[key], made[key].astype(data.train[key].dtype)])
    for key in data.train
  }
  table: dict[str, Any] = {
    'real': len(data.train['targets']),
    'generated': count,
    'without': _accuracies(config, data, seeds),
    'with': _accuracies(config, data._replace(train=both), seeds),
  }
  gain_S = np.subtract(table['with'], table['without'])
  table['gain'] = {'mean': float(gain_S.mean()), 'deviation': float(gain_S.std(ddof=1))}
  write_json(folder / 'augmentation.json', table)
  return table


def generated(config: Mapping[str, Any], folder: Path, count: int) -> Split:
  """Examples of all classes in turn that the generator of a run makes, and their labels."""
  experiment = build(config, fresh=False, folder=folder)
  saved = selected(experiment, folder, config['train']['select'], config['seed'])
  inputs = latents(Asked(count, config['seed']), experiment.model)
  stream = InOrder({'inputs': inputs}, config['train']['eval_batch_size'])
  outputs = predict(experiment.task, saved.state, stream, config['seed'])
  if experiment.data.train['targets'].dtype == np.uint8:
    outputs = np.rint(np.clip(outputs, 0, 255))
  return {'inputs': outputs, 'targets': inputs['label']}


def _accuracies(config, data: Dataset, seeds: Sequence[int]) -> list[float]:
  experiments = [build({**config, 'seed': seed}, data=data) for seed in seeds]
  found = fit_population(
    experiments[0].at_rate,
    np.full(len(seeds), config['optimizer']['learning_rate'], np.float32),
    [experiment.train for experiment in experiments],
    {split: [each.evals[split] for each in experiments] for split in experiments[0].evals},
    seeds=seeds,
    record=Record(),
    **{key: config['train'][key] for key in LOOP},
  )
  return [float(figures['test']['accuracy']) for figures in found.figures]


def lines(table: Mapping[str, Any]) -> str:
  """The outcome as text."""
  rows = [f'{table["real"]} real images, {table["generated"]} generated ones; test accuracy, %']
  for name in ('without', 'with'):
    each = ', '.join(f'{100 * value:.2f}' for value in table[name])
    rows.append(f'{name:>7}: mean {100 * np.mean(table[name]):.2f} ({each})')
  gain = table['gain']
  rows.append(
    f'   gain: {100 * gain["mean"]:+.2f}, deviation over seeds {100 * gain["deviation"]:.2f}'
  )
  return '\n'.join(rows)


def _main(argv: list[str]) -> int:
  del argv
  if not _WORKDIR.value:
    raise InputError('--workdir=FOLDER is needed: the folder of a run of a generative net')
  seeds = range(_SEEDS.value)
  print(lines(augment(plain(_CONFIG.value), _WORKDIR.value, count=_COUNT.value, seeds=seeds)))
  return 0


if __name__ == '__main__':
  _CONFIG = define_config()
  _WORKDIR = flags.DEFINE_string('workdir', None, "folder of the generator's run")
  _COUNT = flags.DEFINE_integer('count', 5000, 'generated examples')
  _SEEDS = flags.DEFINE_integer('seeds', 5, 'classifiers of either kind', lower_bound=2)
  launch(_main)
