"""Streams: a function of the step, every example as often as it should be."""

import numpy as np
import pytest

from nn_zoo.data.preprocess import moments, standardise
from nn_zoo.data.stream import InOrder, Shuffled
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
