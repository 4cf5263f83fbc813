import numpy as np
import pytest

from nn_zoo.data.windows import Windows
from nn_zoo.errors import InputError

TEXT = np.arange(100, dtype=np.int32)
ARRAYS = {'inputs': TEXT[None, :-1], 'targets': TEXT[None, 1:]}


def test_windows_of_an_epoch_follow_one_another_in_each_track():
  stream = Windows(ARRAYS, 3, 4, seed=1)
  assert stream.epoch == 8
  steps = [stream[step] for step in range(stream.epoch)]
  tracks = np.concatenate([batch['inputs'] for batch in steps], axis=1)
  assert tracks.shape == (3, 32)
  start = tracks[0, 0]
  np.testing.assert_array_equal(tracks.ravel(), np.arange(start, start + 96))
  for index, batch in enumerate(steps):
    np.testing.assert_array_equal(batch['targets'], batch['inputs'] + 1)
    np.testing.assert_array_equal(batch['first'], [index == 0] * 3)
    np.testing.assert_array_equal(batch['weight'], np.ones(3, np.float32))


def test_a_batch_is_decided_by_seed_and_step():
  def found(seed, step):
    return Windows(ARRAYS, 3, 4, seed)[step]['inputs']

  np.testing.assert_array_equal(found(1, 37), found(1, 37))
  assert any(np.any(found(1, 8 * epoch) != found(2, 8 * epoch)) for epoch in range(9))


def test_every_character_is_seen_in_some_epoch():
  stream = Windows(ARRAYS, 3, 4)
  seen = {int(x) for step in range(20 * stream.epoch) for x in stream[step]['inputs'].ravel()}
  assert seen == set(range(99))


def test_a_text_that_is_just_long_enough_is_one_window():
  short = {name: array[:, :15] for name, array in ARRAYS.items()}
  assert Windows(short, 3, 4).epoch == 1
  line = (
    r'^train.batch_size=3 times task.window=4 needs a training text of 16 tokens, this one has '
    '15; lower one of them$'
  )
  with pytest.raises(InputError, match=line):
    Windows({name: array[:, :14] for name, array in ARRAYS.items()}, 3, 4)
