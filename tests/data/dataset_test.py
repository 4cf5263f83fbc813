import numpy as np
import pytest

from nn_zoo.data.dataset import check, split
from nn_zoo.errors import InputError

INPUTS = np.arange(100, dtype=np.float32)[:, None]
TARGETS = np.arange(100, dtype=np.int32)


def rows(*, validation, test, seed=0):
  return [
    part['targets'].tolist()
    for part in split(INPUTS, TARGETS, validation=validation, test=test, seed=seed)
  ]


def test_every_example_falls_into_one_split_with_its_own_target():
  parts = split(INPUTS, TARGETS, validation=0.2, test=0.1, seed=0)
  assert [len(part['inputs']) for part in parts] == [70, 20, 10]
  assert sorted(np.concatenate([part['targets'] for part in parts])) == list(range(100))
  for part in parts:
    np.testing.assert_array_equal(part['inputs'][:, 0], part['targets'])


def test_a_float_is_a_fraction_and_an_int_a_count():
  assert rows(validation=0.05, test=0.25) == rows(validation=5, test=25)


def test_a_seed_decides_the_split():
  assert rows(validation=10, test=10) == rows(validation=10, test=10)
  assert rows(validation=10, test=10) != rows(validation=10, test=10, seed=1)


def test_the_test_examples_do_not_depend_on_the_validation_size():
  assert rows(validation=0, test=10)[2] == rows(validation=50, test=10)[2]


def test_a_split_may_be_empty():
  assert [len(part) for part in rows(validation=0, test=0.0)] == [100, 0, 0]


@pytest.mark.parametrize(('validation', 'test'), [(50, 50), (0.5, 0.5), (0, 100), (101, 0)])
def test_a_split_without_a_training_example_is_refused(validation, test):
  with pytest.raises(InputError, match=f'validation={validation} and test={test} .* of 100'):
    rows(validation=validation, test=test)


@pytest.mark.parametrize('size', [1.0, -0.1, -1, 1.5, float('nan')])
def test_a_size_that_is_neither_fraction_nor_count_is_named(size):
  with pytest.raises(InputError, match=f'^validation={size}: expected a fraction'):
    rows(validation=size, test=0)
  with pytest.raises(InputError, match=f'^test={size}: expected a fraction'):
    rows(validation=0, test=size)


def test_a_negative_seed_is_named():
  with pytest.raises(InputError, match=r'split_seed=-1: expected at least 0'):
    rows(validation=0, test=0, seed=-1)


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize('name', ['inputs', 'targets'])
def test_a_value_that_is_not_finite_is_named_by_array_and_row(name, value):
  pair = {'inputs': np.zeros((5, 3), np.float32), 'targets': np.zeros((5, 1), np.float32)}
  pair[name][3, -1] = value
  with pytest.raises(InputError, match=f"^a.npz: array 'test_{name}', row 3 .* holds {value};"):
    check(**pair, classes=0, source='a.npz', prefix='test_')


@pytest.mark.parametrize('label', [-1, 10])
def test_a_class_index_out_of_range_is_named_by_row(label):
  targets = np.array([0, 9, label])
  with pytest.raises(InputError, match=f"'targets', row 2 .* class {label}; .* 0 to 9$"):
    check(np.zeros((3, 1)), targets, classes=10, source='a.npz')
  check(np.zeros((2, 1)), targets[:2], classes=10, source='a.npz')


def test_inputs_without_targets_are_counted():
  with pytest.raises(InputError, match=r"^a.npz: 'inputs' has 3 rows and 'targets' 2"):
    check(np.zeros((3, 1)), np.zeros(2), classes=0, source='a.npz')
