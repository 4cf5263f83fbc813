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

OTHERS = 0.05  # share of the CPU time that others may take during a run
_CACHES = ('JAX_COMPILATION_CACHE_DIR', 'TORCHINDUCTOR_CACHE_DIR')


class Run(NamedTuple):
  """One process: `figures` is what it reported, `others` the share of CPU time that went elsewhere."""

  wall_seconds: float
  figures: dict[str, Any]
  others: float | None = None  # None where the system does not tell

  @property
  def seconds(self) -> float:
    """What is compared: what the side timed itself, else the whole process."""
    return self.figures.get('seconds', self.wall_seconds)

  def measured(self, name: str) -> float:
    """The figure of that name; 'seconds' every run has."""
    return self.seconds if name == 'seconds' else self.figures[name]


def disturbed(others: float | None) -> bool:
  """Whether others took so much of the CPU that a time is not to be trusted."""
  return others is not None and others > OTHERS


def run(arguments: list[str], label: str, environment: Mapping[str, str], reports: bool) -> Run:
  """Runs `python *arguments` on the CPU, with cold compilation caches.

  Args:
    arguments: of the interpreter.
    label: for the error's line.
    environment: variables besides those of this process.
    reports: the last line of the output is JSON.

  Raises:
    InputError: the process failed, or did not report; the line holds its last words.
  """
  with tempfile.TemporaryDirectory() as cache:
    variables = {name: value for name, value in os.environ.items() if name not in _CACHES}
    variables |= {'JAX_PLATFORMS': 'cpu', 'TORCHINDUCTOR_CACHE_DIR': cache, **environment}
    variables['JAX_TRACEBACK_FILTERING'] = 'off'  # whose notice would be an error's last words
    command = [sys.executable, *arguments]
    started, used, busy = time.perf_counter(), _children_seconds(), _busy_seconds()
    done = subprocess.run(
      command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    wall = time.perf_counter() - started
    used = _children_seconds() - used
    others = None if busy is None else max(0.0, _busy_seconds() - busy - used)
  if done.returncode:
    last = (done.stderr.strip().splitlines() or ['it said nothing'])[-1]
    hint = ' (`pip install torch` brings the peer)' if "No module named 'torch'" in last else ''
    raise InputError(f'{label} failed with exit code {done.returncode}: {last}{hint}')
  figures = _figures(done.stdout, label) if reports else {}
  return Run(wall, figures, None if others is None else others / wall / os.cpu_count())


def _figures(output: str, label: str) -> dict[str, Any]:
  last = (output.strip().splitlines() or [''])[-1]
  try:
    return dict(json.loads(last))
  except (ValueError, TypeError) as error:
    raise InputError(f'{label}: its last line is {last!r}, expected figures in JSON') from error


def _children_seconds() -> float:
  usage = resource.getrusage(resource.RUSAGE_CHILDREN)
  return usage.ru_utime + usage.ru_stime


def _busy_seconds() -> float | None:
  # Of all cores since the machine started: user, nice, system, (idle, iowait,) irq, softirq, steal.
  path = Path('/proc/stat')
  if not path.exists():
    return None
  ticks = [int(word) for word in path.read_text().split(maxsplit=9)[1:9]]
  return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf('SC_CLK_TCK')
