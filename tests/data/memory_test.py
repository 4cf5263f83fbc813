"""Adding and copying: what is asked for, that every batch is new, and that bad fields are one line."""

import numpy as np
import pytest

from nn_zoo.data import load
from nn_zoo.errors import InputError


def make(name, **fields):
  return load(name, **{'length': 7, 'validation': 20, 'test': 300, 'split_seed': 0} | fields)


def test_the_sum_is_that_of_one_marked_number_of_each_half():
  data = make('adding')
  number_NT, mark_NT = np.moveaxis(data.test['inputs'], -1, 0)
  assert data.test['inputs'].shape == (300, 7, 2)
  np.testing.assert_array_equal(mark_NT[:, :3].sum(axis=1), 1)
  np.testing.assert_array_equal(mark_NT[:, 3:].sum(axis=1), 1)
  np.testing.assert_allclose(
    data.test['targets'][:, 0], (number_NT * mark_NT).sum(axis=1), rtol=1e-6
  )
  assert mark_NT.any(axis=0).all()
  assert number_NT.min() >= 0
  assert number_NT.max() < 1


def test_who_always_says_one_is_a_sixth_wrong():
  data = make('adding', test=20000)
  assert np.mean((data.test['targets'] - 1) ** 2) == pytest.approx(1 / 6, rel=0.02)


@pytest.mark.parametrize('length', [1, 7])
def test_the_symbols_are_asked_for_after_so_many_steps(length):
  data = make('copy_memory', length=length)
  inputs_NT, targets_NT = data.test['inputs'], data.test['targets']
  assert inputs_NT.shape == targets_NT.shape == (300, length + 20)
  assert inputs_NT.dtype == targets_NT.dtype == np.int32
  np.testing.assert_array_equal(targets_NT[:, -10:], inputs_NT[:, :10])
  assert set(np.unique(inputs_NT[:, :10])) == set(range(1, 9))
  np.testing.assert_array_equal(inputs_NT[:, 9 + length], 9)
  assert not inputs_NT[:, 10 : 9 + length].any()
  assert not inputs_NT[:, 10 + length :].any()
  assert not targets_NT[:, :-10].any()
  assert len(data.classes) == 9
  assert len(data.vocabulary) == 10


@pytest.mark.parametrize('name', ['adding', 'copy_memory'])
def test_a_batch_is_new_and_decided_by_seed_and_step(name):
  data, again = make(name), make(name)
  stream = data.fresh(16, 3)
  np.testing.assert_array_equal(stream[5]['inputs'], again.fresh(16, 3)[5]['inputs'])
  others = [stream[6], data.fresh(16, 4)[5], *(take(part) for part in data[:3])]
  for other in others:
    assert (stream[5]['inputs'] != other['inputs']).any()
  assert stream[5]['weight'].shape == (16,)
  for mine, same in zip(data[:3], again[:3], strict=True):
    np.testing.assert_array_equal(mine['inputs'], same['inputs'])
  assert (data.test['inputs'] != make(name, split_seed=1).test['inputs']).any()


def take(part):
  return {'inputs': part['inputs'][:16]}


@pytest.mark.parametrize(
  ('name', 'fields', 'line'),
  [
    ('adding', {'length': 1}, r'data\.length=1: expected at least 2'),
    ('copy_memory', {'length': 0}, r'data\.length=0: expected at least 1'),
    ('adding', {'test': -1}, r'data\.test=-1: expected at least 0'),
    ('copy_memory', {'split_seed': -1}, r'data\.split_seed=-1: expected at least 0'),
  ],
)
def test_what_cannot_be_drawn_is_one_line(name, fields, line):
  with pytest.raises(InputError, match=f'^{line}$'):
    make(name, **fields)
