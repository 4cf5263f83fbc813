"""Numbers are written as people write them."""

import math

import numpy as np
import pytest

from nn_zoo.report import markup


@pytest.mark.parametrize(
  ('value', 'shown'),
  [
    (61706, '61,706'),
    (np.int64(1234567), '1,234,567'),
    (0.051234, '0.05123'),
    (12.0, '12'),
    (9999.4, '9,999'),
    (9999.6, '10,000'),
    (1e20, '1e+20'),
    (1.2344e-7, '1.234e-07'),
    (0.0, '0'),
    (-3.5, '-3.5'),
    (math.nan, 'NaN'),
    (-math.inf, '-∞'),
    (None, '–'),
  ],
)
def test_numbers_have_four_digits_or_separators(value, shown):
  assert markup.number(value) == shown


@pytest.mark.parametrize(
  ('seconds', 'shown'),
  [
    (0.0, '0 ms'),
    (0.3401, '340 ms'),
    (0.9996, '1.0 s'),
    (3.44, '3.4 s'),
    (59.96, '1 min 00 s'),
    (125.2, '2 min 05 s'),
    (3599.7, '1 h 00 min'),
    (3725, '1 h 02 min'),
    (math.nan, 'NaN'),
  ],
)
def test_durations_are_said_in_fitting_units(seconds, shown):
  assert markup.duration(seconds) == shown


@pytest.mark.parametrize(
  ('flops', 'shown'),
  [(720, '720 FLOP'), (1.23e6, '1.23 MFLOP'), (4e12, '4 TFLOP'), (None, '–'), (math.nan, '–')],
)
def test_operations_carry_a_prefix(flops, shown):
  assert markup.prefixed(flops, 'FLOP') == shown


def test_accuracies_are_percentages():
  assert markup.quantity('top5_accuracy', 0.98705) == '98.70 %'
  assert markup.quantity('accuracy', math.nan) == 'NaN'
  assert markup.quantity('loss', 0.98705) == '0.987'


def test_a_table_aligns_and_escapes_its_cells():
  text = markup.table(('a', 'b'), 'lr', [('<x>', 1.5), (markup.Markup('<b>y</b>'), None)])
  assert '<td>&lt;x&gt;</td><td class="n">1.5</td>' in text
  assert '<td><b>y</b></td><td class="n">–</td>' in text
  assert '<th>a</th><th class="n">b</th>' in text
  assert '<td class="t">long</td>' in markup.table(('a',), 't', [('long',)])
