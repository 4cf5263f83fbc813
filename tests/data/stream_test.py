"""Streams: a function of the step, every example as often as it should be."""

import numpy as np
import pytest

from nn_zoo.data.preprocess import moments, standardise
from nn_zoo.data.stream import Balanced, InOrder, Shuffled
from nn_zoo.errors import InputError

ARRAYS = {'inputs': np.arange(10.0, dtype=np.float32), 'targets': np.arange(10)}


@pytest.mark.parametrize('batch_size', [1, 3, 4, 7, 10])
def test_each_epoch_has_every_example_once_and_batches_run_on(batch_size):
  stream = Shuffled(ARRAYS, batch_size)
  drawn = np.concatenate([stream[step]['targets'] for step in range(3 * 10)])
  epochs = drawn[: 3 * 10].reshape(3, 10)
  for epoch in epochs:
    assert sorted(epoch) == list(range(10))
  assert len({tuple(epoch) for epoch in epochs}) == 3


def test_a_batch_depends_on_seed_and_step_alone():
  later = Shuffled(ARRAYS, 4, seed=1)[7]
  stream = Shuffled(ARRAYS, 4, seed=1)
  for step in (9, 0, 3):
    stream[step]
  np.testing.assert_array_equal(stream[7]['targets'], later['targets'])
  assert np.any(
    [Shuffled(ARRAYS, 4, seed=2)[s]['targets'] != stream[s]['targets'] for s in range(5)]
  )


def test_rows_and_batches_agree():
  for stream in (Shuffled(ARRAYS, 4), InOrder(ARRAYS, 4)):
    for step in range(3):
      np.testing.assert_array_equal(
        stream.arrays['inputs'][stream.rows(step)], stream[step]['inputs']
      )


@pytest.mark.parametrize('batch_size', [1, 3, 4, 10, 99])
def test_evaluation_sees_every_example_once_and_padding_weighs_nothing(batch_size):
  stream = InOrder(ARRAYS, batch_size)
  batches = [stream[step] for step in range(len(stream))]
  assert {len(batch['weight']) for batch in batches} == {min(batch_size, 10)}
  weight = np.concatenate([batch['weight'] for batch in batches])
  targets = np.concatenate([batch['targets'] for batch in batches])
  np.testing.assert_array_equal(targets[weight > 0], np.arange(10))
  with pytest.raises(IndexError):
    stream[len(stream)]


def test_weights_of_ones_own_are_kept():
  stream = InOrder(ARRAYS | {'weight': np.arange(10, dtype=np.float32)}, 4)
  np.testing.assert_array_equal(stream.arrays['weight'], [*range(10), 0, 0])


@pytest.mark.parametrize('batch_size', [0, 11])
def test_a_batch_larger_than_the_data_is_refused(batch_size):
  with pytest.raises(InputError, match=rf'train.batch_size={batch_size}: expected 1 to 10'):
    Shuffled(ARRAYS, batch_size)


def test_arrays_of_different_lengths_are_refused():
  with pytest.raises(InputError, match="'targets': 9"):
    InOrder({'inputs': np.zeros(10), 'targets': np.zeros(9)}, 2)


@pytest.mark.parametrize('shape', [(40, 3), (20, 5, 4, 2)])
def test_standardised_inputs_have_mean_0_and_deviation_1(shape):
  inputs = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)
  found = np.asarray(standardise(*moments(inputs))(inputs), np.float64)
  axes = tuple(range(len(shape) - 1))
  np.testing.assert_allclose(found.mean(axis=axes), 0, atol=1e-6)
  np.testing.assert_allclose(found.std(axis=axes), 1, rtol=1e-6)


def test_a_column_that_does_not_vary_becomes_zero():
  inputs = np.stack([np.full(5, 7.0), np.arange(5.0)], axis=1).astype(np.float32)
  found = standardise(*moments(inputs))(inputs)
  np.testing.assert_array_equal(found[:, 0], 0)


UNEVEN = {
  'inputs': np.arange(23.0, dtype=np.float32),
  'targets': np.repeat(np.arange(3, dtype=np.int32), [15, 2, 6])[
    np.random.default_rng(0).permutation(23)
  ],
}


@pytest.mark.parametrize('batch_size', [1, 2, 3, 7, 12, 23])
def test_a_balanced_batch_has_equally_many_of_each_class_up_to_one(batch_size):
  stream = Balanced(UNEVEN, batch_size)
  total = np.zeros(3, int)
  for step in range(3 * 20):
    counts = np.bincount(stream[step]['targets'], minlength=3)
    assert counts.max() - counts.min() <= 1
    total += counts
  np.testing.assert_array_equal(total, 20 * batch_size)


def test_a_balanced_stream_visits_the_examples_of_a_class_once_a_round_in_new_orders():
  stream = Balanced(UNEVEN, 3)  # so that a batch has one of each class
  rows = np.stack([stream.rows(step) for step in range(90)])
  for label, size in enumerate((15, 2, 6)):
    drawn = rows[UNEVEN['targets'][rows] == label].reshape(-1, size)
    members = np.flatnonzero(UNEVEN['targets'] == label)
    for turn in drawn:
      np.testing.assert_array_equal(np.sort(turn), members)
    assert len({tuple(turn) for turn in drawn}) > 1


def test_a_balanced_batch_depends_on_seed_and_step_alone_and_its_rows_are_its_batch():
  stream = Balanced(UNEVEN, 7, seed=1)
  for step in (40, 0, 3):
    batch = stream[step]
    for name, array in Balanced(UNEVEN, 7, seed=1)[step].items():
      np.testing.assert_array_equal(batch[name], array)
    np.testing.assert_array_equal(stream.arrays['inputs'][stream.rows(step)], batch['inputs'])
  assert np.any(Balanced(UNEVEN, 7, seed=2)[0]['inputs'] != stream[0]['inputs'])
  assert (stream.batch_size, stream.examples) == (7, 23)
  assert stream.rows(0).dtype == np.int32


def test_every_part_of_a_balanced_batch_can_hold_every_class():
  stream = Balanced(UNEVEN, 12)
  first_parts = np.concatenate([stream[step]['targets'][::3] for step in range(10)])
  assert set(first_parts) == {0, 1, 2}


@pytest.mark.parametrize(
  ('arrays', 'fields', 'message'),
  [
    (UNEVEN | {'targets': np.zeros((23, 1), np.float32)}, {}, "set 'shuffled'"),
    (UNEVEN | {'targets': np.full(23, 1)}, {}, 'class 0 has no training example'),
    (UNEVEN, {'classes': 4}, 'class 3 has no training example'),
    (UNEVEN, {'batch_size': 24}, 'train.batch_size=24: expected 1 to 23'),
  ],
)
def test_what_cannot_be_balanced_is_one_line(arrays, fields, message):
  with pytest.raises(InputError, match=message) as caught:
    Balanced(arrays, **({'batch_size': 4} | fields))
  assert '\n' not in str(caught.value)
