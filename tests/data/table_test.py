import numpy as np
import pytest

from nn_zoo.data import load
from nn_zoo.errors import InputError

HOUSES = """\
rooms, area ,price
2,40.5,100
3,60,150

5,1e2,280
"""
FLOWERS = """\
length,kind
1,rose
2,aster
3,rose
"""


@pytest.fixture
def table(tmp_path):
  def read(text, target, *, classification=False, encoding='utf-8', validation=0):
    (tmp_path / 'own.csv').write_bytes(text.encode(encoding))
    return load(
      'csv',
      path=str(tmp_path / 'own.csv'),
      target=target,
      validation=validation,
      test=0,
      split_seed=0,
      classification=classification,
    )

  return read


def in_order(split):
  order = np.argsort(split['inputs'][:, 0])
  return split['inputs'][order].tolist(), split['targets'][order].tolist()


def test_a_column_of_numbers_is_predicted_from_the_others(table):
  data = table(HOUSES, 'price')
  assert data.classes == ()
  assert {array.dtype for array in data.train.values()} == {np.dtype(np.float32)}
  assert in_order(data.train) == ([[2, 40.5], [3, 60], [5, 100]], [[100], [150], [280]])


def test_the_target_may_be_any_column(table):
  assert in_order(table(HOUSES, 'rooms').train)[0] == [[40.5, 100], [60, 150], [100, 280]]


def test_words_are_classes_in_sorted_order(table):
  data = table(FLOWERS, 'kind', classification=True)
  assert data.classes == ('aster', 'rose')
  assert data.train['targets'].dtype == np.int32
  assert in_order(data.train) == ([[1], [2], [3]], [1, 0, 1])


def test_numbers_are_classes_in_their_own_order(table):
  assert table('x,y\n1,10\n2,9\n3,10\n', 'y', classification=True).classes == ('9', '10')


def test_a_table_is_split(table):
  data = table(HOUSES, 'price', validation=1)
  assert (len(data.train['inputs']), len(data.validation['inputs'])) == (2, 1)


def test_windows_files_are_read(table):
  data = table(HOUSES.replace('\n', '\r\n'), 'rooms', encoding='utf-8-sig')
  assert data.train['inputs'].shape == (3, 2)


@pytest.mark.parametrize('cell', ['many', '', 'nan', 'inf', '1e39', '3;5'])
def test_a_cell_that_is_no_finite_number_is_named_by_line_and_column(table, cell):
  with pytest.raises(
    InputError, match=f"own.csv: line 5, column 'area' holds '{cell}'; expected a"
  ):
    table(HOUSES.replace('1e2', cell), 'price')


def test_a_target_that_is_no_number_is_named_by_line_and_column(table):
  with pytest.raises(InputError, match=r"own.csv: line 3, column 'price' holds 'NaN'"):
    table(HOUSES.replace('150', 'NaN'), 'price')


@pytest.mark.parametrize('cell', ['', 'NaN', ' '])
def test_a_missing_class_is_named_by_line(table, cell):
  with pytest.raises(
    InputError, match=r"own.csv: line 3, column 'kind' holds '.*'; expected a class"
  ):
    table(FLOWERS.replace('aster', cell), 'kind', classification=True)


def test_a_missing_target_column_is_named_with_the_nearest_and_all(table):
  with pytest.raises(InputError, match=r"own.csv: target='prise' .*'price'\? .*area, price, rooms"):
    table(HOUSES, 'prise')


@pytest.mark.parametrize(
  ('text', 'said'),
  [
    ('a,b\n1,2\n3\n', 'line 3 has 1 cells; expected 2'),
    ('a,b\n1,2\n3,4,5\n', 'line 3 has 3 cells; expected 2'),
    ('a,b,a\n1,2,3\n', "two columns are called 'a'"),
    ('b\n1\n', "'b' is the only column"),
    ('a,b\n', 'expected a header line and at least one example'),
    ('', 'expected a header line and at least one example'),
    ('a,b\n1,' + '2' * 200_000, 'cannot be read as a table'),
  ],
)
def test_a_malformed_table_is_named(table, text, said):
  with pytest.raises(InputError, match=f'own.csv: {said}'):
    table(text, 'b')


def test_blank_lines_are_no_examples(table):
  assert len(table('a,b\n1,2\n\n3,4\n\n\n', 'b').train['targets']) == 2


def test_bytes_that_are_no_text_are_named(table):
  with pytest.raises(InputError, match=r'own.csv: cannot be read as a table .*utf-8'):
    table('größe,b\n1,2\n', 'b', encoding='latin-1')


def test_a_missing_file_is_named():
  fields = {'validation': 0, 'test': 0, 'split_seed': 0, 'classification': False}
  with pytest.raises(InputError, match=r'path=nowhere.csv: there is no such file'):
    load('csv', path='nowhere.csv', target='y', **fields)
