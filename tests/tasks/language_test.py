"""The language model: its carry through the text, its figures over the whole of it, and what it writes."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nn_zoo.data.stream import InOrder
from nn_zoo.data.windows import Windows
from nn_zoo.errors import InputError
from nn_zoo.models.gpt import GPT
from nn_zoo.models.language import RecurrentLM
from nn_zoo.ops.losses import cross_entropy
from nn_zoo.task import descend
from nn_zoo.tasks.language import language
from nn_zoo.train.evaluation import evaluate, evaluation

KEY = jax.random.key(0)
TEXT = np.random.default_rng(0).integers(0, 5, 81).astype(np.int32)
ARRAYS = {'inputs': TEXT[None, :-1], 'targets': TEXT[None, 1:]}
BYTES = np.array([0, 1, 2, 1, 3], np.float32)
MODEL = RecurrentLM(vocabulary=5, cell='gru', units=4, embedding=3)
WRITER = GPT(vocabulary=5, context=200, width=8, layers=2, heads=2, positions='rotary')
LEARNT = WRITER.clone(positions='learned')


def made(window=4, tx=None, model=MODEL, **fields):
  """A task, a stream of 4 tracks, and the first state."""
  task = language(model, tx or optax.sgd(0.1), window=window, bytes_V=BYTES, **fields)
  stream = Windows(ARRAYS, 4, window)
  return task, stream, jax.jit(task.init)(KEY, stream[0])


def test_the_state_goes_from_window_to_window_and_begins_anew_with_each_epoch():
  task, stream, state = made(tx=optax.sgd(0.0))
  params, step, apply = state.learner.params, jax.jit(task.step), jax.jit(MODEL.apply)
  for epoch in range(2):
    seen = []
    for index in range(stream.epoch):
      batch = stream[epoch * stream.epoch + index]
      seen.append(batch['inputs'])
      state, metrics = step(state, batch, KEY)
      read = np.concatenate(seen, axis=1)
      logits_BTV = apply({'params': params}, read)[:, -stream.window :]
      expected = float(jnp.mean(cross_entropy(logits_BTV, batch['targets'])))
      np.testing.assert_allclose(metrics['loss'].value, expected, rtol=1e-5)
      bits = expected * batch['targets'].size / np.log(2) / BYTES[batch['targets']].sum()
      np.testing.assert_allclose(metrics['bits_per_byte'].value, bits, rtol=1e-5)


def test_the_gradient_stays_inside_the_window():
  task, stream, state = made()
  first, second = stream[0], stream[1]
  step = jax.jit(task.step)
  before, _ = step(state, first, KEY)
  after, _ = step(before, second, KEY)

  def loss(params):
    logits_BTV, _ = MODEL.apply({'params': params}, second['inputs'], before.carry, method='read')
    return jnp.mean(cross_entropy(logits_BTV, second['targets']))

  grads = jax.jit(jax.grad(loss))(before.learner.params)
  expected = jax.tree.map(lambda param, grad: param - 0.1 * grad, before.learner.params, grads)
  jax.tree.map(
    functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6),
    after.learner.params,
    expected,
  )


def test_accumulation_equals_the_large_batch_with_its_carry():
  whole, stream, state = made()
  parts, _, _ = made(descend=functools.partial(descend, accumulate=2))
  other = state
  for index in range(3):
    state, metrics = jax.jit(whole.step)(state, stream[index], KEY)
    other, found = jax.jit(parts.step)(other, stream[index], KEY)
  jax.tree.map(
    functools.partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-6),
    (other, found),
    (state, metrics),
  )


def lively(state, model):
  """A state whose parameters are large enough for each token to matter: a GPT's begin small."""
  factor = 1 if model is MODEL else 10
  params = jax.tree.map(lambda a: a * (factor if a.ndim > 1 else 1), state.learner.params)
  return state._replace(learner=state.learner._replace(params=params))


def logits_of(model, state, text_BT, window):
  """Logits of a whole text: a GPT begins anew with each window, the last of which may be shorter."""
  apply = functools.partial(jax.jit(model.apply), {'params': state.learner.params})
  if model is MODEL:
    return apply(text_BT)
  starts = range(0, text_BT.shape[1], window)
  return np.concatenate([apply(text_BT[:, at : at + window]) for at in starts], 1)


