"""Strict by default: rank promotion raises, warnings are errors, and there are two virtual CPU devices."""

import gc
import os
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

# Half of the suite's time went into LLVM's level 3, a third of the rest into XLA's newer generator of fused
# loops, and a third of that into LLVM's level 1. What XLA_FLAGS names already is kept, since the last counts.
os.environ['XLA_FLAGS'] = ' '.join(
  (
    '--xla_backend_optimization_level=0',
    # One piece for each program: workers have the cores already, and each piece costs on its own.
    '--xla_cpu_parallel_codegen_split_count=1',
    # The older generator; jax 0.11 has it no more.
    *(('--xla_cpu_use_fusion_emitters=false',) if version('jaxlib').startswith('0.10.') else ()),
    os.environ.get('XLA_FLAGS', ''),
    '--xla_force_host_platform_device_count=2',
  )
)
# What a worker, and the processes that its tests start, compile alike is compiled once: a third of the time.
# Workers do not share a folder, since one could read what another has half written.
os.environ['JAX_COMPILATION_CACHE_DIR'] = tempfile.mkdtemp()
os.environ['JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS'] = '0'
os.environ['JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES'] = '-1'

import jax
import numpy as np
import pytest

jax.config.update('jax_numpy_rank_promotion', 'raise')
# Traces are many small objects that live: looking for cycles among them so often took a tenth of the time.
gc.set_threshold(50_000, 20, 50)


def pytest_sessionfinish():
  """Removes what was compiled."""
  shutil.rmtree(os.environ['JAX_COMPILATION_CACHE_DIR'], ignore_errors=True)


@pytest.fixture(autouse=True)
def _draws(request):
  """A test draws the same numbers from its file's `rng`, whatever other tests the process has run."""
  if hasattr(request.module, 'rng'):
    request.module.rng = np.random.default_rng(0)


@pytest.fixture
def data_folder() -> Path:
  """The folder with real data that NN_ZOO_DATA names; a test that needs it is skipped where it is absent."""
  folder = os.environ.get('NN_ZOO_DATA')
  if not folder or not Path(folder).is_dir():
    pytest.skip('NN_ZOO_DATA names no folder with real data')
  return Path(folder)
