"""Checkpoints: whole or not at all, and never silently wrong."""

import logging
import shutil
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.train.checkpoint import Checkpoints, digests


class State(NamedTuple):
  params: dict
  stats: dict
  count: jax.Array


def state(seed):
  params = {
    'w': jax.random.normal(jax.random.key(seed), (300, 40)),
    'half': jnp.full((3,), seed, jnp.bfloat16),
  }
  return State(params, {}, jnp.array(seed, jnp.int32))


@pytest.fixture
def saved(tmp_path):
  """A folder with checkpoints of steps 1, 2 and 3; the last two are kept."""
  checkpoints = Checkpoints(tmp_path)
  for step in (1, 2, 3):
    checkpoints.save(step, state(step), {'rows': step})
  checkpoints.close()
  return tmp_path


def latest(folder):
  checkpoints = Checkpoints(folder)
  try:
    return checkpoints.latest(jax.eval_shape(lambda: state(0)))
  finally:
    checkpoints.close()


def data_files(folder):
  return sorted(path for path in folder.rglob('*') if path.is_file() and path.parent.name == 'd')


def test_a_state_comes_back_with_its_types_and_bits(saved):
  found = latest(saved)
  assert (found.step, found.extra) == (3, {'rows': 3})
  assert type(found.state) is State
  assert found.state.stats == {}
  assert digests(found.state) == digests(state(3))


def test_the_last_two_and_the_best_are_kept(tmp_path):
  checkpoints = Checkpoints(tmp_path)
  for step in range(5):
    checkpoints.save(step, state(step), {})
    if step < 2:
      checkpoints.keep_best(step, state(step), {})
  like = jax.eval_shape(lambda: state(0))
  assert checkpoints.best(like).step == 1
  assert checkpoints.latest(like).step == 4
  checkpoints.close()
  assert sorted(path.name for path in (tmp_path / 'last').iterdir() if path.name.isdigit()) == [
    '3',
    '4',
  ]


def test_what_is_saved_is_the_state_of_that_moment_although_it_is_donated_next(tmp_path):
  checkpoints = Checkpoints(tmp_path)
  now = jax.jit(lambda: jnp.zeros((1000, 1000)))()
  add = jax.jit(lambda x: x + 1, donate_argnums=0)
  for step in range(3):
    checkpoints.save(step, {'x': now}, {})
    for _ in range(20):
      now = add(now)
  found = checkpoints.latest({'x': jax.ShapeDtypeStruct((1000, 1000), jnp.float32)})
  checkpoints.close()
  np.testing.assert_array_equal(found.state['x'], 40)


def test_one_flipped_bit_is_noticed_and_the_one_before_is_taken(saved, caplog):
  largest = max(data_files(saved / 'last' / '3'), key=lambda path: path.stat().st_size)
  content = bytearray(largest.read_bytes())
  content[len(content) // 2] ^= 1
  largest.write_bytes(content)
  with caplog.at_level(logging.WARNING):
    found = latest(saved)
  assert found.step == 2
  assert digests(found.state) == digests(state(2))
  assert 'step 3 cannot be used, it is damaged: ' in caplog.text


def test_a_missing_file_is_noticed_and_the_one_before_is_taken(saved, caplog):
  shutil.rmtree(saved / 'last' / '3' / 'state')
  with caplog.at_level(logging.WARNING):
    assert latest(saved).step == 2
  assert 'step 3 cannot be used, it is damaged: ' in caplog.text


def test_when_none_is_whole_the_line_says_so(saved):
  for step in (2, 3):
    shutil.rmtree(saved / 'last' / str(step) / 'state')
  with pytest.raises(InputError, match='no checkpoint can be read'):
    latest(saved)


def test_a_state_of_another_shape_is_refused(saved):
  checkpoints = Checkpoints(saved)
  other = jax.eval_shape(lambda: state(0)._replace(params={'w': jnp.zeros((2, 2))}))
  with pytest.raises(InputError, match='no checkpoint can be read'):
    checkpoints.latest(other)
  checkpoints.close()


def test_a_whole_checkpoint_of_another_state_is_told_from_a_damaged_one(saved):
  checkpoints = Checkpoints(saved)
  other = jax.eval_shape(lambda: state(0)._replace(params={'v': jnp.zeros(2)}))
  with pytest.raises(
    InputError, match=r'is whole, but of another state: .* is in one of them alone'
  ):
    checkpoints.latest(other)
  checkpoints.close()


def test_an_empty_folder_has_no_checkpoint(tmp_path):
  assert latest(tmp_path) is None


def test_a_folder_that_is_a_file_is_named(tmp_path):
  (tmp_path / 'last').write_text('not a folder')
  with pytest.raises(InputError, match='last'):
    Checkpoints(tmp_path)


def test_a_damaged_checkpoint_makes_room_for_the_same_step_again(saved):
  shutil.rmtree(saved / 'last' / '3' / 'state')
  checkpoints = Checkpoints(saved)
  like = jax.eval_shape(lambda: state(0))
  assert checkpoints.latest(like).step == 2
  checkpoints.save(3, state(33), {'rows': 33})
  checkpoints.close()
  assert latest(saved).extra == {'rows': 33}


def test_a_look_from_outside_leaves_everything_as_it_is(saved):
  unfinished = saved / 'last' / '4.orbax-checkpoint-tmp'
  unfinished.mkdir()
  shutil.rmtree(saved / 'best')
  checkpoints = Checkpoints(saved, read_only=True)
  like = jax.eval_shape(lambda: state(0))
  assert checkpoints.latest(like).step == 3
  assert checkpoints.best(like) is None
  checkpoints.close()
  assert unfinished.exists()
  assert not (saved / 'best').exists()


def test_a_checkpoint_of_another_device_is_read_on_this_one(tmp_path):
  there = jax.device_put(state(1), jax.devices()[1])
  checkpoints = Checkpoints(tmp_path)
  checkpoints.save(1, there, {})
  checkpoints.close()
  found = latest(tmp_path).state
  assert found.params['w'].devices() == {jax.devices()[0]}
  assert digests(found) == digests(there)
