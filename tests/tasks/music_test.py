import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nn_zoo.data.stream import InOrder, Shuffled
from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.task import Learner
from nn_zoo.tasks.music import compose, frame_loss, music, transposed
from nn_zoo.train.evaluation import evaluate, evaluation

KEYS, TIME = 88, 7
LENGTH = np.array([7, 2, 5, 1, 4], np.int32)


def pieces():
  random = np.random.default_rng(0)
  own = (np.arange(TIME)[None] < LENGTH[:, None])[..., None]
  notes = random.random((len(LENGTH), TIME, KEYS)) < 0.2
  # What stands after the end of a piece must not matter: it is full of notes.
  return {
    'inputs': {'values': notes & own, 'length': LENGTH},
    'targets': (random.random(notes.shape) < 0.2) | ~own,
  }


def gru(**fields):
  return create_model('gru', classes=KEYS, units=3, **{'every_position': True, **fields})


@pytest.fixture(scope='module')
def trained():
  model = gru()
  task = music(model, optax.adam(1e-2))
  return model, task, jax.jit(task.init)(jax.random.key(0), Shuffled(pieces(), 2)[0])


def test_the_loss_is_nats_per_frame_over_all_frames_of_all_pieces(trained):
  _, task, state = trained
  stream = InOrder(pieces(), 2)
  found = evaluate(evaluation(task, stream, state), state, len(stream))
  logits = np.float64(task.predict(state, pieces()['inputs'], jax.random.key(0)))
  p = 1 / (1 + np.exp(-logits))
  notes = pieces()['targets']
  nats = -np.where(notes, np.log(p), np.log(1 - p)).sum(axis=2)
  own = np.arange(TIME)[None] < LENGTH[:, None]
  np.testing.assert_allclose(found['loss'], nats[own].sum() / LENGTH.sum(), rtol=1e-5)
  on, right = (p > 0.5) & own[..., None], notes & own[..., None]
  np.testing.assert_allclose(found['accuracy'], (on & right).sum() / (on | right).sum(), rtol=1e-5)


def test_training_weighs_frames_not_pieces(trained):
  model, task, state = trained
  batch = Shuffled(pieces(), 5)[0]
  _, metrics = jax.jit(task.step)(state, batch, jax.random.key(0))
  logits = model.apply({'params': state.params}, batch['inputs'] | {
    'values': batch['inputs']['values'].astype(np.float32)
  })  # fmt: skip
  length = batch['inputs']['length']
  loss = frame_loss(logits, (batch['targets'], length))
  np.testing.assert_allclose(metrics['loss'].value, np.average(loss, weights=length), rtol=1e-5)


def test_no_probability_is_too_small_for_the_loss():
  logits = jnp.full((1, 2, KEYS), -200.0)
  notes = jnp.zeros((1, 2, KEYS), bool).at[0, 0, 4].set(True)
  np.testing.assert_allclose(frame_loss(logits, (notes, jnp.array([2]))), [100.0])


def test_transposing_moves_a_piece_as_a_whole_and_never_around_the_piano():
  values = np.zeros((64, 3, KEYS), bool)
  values[:, 0, 50] = values[:, 1, 0] = values[:, 2, KEYS - 1] = True
  batch = {'inputs': {'values': values, 'length': np.full(64, 3)}, 'targets': values}
  moved = jax.tree.map(np.asarray, transposed(batch, jax.random.key(0), 2))
  np.testing.assert_array_equal(moved['inputs']['values'], moved['targets'])
  shift = moved['targets'][:, 0].argmax(axis=1) - 50
  assert set(shift) == {-2, -1, 0, 1, 2}
  for row, by in zip(moved['targets'], shift, strict=True):
    np.testing.assert_array_equal(np.flatnonzero(row[1]), [by] if by >= 0 else [])
    np.testing.assert_array_equal(np.flatnonzero(row[2]), [KEYS - 1 + by] if by <= 0 else [])


def test_composing_keeps_what_was_given_and_draws_from_what_the_model_says():
  class Follows:
    """Says that each key that sounds goes up by one, for certain, and hears no future."""

    def apply(self, variables, inputs):
      return 100.0 * (2 * jnp.roll(inputs['values'], 1, axis=2) - 1)

  start = np.zeros((2, 3, KEYS), bool)
  start[0, 2, 10] = start[1, 2, 20] = True
  found = np.asarray(compose(Follows(), {}, jnp.asarray(start), 4, jax.random.key(0)))
  assert found.shape == (2, 7, KEYS)
  np.testing.assert_array_equal(found[:, :3], start)
  for piece, key in zip(found, (10, 20), strict=True):
    assert [np.flatnonzero(frame).tolist() for frame in piece[3:]] == [
      [key + i] for i in range(1, 5)
    ]


def test_composed_pieces_differ_by_key_and_repeat_with_it(trained):
  model, _, state = trained
  assert isinstance(state, Learner)
  start = jnp.asarray(pieces()['inputs']['values'][:1, :2])
  one, same, other = (
    np.asarray(compose(model, {'params': state.params}, start, 3, jax.random.key(seed)))
    for seed in (0, 0, 1)
  )
  np.testing.assert_array_equal(one, same)
  assert (one != other).any()


@pytest.mark.parametrize(
  ('fields', 'more', 'line'),
  [
    ({'every_position': False}, {}, r'set --config\.model\.every_position=true'),
    ({'bidirectional': True}, {}, r'model\.bidirectional=True'),
    ({}, {'transpose': -1}, r'task\.transpose=-1: expected 0 to 87'),
  ],
)
def test_a_model_that_cannot_predict_frames_is_one_line(fields, more, line):
  with pytest.raises(InputError, match=line):
    music(gru(**fields), optax.sgd(0.1), **more)
