"""The residuals shown are the worst."""

import re

import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.report import regression

RNG = np.random.default_rng(0)


def first_cells(html: str) -> list[str]:
  return re.findall(r'<tr><td class="n">(.*?)</td>', html)


def test_the_worst_residuals_come_first():
  targets = RNG.normal(size=50)
  outputs = targets + RNG.normal(size=50)
  figure, table = regression.sections(RNG.normal(size=(50, 3)), targets, outputs)
  expected = np.argsort(-abs(outputs - targets))[:12]
  assert first_cells(table.html) == [str(i) for i in expected]
  assert figure.html.count('<svg') == 1


def test_one_output_may_have_an_axis_of_its_own():
  targets, outputs = RNG.normal(size=(2, 20))
  inputs = np.zeros((20, 2))
  flat = regression.sections(inputs, targets, outputs)
  assert regression.sections(inputs, targets[:, None], outputs) == flat


def test_several_outputs_are_told_apart():
  targets = np.zeros((3, 2))
  outputs = np.array([[0, 1.0], [0, -3.0], [2.0, 0]])
  table = regression.sections(np.zeros((3, 1)), targets, outputs)[1].html
  assert first_cells(table)[:3] == ['1, 1', '2, 0', '0, 1']


def test_values_that_are_not_finite_are_counted_and_worst():
  outputs = np.array([0.0, np.nan, np.inf, 1.0])
  figure, table = regression.sections(np.zeros((4, 1)), np.zeros(4), outputs)
  assert '2 values are not finite.' in figure.html
  assert set(first_cells(table.html)[:2]) == {'1', '2'}
  assert '<svg' in regression.sections(np.zeros((1, 1)), [0.0], [np.nan])[0].html


def test_many_points_stay_small():
  targets, outputs = RNG.normal(size=(2, 100_000))
  html = ''.join(part.html for part in regression.sections(targets[:, None], targets, outputs))
  assert len(html) < 300_000


def test_sizes_that_do_not_match_are_refused():
  with pytest.raises(InputError, match='expected as targets'):
    regression.sections(np.zeros((3, 1)), np.zeros(3), np.zeros((3, 2)))
  with pytest.raises(InputError, match='at least one'):
    regression.sections(np.zeros((0, 1)), [], [])
