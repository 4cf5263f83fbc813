"""Translation: what its loss counts, what it writes, and what its measures say."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nn_zoo.data import tokenizer
from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.tasks.attended import attended
from nn_zoo.tasks.translated import measures
from nn_zoo.tasks.translation import alignments, translation

BATCH = {
  'inputs': {'values': np.int32([[4, 5, 6], [7, 4, 0]]), 'length': np.int32([3, 2])},
  'targets': {'values': np.int32([[2, 4, 3, 0], [2, 5, 6, 3]]), 'length': np.int32([3, 4])},
  'weight': np.float32([1, 1]),
}


def made(attention='general', **fields):
  model = create_model('seq2seq', vocabulary=8, units=4, embedding=3, layers=2, attention=attention)
  task = translation(model, optax.sgd(0.1), length=5, **fields)
  return task, jax.jit(task.init)(jax.random.key(0), BATCH), model


@pytest.mark.parametrize('smoothing', [0.0, 0.1])
def test_the_loss_is_the_mean_over_tokens_and_only_training_is_smoothed(smoothing):
  task, state, model = made(label_smoothing=smoothing)
  logits = model.apply(
    {'params': state.params}, BATCH['inputs'], BATCH['targets']['values'][:, :-1]
  )
  log_p = np.asarray(jax.nn.log_softmax(logits), np.float64)
  sides = [(0, 0, 4), (0, 1, 3), (1, 0, 5), (1, 1, 6), (1, 2, 3)]
  plain = -np.mean([log_p[at] for at in sides])
  even = -np.mean([log_p[row, time] for row, time, _ in sides])
  _, metrics = jax.jit(task.step)(state, BATCH, jax.random.key(0))
  found = jax.jit(task.evaluate)(state, BATCH, jax.random.key(0))
  np.testing.assert_allclose(
    metrics['loss'].value, (1 - smoothing) * plain + smoothing * even, rtol=1e-5
  )
  np.testing.assert_allclose(found['loss'].value, plain, rtol=1e-5)
  assert found['loss'].weight == 5
  hits = [log_p[row, time].argmax() == token for row, time, token in sides]
  np.testing.assert_allclose(found['accuracy'].value, np.mean(hits))


def test_the_best_of_a_beam_come_first_and_the_first_is_the_same():
  state = made()[1]
  one = made(beam=4)[0].predict(state, BATCH['inputs'], jax.random.key(0))
  three = made(beam=4, best=3)[0].predict(state, BATCH['inputs'], jax.random.key(0))
  greedy = made()[0].predict(state, BATCH['inputs'], jax.random.key(0))
  assert one.shape == greedy.shape == (2, 1, 5)
  assert three.shape == (2, 3, 5)
  np.testing.assert_array_equal(one[:, 0], three[:, 0])
  assert len({tuple(row) for row in three[0].tolist()}) == 3
  assert np.all(np.sum(np.asarray(three) == 3, axis=2) == 1)


@pytest.mark.parametrize(
  ('fields', 'line'),
  [
    ({'beam': 0}, r'^task.beam=0: expected 1 or more$'),
    ({'best': 2}, r'^task.best=2: expected at most task.beam=1$'),
    ({'length_penalty': -1.0}, r'^task.length_penalty=-1.0: expected 0 or more$'),
  ],
)
def test_what_does_not_fit_is_one_line(fields, line):
  with pytest.raises(InputError, match=line):
    made(**fields)


@pytest.mark.parametrize('attention', ['additive', 'dot', 'none'])
def test_the_report_sees_where_the_model_looked(attention):
  task, state, model = made(attention)
  found = alignments(task._asdict(), model, state, BATCH['inputs'])['attention']
  assert len(found) == (0 if attention == 'none' else 2)
  for (tokens, weight), length in zip(found, (3, 2), strict=False):
    assert tokens.shape == (5,)
    assert weight.shape == (5, 3)
    np.testing.assert_allclose(weight[:, :length].sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize('scan', [False, True])
def test_the_report_sees_where_the_last_block_of_a_transformer_looked(scan):
  fields = {'width': 8, 'hidden': 8, 'heads': 2, 'encoder_layers': 1, 'decoder_layers': 3}
  model = create_model('transformer', vocabulary=8, scan=scan, **fields)
  task = translation(model, optax.sgd(0.1), length=5)
  state = jax.jit(task.init)(jax.random.key(0), BATCH)
  found = alignments(task._asdict(), model, state, BATCH['inputs'])['attention']
  tokens_BL = np.stack([tokens for tokens, _ in found])
  read_BL = np.concatenate([np.full((2, 1), 2), tokens_BL[:, :-1]], axis=1).astype(np.int32)
  variables = {'params': state.params}
  layers = ('cross_attention',)
  (maps,) = attended(model, variables, BATCH['inputs'], read_BL, layers=layers)
  for (_, weight), expected, length in zip(found, maps[-1], (3, 2), strict=True):
    np.testing.assert_allclose(weight, expected.mean(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(weight[:, :length].sum(axis=1), 1, rtol=1e-5)


def test_measures_are_those_of_the_texts():
  known = ['the cat sat on the mat', 'a dog ran in the park today']
  mine = tokenizer.learn('characters', known, 0)
  ids = [[2, *row, 3] for row in mine.encode(known)]
  targets = np.zeros((2, 32), np.int32)
  for row, one in zip(targets, ids, strict=True):
    row[: len(one)] = one
  written = np.stack([targets[:, 1:]] * 2, axis=1)
  written[:, 1] = 0  # only the first of the best counts
  measure = measures(mine)['translation']
  assert measure(written, {'values': targets}) == {
    'bleu': pytest.approx(100),
    'chrf': pytest.approx(100),
    'exact': 1.0,
  }
  written[0, 0] = np.roll(written[0, 0], 1)
  written[0, 0, 0] = 3  # nothing was written
  half = measure(written, {'values': targets})
  assert half['exact'] == 0.5
  assert 0 < half['bleu'] < 100


def test_texts_of_less_than_four_words_have_no_bleu():
  known = ['cat sat on', 'dog']
  mine = tokenizer.learn('characters', known, 0)
  targets = np.zeros((2, 16), np.int32)
  for row, one in zip(targets, mine.encode(known), strict=True):
    row[: len(one) + 2] = [2, *one, 3]
  measure = measures(mine)['translation']
  assert measure(targets[:, None, 1:], {'values': targets}) == {
    'chrf': pytest.approx(100),
    'exact': 1.0,
  }


def test_a_text_is_decoded_alike_alone_and_among_others():
  task, state, _ = made(beam=2)
  predict = jax.jit(task.predict)
  inputs = jax.tree.map(jnp.asarray, BATCH['inputs'])
  alone = [
    predict(state, jax.tree.map(lambda x, i=i: x[i : i + 1], inputs), jax.random.key(0))
    for i in range(2)
  ]
  np.testing.assert_array_equal(np.concatenate(alone), predict(state, inputs, jax.random.key(0)))
