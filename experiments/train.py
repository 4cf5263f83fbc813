"""Trains a network as a config says, and leaves a report.

  python -m experiments.train
  python -m experiments.train --config=configs/mlp_mnist.py --workdir=runs/a
  python -m experiments.train --config.optimizer.learning_rate=3e-4 --config.train.steps=2000

The workdir then holds config.json, environment.json, metrics.jsonl, events for TensorBoard, checkpoints,
results.json and report.html. The same command goes on with a run that was stopped, bit for bit.

Configs:
{configs}
"""

import hashlib
import inspect
import json
import shlex
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from experiments.launch import config_path, define_config, launch, plain
from experiments.outcome import figures, lines, selected
from experiments.report import write_diverged, write_report
from experiments.settings import use
from experiments.watching import alert, watching
from nn_zoo.build import Experiment, build
from nn_zoo.data import kept as kept_data
from nn_zoo.fitting import targets_of
from nn_zoo.train.checkpoint import Checkpoints, kept
from nn_zoo.train.loop import Diverged, Stopped, fit
from nn_zoo.train.record import Record
from nn_zoo.train.workdir import earlier, only_process, open_workdir, write_json


def train(
  config: Mapping[str, Any],
  workdir: str | Path,
  *,
  name: str = 'run',
  command: str = '',
  resume: str = 'auto',
  stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
  """Trains, evaluates and reports; returns what results.json holds.

  Args:
    config: nested plain values.
    workdir: the folder of the run.
    name: of the config, for the report.
    command: that runs it again, for the report.
    resume: 'auto' or 'new', see `open_workdir`.
    stop: polled; once true, everything is saved and `Stopped` is raised.
  """
  resumes = resume == 'auto' and kept(Path(workdir) / 'checkpoints')
  experiment = build(config, fresh=not resumes, folder=Path(workdir) if resumes else None)
  folder = open_workdir(workdir, config, resume)
  command = f'{command} --workdir={shlex.quote(str(folder))}' if command else ''
  with only_process(folder):
    kept_data.write(folder, experiment.data)
    record, about = Record(folder), {'name': name, 'command': command, 'workdir': str(folder)}
    try:
      _fit(experiment, config, folder, record, stop)
    except Stopped as stopped:
      stopped.add_note(command)
      raise
    except Diverged as diverged:
      found = about | {'figures': {}, 'timing': _timing(record, config, experiment)}
      write_diverged(folder, experiment, str(diverged), found, record.rows, config)
      raise
    saved = selected(experiment, folder, config['train']['select'], config['seed'])
    results = about | {
      'step': saved.step,
      'select': config['train']['select'],
      'figures': figures(experiment, saved.state, config['seed']),
      'timing': _timing(record, config, experiment),
    }
    write_json(folder / 'results.json', results)
    write_report(folder, experiment, saved.state, results, record.rows, config)
  return results


def _fit(experiment, config, folder, record, stop):
  checkpoints = Checkpoints(folder / 'checkpoints')
  known = inspect.signature(
    fit
  ).parameters  # the other keys are those of `build` and of the figures
  loop = {key: value for key, value in config['train'].items() if key in known}
  try:
    fit(
      experiment.task,
      experiment.train,
      experiment.evals,
      seed=config['seed'],
      checkpoint=checkpoints,
      record=record,
      stop=stop,
      observe=alert(experiment, record, watching(experiment, config, folder)),
      observed=experiment.watched,
      **loop,
    )
  finally:
    checkpoints.close()
    record.close()


def default_workdir(path: str, config: Mapping[str, Any]) -> Path:
  """runs/NAME-HASH: the same config goes on in the same folder, another one gets its own."""
  digest = hashlib.sha256(json.dumps(earlier(config), sort_keys=True).encode()).hexdigest()[:8]
  return Path('runs') / f'{Path(path).stem}-{digest}'


def _timing(record: Record, config: Mapping[str, Any], experiment: Experiment) -> dict[str, float]:
  timing = dict(record.timing)
  steps, seconds = timing.pop('train_steps', 0), timing.get('train_seconds', 0)
  if steps:
    timing['steps_per_second'] = steps / seconds
    size = getattr(experiment.train, 'mean_size', config['train']['batch_size'])
    timing['examples_per_second'] = steps / seconds * size
    if targets_of(experiment.data) == 'texts':  # tokens of targets, each with its </s>
      length = np.mean(experiment.data.train['targets']['length'] - 1)
      timing['tokens_per_second'] = timing['examples_per_second'] * float(length)
  return timing


def _main(argv: list[str]) -> int:
  del argv
  path = config_path(sys.argv)
  config = plain(_CONFIG.value)
  use(config, _SETTINGS.value)
  workdir = _WORKDIR.value or default_workdir(path, config)
  received: list[int] = []
  for number in (signal.SIGINT, signal.SIGTERM):
    # Only a flag is set: saving inside a handler can hang. A second signal ends the process at once.
    signal.signal(number, lambda got, _: (received.append(got), signal.signal(got, signal.SIG_DFL)))
  own = ('--workdir', '-workdir', '--resume', '-resume', '--settings', '-settings')
  flags_given = [argument for argument in sys.argv[1:] if not argument.startswith(own)]
  command = shlex.join(['python', '-m', 'experiments.train', *flags_given])
  try:
    results = train(
      config,
      workdir,
      name=Path(path).stem,
      command=command,
      resume=_RESUME.value,
      stop=lambda: bool(received),
    )
  except Stopped as stopped:
    sys.stderr.write(
      f'stopped at step {stopped.step}, saved; go on with: {stopped.__notes__[-1]}\n'
    )
    return 128 + received[0]
  print(lines(results['figures']))
  print(f'step {results["step"]} ({results["select"]})  report: {results["workdir"]}/report.html')
  return 0


if __name__ == '__main__':
  _CONFIG = define_config()
  _WORKDIR = flags.DEFINE_string(
    'workdir', None, 'folder of the run; by default runs/NAME-HASH of the config'
  )
  _RESUME = flags.DEFINE_enum(
    'resume', 'auto', ['auto', 'new'], 'go on with the run in the workdir, or start beside it'
  )
  _SETTINGS = flags.DEFINE_enum(
    'settings',
    'auto',
    ['auto', 'plain'],
    'those of the process that experiments.settings chose, or none',
  )
  launch(_main)
