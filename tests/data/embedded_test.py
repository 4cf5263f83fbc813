import numpy as np
import pytest

from nn_zoo.data import load
from nn_zoo.errors import InputError

WHOLE = {'validation': 0, 'test': 0, 'split_seed': 0}


def test_digits_are_bytes_that_use_the_full_range():
  train = load('digits', **WHOLE).train
  assert train['inputs'].shape == (1797, 8, 8, 1)
  assert train['inputs'].dtype == np.uint8
  assert len(np.unique(train['inputs'])) == 17
  assert (train['inputs'].min(), train['inputs'].max()) == (0, 255)
  assert train['targets'].dtype == np.int32
  assert np.bincount(train['targets']).tolist() == [
    178,
    182,
    177,
    183,
    181,
    182,
    181,
    179,
    174,
    180,
  ]


def test_enlarged_digits_still_show_the_same_digits():
  small, large = load('digits', **WHOLE).train, load('digits', scale=4, **WHOLE).train
  assert large['inputs'].shape == (1797, 32, 32, 1)
  assert large['inputs'].dtype == np.uint8
  np.testing.assert_array_equal(large['targets'], small['targets'])
  averaged = large['inputs'].reshape(1797, 8, 4, 8, 4).mean(axis=(2, 4)).ravel()
  assert np.corrcoef(averaged, small['inputs'].ravel())[0, 1] > 0.98


def test_digits_are_split_by_seed():
  digits = load('digits', validation=0.1, test=297, split_seed=3)
  sizes = [len(part['inputs']) for part in (digits.train, digits.validation, digits.test)]
  assert sizes == [1320, 180, 297]
  assert digits.classes == tuple('0123456789')


def test_a_scale_of_zero_is_refused():
  with pytest.raises(InputError, match=r'scale=0: expected at least 1'):
    load('digits', scale=0, **WHOLE)


def test_diabetes_is_a_regression_in_the_original_units():
  diabetes = load('diabetes', **WHOLE)
  assert diabetes.classes == ()
  assert diabetes.train['inputs'].shape == (442, 10)
  assert diabetes.train['targets'].shape == (442, 1)
  assert {array.dtype for array in diabetes.train.values()} == {np.dtype(np.float32)}
  age_years = diabetes.train['inputs'][:, 0]
  assert (age_years.min(), age_years.max()) == (19, 79)
  targets = diabetes.train['targets']
  assert (targets.min(), targets.max()) == (25, 346)


def test_breast_cancer_is_a_classification():
  cancer = load('breast_cancer', **WHOLE)
  assert cancer.classes == ('malignant', 'benign')
  assert cancer.train['inputs'].shape == (569, 30)
  assert cancer.train['inputs'].dtype == np.float32
  assert np.bincount(cancer.train['targets']).tolist() == [212, 357]


def test_kept_classes_are_counted_anew_in_their_order():
  whole = load('digits', **WHOLE).train
  some = load('digits', keep=(7, 2), **WHOLE)
  assert some.classes == ('7', '2')
  for label, digit in enumerate((7, 2)):
    np.testing.assert_array_equal(
      np.sort(some.train['inputs'][some.train['targets'] == label], axis=0),
      np.sort(whole['inputs'][whole['targets'] == digit], axis=0),
    )
  assert some.train['targets'].dtype == np.int32


def test_a_limit_cuts_the_training_examples_and_leaves_the_others():
  fields = {'validation': 0.1, 'test': 0.2, 'split_seed': 0}
  whole, few = load('digits', **fields), load('digits', limit=50, **fields)
  np.testing.assert_array_equal(few.train['inputs'], whole.train['inputs'][:50])
  np.testing.assert_array_equal(few.train['targets'], whole.train['targets'][:50])
  assert set(few.train['targets']) == set(range(10))  # at random, not in the order of the file
  np.testing.assert_array_equal(few.test['inputs'], whole.test['inputs'])
  np.testing.assert_array_equal(few.validation['inputs'], whole.validation['inputs'])


@pytest.mark.parametrize('keep', [(3,), (1, 1), (0, 10), (-1, 2)])
def test_classes_that_cannot_be_kept_are_named(keep):
  with pytest.raises(InputError, match=r'data\.keep=.*two different classes of 0 to 9'):
    load('digits', keep=keep, **WHOLE)


@pytest.mark.parametrize('limit', [-1, 1798])
def test_a_limit_beyond_the_data_is_named(limit):
  with pytest.raises(InputError, match=rf'data\.limit={limit}: expected 1 to 1797'):
    load('digits', limit=limit, **WHOLE)
