"""What the figures were measured on, and whether the machine was theirs alone."""

import importlib.metadata
import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from experiments.benchmark.side import cores
from nn_zoo.train.workdir import environment

LOAD = 0.5  # processes that wait for a core, per core, before the start
OTHERS = 0.05  # share of the machine's CPU time that others take during a run
_VARIABLES = (
  'XLA_FLAGS',
  'OMP_NUM_THREADS',
  'MKL_NUM_THREADS',
  'OMP_WAIT_POLICY',
  'GLIBC_TUNABLES',
)


def machine() -> dict[str, Any]:
  """CPU, cores, versions, and the environment variables that change how fast things are."""
  return {
    'cpu': cpu_model(),
    'cores': cores(),
    'system': f'{platform.system()} {platform.release()}',
    **environment(),
    'torch': _version('torch'),
    'variables': {name: os.environ[name] for name in _VARIABLES if name in os.environ},
  }


def cpu_model() -> str:
  """The CPU's name, with family and model where the system tells them."""
  path = Path('/proc/cpuinfo')
  if not path.exists():
    return platform.processor() or platform.machine()
  first = path.read_text().split('\n\n')[0].splitlines()
  fields = {key.strip(): value.strip() for key, _, value in (line.partition(':') for line in first)}
  name = fields.get('model name', platform.machine())
  return f'{name}, family {fields.get("cpu family", "?")}, model {fields.get("model", "?")}'


def warnings(results: Iterable[Mapping[str, Any]]) -> list[str]:
  """A line for each workload that shared the machine, so that its figures are not to be trusted."""
  lines = []
  for result in results:
    waiting = result['machine']['load_before'][0]
    shares = [share for side in ('ours', 'peer') for share in result[side]['others']]
    taken = max((share for share in shares if share is not None), default=0.0)
    if waiting > LOAD * result['machine']['cores'] or taken > OTHERS:
      lines.append(
        f'warning: {result["name"]}: the machine was busy: load {waiting:.1f} on '
        f'{result["machine"]["cores"]} cores before the start, up to {taken:.0%} of the CPU taken by '
        'others during a run; repeat it on a quiet machine'
      )
  return lines


def _version(package: str) -> str:
  try:
    return importlib.metadata.version(package)
  except importlib.metadata.PackageNotFoundError:
    return 'not installed'
