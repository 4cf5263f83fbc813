"""Runs one side in a process of its own, and says what else the machine did meanwhile."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from experiments.launch import ROOT
from nn_zoo.errors import InputError


class Run(NamedTuple):
  """One process: `figures` is what it reported, `others` the share of CPU time that went elsewhere."""

  wall_seconds: float
  figures: dict[str, Any]
  others: float | None  # None where the system does not tell


def run(arguments: list[str], label: str, environment: Mapping[str, str], reports: bool) -> Run:
  """Runs `python *arguments` on the CPU, from a cold compilation cache.

  Args:
    arguments: of the interpreter.
    label: for the error's line.
    environment: variables besides those of this process.
    reports: the last line of the output is JSON.

  Raises:
    InputError: the process failed, or did not report; the line holds its last words.
  """
  with tempfile.TemporaryDirectory() as cache:
    variables = {name: os.environ[name] for name in os.environ if name not in _CACHES}
    variables |= {'JAX_PLATFORMS': 'cpu', 'TORCHINDUCTOR_CACHE_DIR': cache, **environment}
    system, own, started = _system_seconds(), _children_seconds(), time.perf_counter()
    command = [sys.executable, *arguments]
    done = subprocess.run(
      command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    wall = time.perf_counter() - started
    used, busy = _children_seconds() - own, _system_seconds()
  if done.returncode:
    last = (done.stderr.strip().splitlines() or ['it said nothing'])[-1]
    hint = '; `pip install torch` brings the peer' if "No module named 'torch'" in last else ''
    raise InputError(f'{label} failed with exit code {done.returncode}: {last}{hint}')
  others = None
  if system and busy:
    others = max(0.0, busy - system - used) / (wall * os.cpu_count())
  return Run(wall, _figures(done.stdout, label) if reports else {}, others)


_CACHES = ('JAX_COMPILATION_CACHE_DIR', 'TORCHINDUCTOR_CACHE_DIR')


def _figures(output, label):
  last = (output.strip().splitlines() or [''])[-1]
  try:
    figures = json.loads(last)
  except ValueError as error:
    raise InputError(f'{label}: the last line of its output is not JSON: {last!r}') from error
  return figures


def _children_seconds() -> float:
  usage = resource.getrusage(resource.RUSAGE_CHILDREN)
  return usage.ru_utime + usage.ru_stime


def _system_seconds() -> float | None:
  # Busy seconds of all cores since the start of the machine, stolen ones included.
  path = Path('/proc/stat')
  if not path.exists():
    return None
  user, nice, system, _, _, irq, softirq, steal = map(
    int, path.read_text().splitlines()[0].split()[1:9]
  )
  return (user + nice + system + irq + softirq + steal) / os.sysconf('SC_CLK_TCK')
