import gzip
import time

import numpy as np
import pytest

from nn_zoo.data.series import glucose, sea_temperature, series_table
from nn_zoo.errors import InputError

SIZES = {'every': 1, 'window': 4, 'horizon': 2, 'stride': 1, 'validation': 0, 'test': 0}


@pytest.fixture
def own(tmp_path):
  """Writes lines as a table and loads it."""

  def load(lines, name='own.csv', **fields):
    content = '\n'.join(lines).encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith('.gz') else content)
    fields = {'columns': ('y',), 'time': ''} | SIZES | fields
    return series_table(path=str(tmp_path / name), **fields)

  return load


def table(rows=20, start=0):
  return ['y,x,day', *(f'{i},{100 + i},2026-01-{1 + i:02d}' for i in range(start, start + rows))]


@pytest.mark.parametrize('name', ['own.csv', 'own.csv.gz'])
def test_a_window_is_what_was_and_its_target_what_came(own, name):
  train = own(table(7), name, columns=('y', 'x')).train
  np.testing.assert_array_equal(train['inputs'][..., 0], [[0, 1, 2, 3], [1, 2, 3, 4]])
  np.testing.assert_array_equal(train['inputs'][..., 1], train['inputs'][..., 0] + 100)
  np.testing.assert_array_equal(train['targets'], [[4, 5], [5, 6]])
  assert train['inputs'].dtype == train['targets'].dtype == np.float32


def test_without_names_all_columns_but_the_times_are_read(own):
  named = own(table(7), columns=('y', 'x')).train
  found = own(table(7), columns=(), time='day').train
  np.testing.assert_array_equal(found['inputs'], named['inputs'])
  np.testing.assert_array_equal(found['targets'], named['targets'])


def test_parts_follow_one_another_and_no_window_reaches_across(own):
  data = own(table(30), validation=0.3, test=8)
  seen = [
    set(part['inputs'].ravel()) | set(part['targets'].ravel())
    for part in (data.train, data.validation, data.test)
  ]
  assert seen == [set(range(13)), set(range(13, 22)), set(range(22, 30))]
  assert [len(part['targets']) for part in (data.train, data.validation, data.test)] == [8, 4, 3]


def test_parts_that_are_not_asked_for_are_empty(own):
  data = own(table(8))
  assert data.test['inputs'].shape == (0, 4, 1)
  assert data.validation['targets'].shape == (0, 2)


def test_windows_stride_and_lines_are_averaged(own):
  np.testing.assert_array_equal(own(table(10), stride=3).train['targets'], [[4, 5], [7, 8]])
  # 13 lines are 6 steps of two; the first line is left out.
  np.testing.assert_array_equal(own(table(13), every=2).train['targets'], [[9.5, 11.5]])


def test_no_window_reaches_across_a_gap_in_time(own):
  lines = table(7) + table(8, start=10)[1:]
  assert len(own(lines).train['targets']) == 10
  found = own(lines, time='day').train['targets']
  np.testing.assert_array_equal(found, [[4, 5], [5, 6], [14, 15], [15, 16], [16, 17]])


def test_times_may_be_numbers_and_a_clock_put_back_is_a_gap(own):
  lines = ['y,t', *(f'{i},{i * 10}' for i in range(6)), *(f'{i},{i * 10}' for i in range(6))]
  np.testing.assert_array_equal(own(lines, time='t').train['targets'], [[4, 5], [4, 5]])


def test_windows_do_not_depend_on_the_time_zone_of_the_machine(own, monkeypatch):
  hours = [f'2026-{day} {hour:02d}:00' for day in ('03-29', '03-30') for hour in range(24)]
  lines = ['y,t', *(f'{index},{hour}' for index, hour in enumerate(hours))]
  for zone in ('UTC', 'Europe/Berlin', 'America/New_York'):
    monkeypatch.setenv('TZ', zone)
    time.tzset()
    assert len(own(lines, time='t').train['targets']) == 48 - 4 - 2 + 1
  monkeypatch.undo()
  time.tzset()


@pytest.mark.parametrize(
  ('lines', 'fields', 'line'),
  [
    (table(5), {}, r'own\.csv: .*train part has 5 steps; expected .* = 4 \+ 2 or more'),
    (table(20), {'test': 5}, r'the test part has 5 steps; expected'),
    (table(10), {'every': 2}, r'the train part has 5 steps'),
    (table(5) + table(5, start=9)[1:], {'time': 'day'}, r'without a gap of the train part has 5'),
    (table(), {'columns': ('z',)}, r"own\.csv: columns='z' is unknown.* There are: day, x, y"),
    (
      table(),
      {'columns': ('y', 'day')},
      r"line 2, column 'day' holds '2026-01-01'; expected a fin",
    ),
    ([*table(), 'nan,1,2026-01-30'], {}, r"line 22, column 'y' holds 'nan'; expected a finite"),
    (['y', '1', '2', '', '4', '', ''], {}, r"line 4, column 'y' holds ''; expected a finite"),
    (
      [*table(), '3,1,soon'],
      {'time': 'day'},
      r"line 22, column 'day' holds 'soon'; expected a time",
    ),
    ([*table(), '3,1,nan'], {'time': 'day'}, r"line 22, column 'day' holds 'nan'; expected a time"),
    (table(), {'time': 'dya'}, r"time='dya' is unknown\. Did you mean 'day'\?"),
    (
      table(),
      {'columns': ()},
      r"own\.csv: line 2, column 'day' holds '2026-01-01'; expected a finite",
    ),
    (
      ['day', '2026-01-01'],
      {'columns': (), 'time': 'day'},
      r"'day' is the only column; expected one to",
    ),
    (table(), {'window': 0}, r'data\.window=0: expected at least 1'),
    (table(), {'test': 20}, r'data\.test=20 leave no line to learn from'),
    (table(), {'test': 1.5}, r'data\.test=1\.5: expected a fraction'),
  ],
)
def test_a_table_that_gives_no_windows_is_one_line(own, lines, fields, line):
  with pytest.raises(InputError, match=line) as caught:
    own(lines, **fields)
  assert '\n' not in str(caught.value)


def test_a_cut_zip_is_one_line(own, tmp_path):
  own(table(), 'own.csv.gz')
  whole = (tmp_path / 'own.csv.gz').read_bytes()
  (tmp_path / 'cut.csv.gz').write_bytes(whole[: len(whole) // 2])
  with pytest.raises(InputError, match=r'cut\.csv\.gz: cannot be read as a table'):
    series_table(path=str(tmp_path / 'cut.csv.gz'), columns=('y',), time='', **SIZES)


@pytest.mark.parametrize(('load', 'name'), [(glucose, 'CGM'), (sea_temperature, 'sea_surface')])
def test_a_published_series_that_is_missing_says_how_to_get_it(load, name, tmp_path, monkeypatch):
  monkeypatch.setenv('NN_ZOO_DATA', str(tmp_path))
  with pytest.raises(InputError, match=rf'{name}.* is missing: `python -m experiments.fetch'):
    load(**SIZES)


def test_the_glucose_of_200_days_is_in_mg_per_dl(data_folder):
  data = glucose(every=3, window=96, horizon=8, stride=1, validation=0.15, test=0.15)
  assert 39 < data.train['inputs'].min() < data.train['inputs'].max() <= 400
  assert len(data.test['targets']) > 1000


def test_the_sea_of_400_days_is_in_degrees_celsius(data_folder):
  data = sea_temperature(every=2, window=48, horizon=24, stride=1, validation=0.15, test=0.15)
  assert 3 < data.train['inputs'].min() < data.train['inputs'].max() < 23
  assert len(data.test['targets']) > 1000
