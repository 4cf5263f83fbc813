"""Sequences of unequal length: the user's own, how they are divided and how they are standardised."""

import jax
import numpy as np
import pytest

from nn_zoo.data import load
from nn_zoo.data.preprocess import moments, preparation
from nn_zoo.data.sequences import padded
from nn_zoo.data.stream import Balanced, InOrder, Shuffled
from nn_zoo.errors import InputError

RANDOM = np.random.default_rng(0)
LENGTH = np.array([4, 1, 3, 2, 4, 2])
INPUTS = RANDOM.normal(3, 5, (6, 4, 2))
TARGETS = np.array([0, 1, 0, 1, 0, 1])


@pytest.fixture
def own(tmp_path):
  def read(validation=0, test=0, **arrays):
    np.savez(tmp_path / 'own.npz', **arrays)
    path = str(tmp_path / 'own.npz')
    return load('sequences', path=path, validation=validation, test=test, split_seed=0)

  return read


def test_what_stands_after_the_end_is_replaced_by_zero(own):
  inputs = np.where(np.arange(4)[None, :, None] < LENGTH[:, None, None], INPUTS, np.nan)
  data = own(inputs=inputs, length=LENGTH, targets=TARGETS, validation=2)
  assert data.classes == ('0', '1')
  assert [len(part['inputs']['length']) for part in data[:3]] == [4, 2, 0]
  found = data.train['inputs']
  assert (found['values'].dtype, found['length'].dtype) == (np.float32, np.int32)
  rows = zip(found['values'], found['length'], data.train['targets'], strict=True)
  for values, length, target in rows:
    row = np.flatnonzero(np.isclose(inputs[:, 0, 0], values[0, 0]))[0]
    assert (length, target) == (LENGTH[row], TARGETS[row])
    np.testing.assert_array_equal(values[:length], np.float32(inputs[row, :length]))
    assert not values[length:].any()


def test_sequences_of_equal_length_stay_one_array_and_bytes_are_no_images(own):
  inputs = np.arange(6 * 4 * 2, dtype=np.uint8).reshape(6, 4, 2)
  data = own(inputs=inputs, targets=np.float32(TARGETS))
  assert data.train['inputs'].shape == (6, 4, 2)
  assert data.train['inputs'].dtype == np.float32
  assert data.train['targets'].shape == (6, 1)


def test_an_official_division_may_have_lengths_in_one_part_alone(own):
  official = {'test_inputs': INPUTS[:2], 'test_targets': TARGETS[:2], 'test_length': LENGTH[:2]}
  data = own(inputs=INPUTS, targets=TARGETS, **official)
  np.testing.assert_array_equal(data.test['inputs']['length'], LENGTH[:2])
  np.testing.assert_array_equal(data.train['inputs']['length'], np.full(6, 4))


@pytest.mark.parametrize(
  ('arrays', 'line'),
  [
    ({'length': LENGTH * [1, 1, 0, 1, 1, 1]}, r"'length', row 2 .* holds 0; expected 1 to 4"),
    ({'length': LENGTH + 1}, r"'length', row 0 .* holds 5; expected 1 to 4"),
    ({'length': LENGTH / 1.0}, r"'length' is float64 \[6\]; expected 6 integers"),
    ({'length': LENGTH[:5]}, r"'length' is int64 \[5\]; expected 6 integers"),
    (
      {'inputs': INPUTS[..., 0]},
      r"'inputs' is float64 \[6, 4\]; expected numbers \[examples, time",
    ),
    ({'inputs': INPUTS.astype(str)}, r"'inputs' is <U.* expected numbers \[examples, time, chan"),
    (
      {'inputs': np.where(INPUTS[5, 1, 0] == INPUTS, np.nan, INPUTS)},
      r"'inputs', row 5 .* holds nan",
    ),
    ({'targets': TARGETS[:5]}, r"'inputs' has 6 rows and 'targets' 5"),
    (
      {'test_inputs': INPUTS[:, :3], 'test_targets': TARGETS},
      r"'test_inputs' is float32 \[6, 3, 2\]",
    ),
  ],
)
def test_what_is_no_sequence_is_one_line(own, arrays, line):
  whole = {'inputs': INPUTS, 'length': LENGTH, 'targets': TARGETS}
  with pytest.raises(InputError, match=f'own.npz: .*{line}') as caught:
    own(**(whole | arrays))
  assert '\n' not in str(caught.value)


SEQUENCES = padded([INPUTS[i, :n].astype(np.float32) for i, n in enumerate(LENGTH)], steps=5)
ARRAYS = {'inputs': SEQUENCES, 'targets': TARGETS}


def test_moments_are_over_real_steps_alone_and_padding_stays_zero():
  rows = np.concatenate([INPUTS[i, :n] for i, n in enumerate(LENGTH)])
  mean, deviation = moments(SEQUENCES)
  np.testing.assert_allclose(mean, rows.mean(axis=0), rtol=1e-6)
  np.testing.assert_allclose(deviation, rows.std(axis=0), rtol=1e-6)
  found = jax.jit(preparation(SEQUENCES))(SEQUENCES)
  np.testing.assert_array_equal(found['length'], LENGTH)
  for values, length, raw in zip(found['values'], LENGTH, INPUTS, strict=True):
    expected = (raw[:length] - rows.mean(axis=0)) / rows.std(axis=0)
    np.testing.assert_allclose(values[:length], expected, atol=1e-5)
    assert not values[length:].any()


@pytest.mark.parametrize(
  'tokens', [np.eye(3, dtype=np.int32), {'values': np.eye(3, dtype=np.int32)}]
)
def test_tokens_are_no_numbers_to_standardise(tokens):
  assert preparation(tokens)(tokens) is tokens


@pytest.mark.parametrize('stream', [Shuffled(ARRAYS, 4), Balanced(ARRAYS, 4), InOrder(ARRAYS, 4)])
def test_streams_gather_every_array_of_the_inputs(stream):
  for step in range(2):
    batch, rows = stream[step], stream.rows(step)
    np.testing.assert_array_equal(
      batch['inputs']['length'], stream.arrays['inputs']['length'][rows]
    )
    np.testing.assert_array_equal(
      batch['inputs']['values'], stream.arrays['inputs']['values'][rows]
    )


def test_the_filling_of_the_last_batch_has_a_length_and_no_weight():
  batch = InOrder(ARRAYS, 4)[1]
  np.testing.assert_array_equal(batch['weight'], [1, 1, 0, 0])
  np.testing.assert_array_equal(batch['inputs']['length'], [LENGTH[4], LENGTH[5], *LENGTH[[0, 0]]])


def test_inputs_and_targets_of_different_lengths_are_named():
  wrong = {'inputs': SEQUENCES | {'length': LENGTH[:5]}, 'targets': TARGETS}
  with pytest.raises(InputError, match="'inputs/length': 5, 'inputs/values': 6"):
    Shuffled(wrong, 2)
