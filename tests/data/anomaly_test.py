"""Normal examples to learn from, and both kinds to report."""

import gzip

import numpy as np
import pytest

from nn_zoo.data import load
from nn_zoo.errors import InputError

TABLE = {'validation': 0.25, 'test': 0.5, 'split_seed': 0, 'target': 'odd'}


def table(folder, rows):
  (folder / 't.csv').write_text('\n'.join(['a,odd,b', *rows]))
  return str(folder / 't.csv')


def test_one_class_is_learnt_from_and_all_test_images_are_reported(data_folder, monkeypatch):
  monkeypatch.setenv('NN_ZOO_DATA', str(data_folder))
  data = load('mnist_one_class', normal=4, validation=500, split_seed=0)
  whole = load('mnist', validation=0, split_seed=0)
  assert [len(part['targets']) for part in data[:3]] == [5842 - 500, 500, 10000]
  assert not data.train['targets'].any()
  assert not data.validation['targets'].any()
  np.testing.assert_array_equal(data.test['targets'], whole.test['targets'] != 4)
  fours = {image.tobytes() for image in whole.train['inputs'][whole.train['targets'] == 4]}
  assert all(image.tobytes() in fours for image in data.train['inputs'][:50])
  assert data.classes == ('normal', 'anomaly')
  with pytest.raises(InputError, match=r'^data.normal=10: expected a class of 0 to 9$'):
    load('fashion_mnist_one_class', normal=10, validation=0, split_seed=0)


def test_the_shuttle_table_has_its_published_counts(data_folder, monkeypatch):
  monkeypatch.setenv('NN_ZOO_DATA', str(data_folder))
  data = load('shuttle', validation=2000, test=0.5, split_seed=0)
  assert data.train['inputs'].shape == (45586 - 22793 - 2000, 9)
  assert data.test['targets'].sum() == 3511
  assert len(data.test['targets']) == 22793 + 3511


def test_a_missing_or_another_shuttle_table_is_named(tmp_path, monkeypatch):
  monkeypatch.setenv('NN_ZOO_DATA', str(tmp_path))
  with pytest.raises(InputError, match=r'shuttle.csv.gz is missing: make it of https://'):
    load('shuttle', validation=0, test=0.5, split_seed=0)
  (tmp_path / 'anomaly').mkdir()
  with gzip.open(tmp_path / 'anomaly' / 'shuttle.csv.gz', 'wt') as file:
    file.write('f1,anomaly\n1,0\n2,1\n')
  with pytest.raises(
    InputError, match=r'has 2 rows, 1 of them anomalies; expected 49097 and 3511$'
  ):
    load('shuttle', validation=0, test=0.5, split_seed=0)


def test_anomalies_of_a_table_are_all_tested_and_never_learnt_from(tmp_path):
  path = table(tmp_path, [f'{i},{int(i >= 8)},{-i}' for i in range(11)])
  data = load('anomaly_table', path=path, **TABLE)
  assert [len(part['targets']) for part in data[:3]] == [2, 2, 4 + 3]
  a_column, targets = data.test['inputs'][:, 0], data.test['targets']
  np.testing.assert_array_equal(targets, a_column >= 8)
  assert set(a_column[targets == 1]) == {8, 9, 10}
  seen = np.concatenate([data.train['inputs'], data.validation['inputs'], data.test['inputs']])
  assert sorted(seen[:, 0]) == list(range(11))
  np.testing.assert_array_equal(seen[:, 1], -seen[:, 0])


@pytest.mark.parametrize(
  ('rows', 'fields', 'line'),
  [
    (['1,0,1', '2,2,1'], {}, r"line 3, column 'odd' holds '2'; expected 0 for normal, 1 for an"),
    (['1,0,1', '2,0,1'], {}, r"column 'odd' marks no anomaly; without both"),
    (['1,1,1', '2,1,1'], {}, r"column 'odd' marks no normal line; without both"),
    (['1,0,1', '2,no,1'], {}, r"line 3, column 'odd' holds 'no'"),
    (['1,0,1', '2,1,1'], {'target': 'even'}, r"target='even' is unknown"),
    (['1,0,1', '2,0,1', '3,1,1'], {'test': 0.0}, r'^data.test=0.0 leaves no normal row to report'),
  ],
)
def test_a_table_that_nothing_can_be_judged_on_is_one_line(tmp_path, rows, fields, line):
  fields = TABLE | {'validation': 0.0} | fields
  with pytest.raises(InputError, match=line):
    load('anomaly_table', path=table(tmp_path, rows), **fields)
