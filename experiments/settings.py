"""Measures which settings of the process make a config's steps fastest on this CPU, and keeps the answer.

  python -m experiments.settings --config=configs/convnet_fashion.py

`experiments.train` then starts that config's runs with them and says so; `--settings=plain` does without.
Results stay the same, bit for bit. The answer is for a model, data, batch size and processor, and lies in
~/.cache/nn_zoo/settings (or $NN_ZOO_CACHE/settings). Every setting is tried in processes of its own, in turn.

Settings:
{settings}
"""

import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
from absl import flags

from experiments.launch import ROOT, define_config, launch, plain
from nn_zoo.build import build
from nn_zoo.errors import InputError
from nn_zoo.native.library import cache_folder, processor
from nn_zoo.train.loop import Stopped, fit
from nn_zoo.train.record import Record
from nn_zoo.train.workdir import SETTINGS_VARIABLE, write_json

SETTINGS: dict[str, dict[str, str]] = {
  'plain': {},
  # Fewer page faults; both are for Linux with glibc. Memory that is kept does not go back to the system
  # between calls, which pays where a call is a single step: its intermediate arrays are new each time.
  'huge pages': {'GLIBC_TUNABLES': 'glibc.malloc.hugetlb=1'},
  'kept memory': {
    'MALLOC_ARENA_MAX': '1',
    'MALLOC_MMAP_MAX_': '0',
    'MALLOC_TRIM_THRESHOLD_': str(2**40),
  },
}
ROUNDS = 3
SECONDS = 5.0  # of steps in each process
GAIN = 0.03  # less than that is not told from chance


def measure(arguments: list[str]) -> dict[str, Any]:
  """Times every setting in turn; returns what is kept: `chosen` and `milliseconds` a step by setting.

  Args:
    arguments: of the command line, which say the config.
  """
  times: dict[str, list[float]] = {name: [] for name in SETTINGS}
  for number in range(ROUNDS):
    for name, variables in SETTINGS.items():
      times[name].append(_timed(arguments, variables))
      sys.stderr.write(f'  {number + 1}/{ROUNDS} {name}: {1e3 * times[name][-1]:.2f} ms a step\n')
  medians = {name: 1e3 * statistics.median(each) for name, each in times.items()}
  return {'chosen': fastest(medians), 'milliseconds': medians}


def fastest(medians: Mapping[str, float]) -> str:
  """The setting with the least time, if it gains enough on 'plain'."""
  best = min(medians, key=medians.get)
  return best if medians[best] < (1 - GAIN) * medians['plain'] else 'plain'


def step_seconds(config: Mapping[str, Any]) -> float:
  """Seconds a step takes in this process as it is, over SECONDS of training that leave nothing behind."""
  experiment, train, record = build(config), config['train'], Record(show=False)
  calls: list[float] = []

  def enough() -> bool:
    calls.append(time.perf_counter())
    return calls[-1] - calls[0] > SECONDS

  try:
    names = ('steps', 'log_every', 'steps_per_call')
    loop = {name: train[name] for name in names}
    fit(experiment.task, experiment.train, seed=config['seed'], record=record, stop=enough, **loop)
  except Stopped:
    pass
  return record.timing['train_seconds'] / record.timing['train_steps']


def kept_at(config: Mapping[str, Any]) -> Path:
  """Where the answer for a config is kept, by what changes its speed: not by its seed, say, or its length."""
  parts = {name: config[name] for name in ('data', 'model', 'task', 'augment', 'descend')}
  parts |= {'optimizer': config['optimizer']['name'], 'batch_size': config['train']['batch_size']}
  text = json.dumps([parts, processor(), jax.__version__], sort_keys=True)
  return cache_folder() / 'settings' / f'{hashlib.sha256(text.encode()).hexdigest()[:16]}.json'


def use(config: Mapping[str, Any], wanted: str) -> None:
  """Starts this program again with the settings kept for the config, unless it has them or none are wanted.

  Args:
    config: of the run.
    wanted: 'auto', or 'plain' for none.
  """
  path = kept_at(config)
  if wanted == 'plain' or not path.exists() or jax.default_backend() != 'cpu':
    return
  chosen, milliseconds = _read(path)
  if os.environ.get(SETTINGS_VARIABLE) == chosen:
    sys.stderr.write(
      f'settings: {chosen}, {milliseconds[chosen]:.2f} ms a step against {milliseconds["plain"]:.2f} when '
      f'measured; --settings=plain does without\n'
    )
  elif chosen != 'plain':
    variables = {**os.environ, **SETTINGS[chosen], SETTINGS_VARIABLE: chosen}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], variables)


def _read(path):
  try:
    kept = json.loads(path.read_text())
    milliseconds = {name: float(value) for name, value in kept['milliseconds'].items()}
    chosen = next(name for name in SETTINGS if name == kept['chosen'])
    return chosen, {name: milliseconds[name] for name in (chosen, 'plain')}
  except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
    raise InputError(
      f'{path}: not what experiments.settings wrote; remove it and measure again'
    ) from error


def _timed(arguments, variables):
  command = [sys.executable, '-m', 'experiments.settings', *arguments, '--time']
  environment = {**os.environ, 'JAX_PLATFORMS': 'cpu', **variables}
  done = subprocess.run(
    command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
  )
  if done.returncode:
    last = (done.stderr.strip().splitlines() or ['it said nothing'])[-1]
    raise InputError(last.removeprefix('error: '))
  return float(done.stdout.strip().splitlines()[-1])


def _main(argv: list[str]) -> int:
  del argv
  config = plain(_CONFIG.value)
  if _TIME.value:
    print(step_seconds(config))
    return 0
  answer = measure(sys.argv[1:])
  path = kept_at(config)
  path.parent.mkdir(parents=True, exist_ok=True)
  write_json(path, answer)
  print(f'{answer["chosen"]}: kept in {path}, for experiments.train')
  return 0


if __name__ == '__main__':
  _CONFIG = define_config()
  _TIME = flags.DEFINE_bool('time', False, 'only print the seconds a step takes in this process')
  __doc__ = __doc__.replace(
    '{settings}',
    '\n'.join(
      f'  {name:<12} {" ".join(f"{key}={value}" for key, value in variables.items())}'
      for name, variables in SETTINGS.items()
    ),
  )
  launch(_main)