@pytest.mark.parametrize('model', [MODEL, WRITER, LEARNT], ids=['gru', 'gpt', 'gpt learned'])
@pytest.mark.parametrize('window', [1, 7, 40, 200])
def test_evaluation_reads_the_whole_text_once_whatever_the_window_and_the_batch_are(window, model):
  _, _, state = made(window=4, model=model)
  task = language(model, optax.sgd(0.1), window=window, bytes_V=BYTES)
  stream, state = InOrder(ARRAYS, 500), lively(state, model)
  found = evaluate(evaluation(task, stream, state), state, len(stream))
  logits_BTV = np.float64(logits_of(model, state, ARRAYS['inputs'], window))
  most_BT1 = logits_BTV.max(-1, keepdims=True)
  log_p_BTV = logits_BTV - most_BT1 - np.log(np.exp(logits_BTV - most_BT1).sum(-1, keepdims=True))
  nats = -np.take_along_axis(log_p_BTV, ARRAYS['targets'][..., None], -1).mean()
  np.testing.assert_allclose(found['loss'], nats, rtol=2e-6)
  np.testing.assert_allclose(np.exp(found['loss']), np.exp(nats), rtol=1e-5)  # the perplexity
  bits = nats * ARRAYS['targets'].size / np.log(2) / BYTES[ARRAYS['targets']].sum()
  np.testing.assert_allclose(found['bits_per_byte'], bits, rtol=2e-6)
  hits = np.argmax(logits_BTV, axis=-1) == ARRAYS['targets']
  np.testing.assert_allclose(found['accuracy'], hits.mean(), rtol=1e-6)


@pytest.mark.parametrize('model', [MODEL, WRITER, LEARNT], ids=['gru', 'gpt', 'gpt learned'])
@pytest.mark.parametrize('read', [1, 4, 11])
def test_what_is_written_at_temperature_0_is_the_likeliest_of_the_whole_text_each_time(read, model):
  task, _, state = made(window=4, model=model, length=12, temperature=0.0)
  state, text_BT = lively(state, model), ARRAYS['inputs'][:, :read]
  found = jax.jit(task.predict)(state, text_BT, KEY)
  whole_BT = np.concatenate([text_BT, found], axis=1)
  # No model sees what comes later, so that one look at the whole text is one at each of its beginnings.
  logits_BTV = jax.jit(model.apply)({'params': state.learner.params}, whole_BT[:, :-1])
  likeliest_BT = 1 + np.argmax(logits_BTV[:, read - 1 :, 1:], axis=-1)  # 0 is never written
  np.testing.assert_array_equal(found, likeliest_BT)
  assert model is MODEL or len(np.unique(found)) > 1


def test_a_long_text_to_go_on_with_takes_the_room_of_a_window():
  task, _, state = made(window=4, length=6)

  def room(time):
    text_BT = jax.ShapeDtypeStruct((1, time), np.int32)
    return jax.jit(task.predict).lower(state, text_BT, KEY).compile().memory_analysis()

  assert room(40_001).temp_size_in_bytes < room(401).temp_size_in_bytes + 2 * 4 * 40_000


def test_what_stands_for_the_unknown_is_never_written():
  task, _, state = made(length=200)
  written = np.asarray(jax.jit(task.predict)(state, ARRAYS['inputs'], KEY))
  assert set(written.flat) == {1, 2, 3, 4}


def test_what_is_written_depends_on_the_key_alone():
  task, _, state = made(length=30)
  first, again, other = (
    task.predict(state, ARRAYS['inputs'], jax.random.key(seed)) for seed in (1, 1, 2)
  )
  assert first.shape == (1, 30)
  np.testing.assert_array_equal(first, again)
  assert np.any(first != other)


@pytest.mark.parametrize(
  ('fields', 'line'),
  [
    ({'window': 0}, r'^task.window=0: expected 1 or more$'),
    ({'window': 4, 'length': 0}, r'^task.length=0: expected 1 or more$'),
    ({'window': 4, 'top_p': 2.0}, r'^top_p=2.0: expected'),
  ],
)
def test_what_does_not_fit_is_one_line(fields, line):
  with pytest.raises(InputError, match=line):
    language(MODEL, optax.sgd(0.1), bytes_V=BYTES, **fields)
