"""Keeps the differences from PyTorch: `python -m pytest tests/parity --record` writes the largest ones down.

The README's table is made of that record by `python -m experiments.readme`.
"""

import json
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

RECORD = Path(__file__).with_name('differences.json')


def pytest_addoption(parser):
  parser.addoption('--record', action='store_true', help=f'write {RECORD.name} for the README')


@pytest.fixture
def difference(record_property, pytestconfig) -> Callable[..., float]:
  """max |ours - theirs| / max |theirs|, kept for the record, in which it must have a place.

  A call is `difference('network lenet', 'gradients', ours, theirs)`: what is compared, one of the columns
  'outputs', 'gradients', 'parameters' and 'statistics' (both after ten steps), and two arrays of one type.
  """
  recording = pytestconfig.getoption('record', False)
  known = {} if recording else json.loads(RECORD.read_text())['differences']

  def measure(subject: str, column: str, ours: np.ndarray, theirs: np.ndarray) -> float:
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    place = subject, column, str(theirs.dtype)
    missing = not recording and place[2] not in known.get(subject, {}).get(column, {})
    assert not missing, f'{place} is new: run `python -m pytest tests/parity --record`'
    largest = float(np.max(np.abs(ours - theirs)) / np.max(np.abs(theirs)))
    record_property('difference', [*place, largest])
    return largest

  return measure


def pytest_terminal_summary(terminalreporter, exitstatus, config):
  """Runs once, whatever the number of processes that the tests ran in."""
  if not config.getoption('record', False):
    return
  known = json.loads(RECORD.read_text()).get('differences', {})
  found = {}
  for report in terminalreporter.stats.get('passed', []):
    for _, (subject, column, dtype, largest) in report.user_properties:
      by_dtype = found.setdefault(subject, {}).setdefault(column, {})
      by_dtype[dtype] = max(by_dtype.get(dtype, 0.0), largest)
  if exitstatus or not found:
    terminalreporter.write_line(f'{RECORD.name} is left as it was')
    return
  versions = {name: version(name) for name in ('jax', 'flax', 'torch')}
  # What this run did not compare, since only some tests were chosen, stays as it was.
  record = {'versions': versions, 'machine': platform.machine(), 'differences': known | found}
  RECORD.write_text(json.dumps(record, indent=2, sort_keys=True) + '\n')
