"""The record of differences: every network that is compared has its place, and the largest are kept."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.parity import conftest

HERE = Path(__file__).parent


def test_what_has_no_place_in_the_record_is_refused(difference, pytestconfig):
  if pytestconfig.getoption('record', False):
    pytest.skip('the record is being written')
  with pytest.raises(AssertionError, match=r"'network none'.* is new: run .*--record"):
    difference('network none', 'outputs', np.ones(1), np.ones(1))


@pytest.mark.parametrize(
  'path',
  [path for path in sorted(HERE.glob('*_test.py')) if 'create_model(' in path.read_text()],
  ids=lambda path: path.stem,
)
def test_a_file_that_compares_a_network_keeps_its_differences(path):
  assert 'difference(' in path.read_text()


BEFORE = {'differences': {'a': {'gradients': {}}, 'b': {'outputs': {'float32': 5e-7}}}}


def summarise(folder, monkeypatch, exitstatus):
  """What a run of two tests that kept three differences leaves in the record."""
  path = folder / 'differences.json'
  path.write_text(json.dumps(BEFORE))
  monkeypatch.setattr(conftest, 'RECORD', path)
  rows = [[('a', 'outputs', 'float32', 1e-7), ('a', 'outputs', 'float32', 3e-7)]]
  rows += [[('a', 'outputs', 'float32', 2e-7)]]
  reports = [SimpleNamespace(user_properties=[('difference', row) for row in of]) for of in rows]
  reporter = SimpleNamespace(stats={'passed': reports}, write_line=print)
  config = SimpleNamespace(getoption=lambda name, default: True)
  conftest.pytest_terminal_summary(reporter, exitstatus, config)
  return json.loads(path.read_text())


def test_the_largest_difference_is_written_unless_a_test_has_failed(tmp_path, monkeypatch):
  pytest.importorskip('torch', reason='the record names its version')
  written = summarise(tmp_path, monkeypatch, exitstatus=0)
  kept = BEFORE['differences']['b']  # which was not compared
  assert written['differences'] == {'a': {'outputs': {'float32': 3e-7}}, 'b': kept}
  assert summarise(tmp_path, monkeypatch, exitstatus=1) == BEFORE
