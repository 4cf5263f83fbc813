"""What both sides of a workload share: how a spec comes in and how figures go out. Imports numpy alone."""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

ROOF_WIDTH = {'cpu': 1024, 'gpu': 8192}  # the square matrices of the GEMM roof
ROOF_SECONDS = 1.0
# Of a spec that does not say; `device` is 'cpu' or 'gpu', `implementation` that of our attention.
DEFAULTS = {'device': 'cpu', 'dtype': 'float32', 'implementation': 'product'}


def spec() -> dict[str, Any]:
  """The spec that the harness gave as the first argument, over DEFAULTS."""
  return DEFAULTS | json.loads(sys.argv[1])


def arrays(folder: str) -> dict[str, np.ndarray]:
  """inputs and targets, in memory."""
  return {name: np.load(Path(folder) / f'{name}.npy') for name in ('inputs', 'targets')}


def cores() -> int:
  """CPU cores that this process may use."""
  return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()


def roof(
  multiply: Callable[[np.ndarray, np.ndarray], Callable[[], Any]], device: str = 'cpu'
) -> float:
  """The fastest of many products of two square matrices, in FLOP/s.

  Args:
    multiply: (a, b) -> run, where run() computes a b and waits for it.
    device: 'cpu' or 'gpu', which needs larger ones.
  """
  width = ROOF_WIDTH[device]
  a, b = np.random.default_rng(0).normal(size=(2, width, width)).astype(np.float32)
  run = multiply(a, b)
  run()
  best, ended = np.inf, time.perf_counter() + ROOF_SECONDS
  while time.perf_counter() < ended:
    started = time.perf_counter()
    run()
    best = min(best, time.perf_counter() - started)
  return 2 * width**3 / best


def report(figures: Mapping[str, Any]) -> None:
  """Prints the figures as the last line of the output, where the harness reads them."""
  print(json.dumps(figures))
