"""Times nn_zoo beside PyTorch at the same work, on the CPU of this machine, or with --gpu on its GPU.

  python -m experiments.benchmark
  python -m experiments.benchmark --only=mlp_mnist,import --repeats=3 --norecord
  python -m experiments.benchmark --only=mlp_mnist --steps=500

Each side runs in a process of its own, in turn: ours, peer, ours, peer, ... Both get the same arrays, batch
size, number of steps, optimizer and float32; both use all cores and start with cold compilation caches (where
steps alone are compared, PyTorch's compiler finds what it compiled before). The time goes from after the
imports to the loss of the last step in hand, compilation included; or is that of a step, without the first
call, which warms up. Both sides are first tried in several forms (compiled, channels last, Adam fused or not,
settings of the process), and the fastest of each is compared.

What counts is the median, over pairs, of the ratio of their times; the least and the largest stand beside
it. The floor is what the matrix products of the run would take at the speed of a large one, measured in
the same processes; 'of floor' is the share of that speed which a side reaches.

Whole runs are recorded in experiments/benchmark/results/NAME.json with machine, versions and load. Other
work on the machine spoils the figures: it is measured during every run, and a warning is printed at the end.

MNIST is read from NN_ZOO_DATA (see experiments.fetch); where it is missing, random images of the same shape
stand in. `pip install torch` brings the peer.

Workloads:
{workloads}
"""

import os
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from experiments.benchmark.comparison import compare
from experiments.benchmark.kinds import Training, Workload
from experiments.benchmark.machine import machine
from experiments.benchmark.output import details, table, warnings
from experiments.benchmark.recorded import RESULTS
from experiments.benchmark.workloads import ON_GPU, WORKLOADS
from experiments.launch import launch
from nn_zoo.data import load
from nn_zoo.errors import InputError
from nn_zoo.named import choose
from nn_zoo.train.workdir import write_json

MNIST = (60000, 28)
EXAMPLES = 1024  # of random images, which differ in nothing that takes time


def benchmark(name: str, workload: Workload, repeats: int) -> dict[str, Any]:
  """Runs one workload; returns what its JSON holds."""
  _tell(f'{name}: {workload.about}')
  with tempfile.TemporaryDirectory() as folder:
    training = isinstance(workload.work, Training)
    images = workload.work.images if training else ()
    source = write_data(Path(folder), images) if images else 'none'
    compared = compare(workload, Path(folder), repeats or workload.repeats, _tell)
  command = shlex.join(['python', '-m', 'experiments.benchmark', *sys.argv[1:]])
  about = {'name': name, 'about': workload.about, 'command': command, 'data': source}
  return {**about, **compared, 'machine': machine()}


def write_data(folder: Path, images: tuple[int, ...]) -> str:
  """Writes inputs.npy and targets.npy; returns what they are: 'mnist' or 'random'.

  Args:
    folder: where to.
    images: as of `Training`; where MNIST is asked for and missing, random images of its shape stand in.
  """
  random = np.random.default_rng(0)
  if len(images) > 1:
    shape = (EXAMPLES, *images)
    source, inputs = 'random', random.integers(0, 256, shape, np.uint8)
    targets = random.integers(0, 10, EXAMPLES, np.int32)
  else:
    source, inputs, targets = _mnist(*images, random)
  np.save(folder / 'inputs.npy', inputs)
  np.save(folder / 'targets.npy', targets)
  return source


def _mnist(pad, random):
  try:
    arrays = load('mnist', pad=pad, validation=0, split_seed=0).train
    return 'mnist', arrays['inputs'], arrays['targets']
  except InputError as error:
    _tell(f'  random images stand in for MNIST: {error}')
  side = MNIST[1] + 2 * pad
  images = random.integers(0, 256, (MNIST[0], side, side, 1), np.uint8)
  return 'stand-in', images, random.integers(0, 10, MNIST[0], np.int32)


def _tell(line: str) -> None:
  print(line, file=sys.stderr)


def _main(argv: list[str]) -> int:
  del argv
  names = _ONLY.value or [name for name in WORKLOADS if (name in ON_GPU) == _GPU.value]
  chosen = {name: choose(WORKLOADS, name, '--only') for name in names}
  load_average = os.getloadavg()[0]  # before the first run: afterwards it is our own
  results = []
  for name, workload in chosen.items():
    if _STEPS.value and isinstance(workload.work, Training):
      workload = workload._replace(work=workload.work.shortened(_STEPS.value))
    results.append(benchmark(name, workload, _REPEATS.value))
    results[-1]['machine']['load_average'] = load_average
    if _RECORD.value and not _STEPS.value:
      RESULTS.mkdir(exist_ok=True)
      write_json(RESULTS / f'{name}.json', results[-1])
  print(table(results), *details(results), *warnings(results), sep='\n')
  return 0


if __name__ == '__main__':
  _ONLY = flags.DEFINE_list(
    'only', [], 'names of workloads, with commas between them; all if empty'
  )
  _GPU = flags.DEFINE_bool(
    'gpu', False, 'without --only: the workloads of a GPU, not those of the CPU'
  )
  _REPEATS = flags.DEFINE_integer('repeats', 0, "pairs; 0 for the workload's own number", 0)
  _STEPS = flags.DEFINE_integer(
    'steps', 0, 'steps of each training run, for a quick look that is not recorded; 0 for all', 0
  )
  _RECORD = flags.DEFINE_bool('record', True, 'write experiments/benchmark/results/NAME.json')
  __doc__ = __doc__.replace(
    '{workloads}', '\n'.join(f'  {name:<24} {w.about}' for name, w in WORKLOADS.items())
  )
  launch(_main)
