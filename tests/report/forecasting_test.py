import re

import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.report.forecasting import SPREAD, WORST, chosen, sections

N, W, H, SEASON = 9, 12, 3, 4
RANDOM = np.random.default_rng(0)
INPUTS = RANDOM.normal(size=(N, W, 2))
TARGETS = RANDOM.normal(size=(N, H))
FORECASTS = np.stack([TARGETS - 1, TARGETS + 0.5, TARGETS + 1], axis=-1)
FORECASTS[0] += 5


def drawn(forecasts=FORECASTS):
  return {
    section.title: section.html
    for section in sections(INPUTS, TARGETS, forecasts, quantiles=(0.1, 0.5, 0.9), season=SEASON)
  }


def test_windows_from_first_to_last_and_the_worst_are_drawn():
  assert chosen(np.array([0.0, 3, 1, 2, np.nan])) == [
    *((n, 'window') for n in (0, 1, 3, 4)),
    *((n, 'among the worst: window') for n in (4, 1)),
  ]
  html = drawn()['Forecasts']
  assert html.count('<svg') == SPREAD + WORST
  assert 'among the worst: window 0' in html
  assert 'should hold 80 % of what came' in html


def test_errors_stand_beside_those_of_naive_forecasts():
  html = drawn()['By step ahead']
  rows = [re.findall(r'<td[^>]*>(.*?)</td>', row) for row in html.split('<tr>')[2:]]
  seasonal = INPUTS[:, [W - SEASON, W - SEASON + 1, W - SEASON + 2], 0]
  for row, point in zip(rows, (FORECASTS[..., 1], INPUTS[:, -1:, 0], seasonal), strict=True):
    error = np.abs(TARGETS - point)
    found = [float(cell) for cell in row[1:4]]
    expected = [error.mean(), error[:, 0].mean(), error[:, -1].mean()]
    np.testing.assert_allclose(found, expected, rtol=1e-3)
  assert [row[0] for row in rows] == ['forecast', 'naive', 'seasonal naive']
  assert rows[1][4] == '1'


def test_forecasts_that_are_not_finite_are_drawn_without_a_warning():
  assert '<svg' in drawn(np.where(FORECASTS > 4, np.nan, FORECASTS))['Forecasts']


def test_sizes_that_do_not_match_are_one_line():
  with pytest.raises(InputError, match='were expected as'):
    sections(INPUTS, TARGETS, FORECASTS[..., :2], quantiles=(0.1, 0.5, 0.9), season=SEASON)
