"""Compiles the kernels once a machine, with the C++ compiler that it has, and hands them to XLA."""

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import jaxlib

SOURCES = Path(__file__).parent
FLAGS = (
  *('-std=c++17', '-O3', '-march=native', '-ffp-contract=fast', '-fno-math-errno'),
  *('-fPIC', '-pthread', '-w'),
)
CONVOLVE = 'nn_zoo_convolve'
KERNEL_GRADIENT = 'nn_zoo_convolve_kernel_gradient'
POOL_GATHER, POOL_SCATTER = 'nn_zoo_max_pool_gather', 'nn_zoo_max_pool_scatter'
RECURRENCE, RECURRENCE_BACKWARD = 'nn_zoo_recurrence', 'nn_zoo_recurrence_backward'
PRODUCT, ADAM = 'nn_zoo_matrix_product', 'nn_zoo_adam_step'
NORMALIZATION, NORMALIZATION_BACKWARD = 'nn_zoo_normalization', 'nn_zoo_normalization_backward'
BERNOULLI = 'nn_zoo_bernoulli'
ATTEND, ATTEND_BACKWARD = 'nn_zoo_attend', 'nn_zoo_attend_backward'
KERNELS = (
  *(BERNOULLI, ATTEND, ATTEND_BACKWARD),
  *(CONVOLVE, KERNEL_GRADIENT, POOL_GATHER, POOL_SCATTER),
  *(RECURRENCE, RECURRENCE_BACKWARD, PRODUCT, ADAM),
  *(NORMALIZATION, NORMALIZATION_BACKWARD),
)


@functools.cache
def load() -> str:
  """Registers the kernels with XLA under their own names, for `jax.ffi`.

  The library is kept in NN_ZOO_CACHE (default ~/.cache/nn_zoo), under a name that depends on the sources,
  the compiler, the processor and jaxlib. NN_ZOO_NATIVE=0 turns it off.

  Returns: '' if they are there, else why not, as a phrase.
  """
  if os.environ.get('NN_ZOO_NATIVE', '1') == '0':
    return 'turned off by NN_ZOO_NATIVE=0'
  compiler = _compiler()
  if compiler is None:
    return 'no C++ compiler; install g++ or clang++'
  try:
    library = _library(compiler)
  except (OSError, subprocess.SubprocessError) as error:
    return f'{compiler} failed: {_reason(error)}'
  for name in KERNELS:
    jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(getattr(library, name)), platform='cpu')
  return ''


def has_matrix_unit() -> bool:
  """Whether products are rounded to bfloat16 here where that is asked for (`nn_zoo/native/rounded.h`)."""
  return not load() and bool(_library(_compiler()).nn_zoo_matrix_unit())


def describe() -> str:
  """Which kernels run on this machine's CPU, for logs and records."""
  if load():
    return f"XLA's ({load()})"
  return 'nn_zoo (C++, matrix unit)' if has_matrix_unit() else 'nn_zoo (C++)'


def _compiler() -> str | None:
  return shutil.which(os.environ.get('CXX', '')) or shutil.which('c++') or shutil.which('g++')


@functools.cache
def _library(compiler: str) -> ctypes.CDLL:
  return ctypes.CDLL(str(_built(compiler)))


def cache_folder() -> Path:
  """Where what was made for this machine is kept: NN_ZOO_CACHE, else ~/.cache/nn_zoo."""
  return Path(os.environ.get('NN_ZOO_CACHE') or Path.home() / '.cache' / 'nn_zoo')


def _reason(error: Exception) -> str:
  lines = (getattr(error, 'stderr', None) or str(error)).strip().splitlines()
  return next((line for line in lines if 'error' in line), lines[0] if lines else 'no message')


def _built(compiler: str) -> Path:
  folder = cache_folder()
  path = folder / f'kernels-{_fingerprint(compiler)}.so'
  if path.exists():
    return path
  folder.mkdir(parents=True, exist_ok=True)
  sys.stderr.write(f'nn_zoo: compiling the kernels for this processor, once, with {compiler}\n')
  # Built beside its place and renamed, so that processes that start together see all of it or nothing.
  with tempfile.TemporaryDirectory(dir=folder) as scratch:
    sources = sorted(SOURCES.glob('*.cc'))
    objects = [f'{scratch}/{source.stem}.o' for source in sources]
    include = ['-isystem', jax.ffi.include_dir()]
    with ThreadPoolExecutor(len(sources)) as beside:
      commands = [
        [compiler, *FLAGS, *include, '-c', '-o', made, str(source)]
        for source, made in zip(sources, objects, strict=True)
      ]
      list(beside.map(_run, commands))
    _run([compiler, '-shared', '-o', f'{scratch}/{path.name}', *objects])
    os.replace(f'{scratch}/{path.name}', path)
  return path


def _run(command: list[str]) -> None:
  subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)


def _fingerprint(compiler: str) -> str:
  version = subprocess.run([compiler, '--version'], check=True, capture_output=True, text=True)
  parts = [version.stdout, jaxlib.__version__, *FLAGS, platform.machine(), processor()]
  parts += [path.read_text() for path in sorted(SOURCES.glob('*.[ch]*'))]
  return hashlib.sha256('\0'.join(parts).encode()).hexdigest()[:16]


def processor() -> str:
  """What this processor can do: a home folder, and what is kept there, can be shared by several kinds."""
  try:
    lines = Path('/proc/cpuinfo').read_text().splitlines()
  except OSError:
    return platform.processor()
  return next((line for line in lines if line.startswith(('flags', 'Features'))), '')
