import os
import shlex
import shutil
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.native import library
from nn_zoo.ops.convolution import convolve
from tests.reference import assert_near

SUM_OF_A_CONVOLUTION = """
import jax.numpy as jnp
from nn_zoo.native import library
from nn_zoo.ops.convolution import convolve
x, kernel = jnp.arange(32.0).reshape(1, 4, 4, 2), jnp.arange(36.0).reshape(3, 3, 2, 2)
print(library.load(), '|', float(convolve(x, kernel).sum()))
"""


def in_a_process(**environment):
  """(why there are no kernels, sum of a convolution, lines on standard error) of a fresh process."""
  done = subprocess.run(
    [sys.executable, '-c', SUM_OF_A_CONVOLUTION],
    env={**os.environ, 'JAX_PLATFORMS': 'cpu', **environment},
    capture_output=True,
    text=True,
    check=True,
  )
  reason, _, total = done.stdout.partition('|')
  return reason.strip(), float(total), done.stderr


@pytest.fixture
def compiler():
  if library.load():
    pytest.skip(f'no kernels here: {library.load()}')


@pytest.fixture
def quick(tmp_path, compiler):
  """A compiler that does not optimize, which takes a fraction of the time."""
  program = tmp_path / 'quick'
  found = shutil.which(os.environ.get('CXX', '')) or shutil.which('c++') or shutil.which('g++')
  program.write_text(f'#!/bin/bash\nexec {shlex.quote(found)} "${{@/#-O3/-O0}}"\n')
  program.chmod(0o755)
  return str(program)


def test_kernels_are_compiled_once_and_kept(tmp_path, quick):
  folder = tmp_path / 'cache'
  first = in_a_process(NN_ZOO_CACHE=str(folder), CXX=quick)
  (kept,) = folder.iterdir()
  written = kept.stat().st_mtime_ns
  second = in_a_process(NN_ZOO_CACHE=str(folder), CXX=quick)
  assert 'compiling the kernels' in first[2]
  assert 'compiling' not in second[2]
  assert first[:2] == second[:2]
  assert first[0] == ''
  assert kept.stat().st_mtime_ns == written


@pytest.mark.parametrize(
  ('environment', 'reason'),
  [
    ({'NN_ZOO_NATIVE': '0'}, 'turned off by NN_ZOO_NATIVE=0'),
    ({'PATH': '/nowhere', 'CXX': ''}, 'no C++ compiler; install'),
    ({'CXX': 'false'}, 'false failed'),
    ({'NN_ZOO_CACHE': '/proc/nowhere'}, 'failed: '),
  ],
)
def test_without_kernels_the_result_is_the_same_and_the_reason_is_said(
  environment, reason, tmp_path
):
  found, total, _ = in_a_process(**{'NN_ZOO_CACHE': str(tmp_path), **environment})
  assert reason in found
  x, kernel = jnp.arange(32.0).reshape(1, 4, 4, 2), jnp.arange(36.0).reshape(3, 3, 2, 2)
  assert_near(total, convolve(x, kernel).sum(), 1e-6)


def test_a_half_written_library_is_not_left_behind(tmp_path, compiler):
  in_a_process(NN_ZOO_CACHE=str(tmp_path), CXX='false')
  assert list(tmp_path.iterdir()) == []


def test_results_do_not_depend_on_the_number_of_threads(compiler):
  program = """
import jax, jax.numpy as jnp, hashlib
from nn_zoo.ops.convolution import convolve
x = jax.random.normal(jax.random.key(0), (9, 13, 11, 20))
kernel = jax.random.normal(jax.random.key(1), (3, 3, 20, 40))
both = jax.grad(lambda x, k: jnp.sum(jnp.sin(convolve(x, k, 2))), (0, 1))(x, kernel)
print(hashlib.sha256(b''.join(a.tobytes() for a in both)).hexdigest())
"""
  digests = set()
  for cores in ([0], sorted(os.sched_getaffinity(0))):
    bound = f'import os\nos.sched_setaffinity(0, {cores})\n' + program
    done = subprocess.run(
      [sys.executable, '-c', bound], capture_output=True, text=True, check=True,
      env={**os.environ, 'JAX_PLATFORMS': 'cpu'},
    )  # fmt: skip
    digests.add(done.stdout)
  assert len(digests) == 1


def test_the_description_says_which_kernels_run(monkeypatch):
  monkeypatch.setattr(library, 'load', lambda: '')
  for unit, name in ((False, 'nn_zoo (C++)'), (True, 'nn_zoo (C++, matrix unit)')):
    monkeypatch.setattr(library, 'has_matrix_unit', lambda unit=unit: unit)
    assert library.describe() == name
  monkeypatch.setattr(library, 'load', lambda: 'no C++ compiler')
  assert library.describe() == "XLA's (no C++ compiler)"


def test_every_kernel_is_in_the_sources():
  text = ''.join(path.read_text() for path in library.SOURCES.glob('*.cc'))
  for name in library.KERNELS:
    assert f'NN_ZOO_KERNEL({name.removeprefix("nn_zoo_")});' in text
  np.testing.assert_equal(len(set(library.KERNELS)), text.count('\nNN_ZOO_KERNEL('))
