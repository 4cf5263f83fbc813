"""A side runs in a process of its own: what it is given, what it reports, and how it may fail."""

import pytest

from experiments.benchmark import processes as processes_module
from experiments.benchmark.processes import run
from nn_zoo.errors import InputError


def test_a_process_reports_its_last_line_and_keeps_the_environment_it_is_given():
  program = 'import os; print("noise"); print("{\\"seconds\\": " + os.environ["T"] + "}")'
  assert run(['-c', program], 'it', {'T': '7'}, reports=True).figures == {'seconds': 7}


def test_a_process_is_run_on_the_cpu_from_cold_caches(monkeypatch):
  monkeypatch.setenv('JAX_COMPILATION_CACHE_DIR', 'somewhere')
  program = """
import json, os
names = ('JAX_PLATFORMS', 'JAX_COMPILATION_CACHE_DIR')
print(json.dumps({name: os.environ.get(name) for name in names}))
"""
  found = run(['-c', program], 'it', {}, reports=True).figures
  assert found == {'JAX_PLATFORMS': 'cpu', 'JAX_COMPILATION_CACHE_DIR': None}


def test_a_peer_that_fails_is_one_line_with_its_last_words():
  program = 'import sys; sys.stderr.write("one\\ntwo\\n"); sys.exit(3)'
  with pytest.raises(InputError) as caught:
    run(['-c', program], 'the peer', {}, reports=True)
  assert str(caught.value) == 'the peer failed with exit code 3: two'


def test_a_missing_peer_says_how_to_get_it():
  program = 'raise ModuleNotFoundError("No module named \'torch\'")'
  with pytest.raises(InputError, match=r'`pip install torch` brings the peer'):
    run(['-c', program], 'the peer', {}, reports=True)


@pytest.mark.parametrize('printed', ['', 'done', '[1]'])
def test_a_peer_that_reports_no_figures_is_named(printed):
  with pytest.raises(InputError, match=r'the peer: its last line is .*, expected figures'):
    run(['-c', f'print("{printed}")'], 'the peer', {}, reports=True)


def test_work_of_others_is_seen(monkeypatch):
  ticks = iter([100.0, 1000.0])
  monkeypatch.setattr(processes_module, '_busy_seconds', lambda: next(ticks))
  assert run(['-c', ''], 'it', {}, reports=False).others > 1


def test_a_system_that_does_not_tell_leaves_the_share_open(monkeypatch):
  monkeypatch.setattr(processes_module, '_busy_seconds', lambda: None)
  assert run(['-c', ''], 'it', {}, reports=False).others is None
