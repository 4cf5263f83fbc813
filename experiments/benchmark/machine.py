"""What the figures were measured on."""

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

from experiments.benchmark.side import cores
from nn_zoo.train.workdir import environment

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


def _version(package: str) -> str:
  try:
    return importlib.metadata.version(package)
  except importlib.metadata.PackageNotFoundError:
    return 'not installed'
