"""Greedy and beam search against every text that there is, on a tiny random model."""

import itertools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.ops.decoding import beam_search, greedy

VOCABULARY, SIZE, BATCH = 6, 4, 3
END = 3


def tables(seed=0):
  """Logits of each text's next token, given the time and the last two tokens."""
  shape = BATCH, SIZE, VOCABULARY, VOCABULARY, VOCABULARY
  return np.random.default_rng(seed).normal(size=shape).astype(np.float32) * 1.5


def step(tokens_B, state):
  logits_BV = jax.vmap(lambda table, time, before, token: table[time, before, token])(
    state['table'], state['time'], state['before'], tokens_B
  )
  return logits_BV, state | {'time': state['time'] + 1, 'before': tokens_B}


def begun(table):
  zeros = jnp.zeros(BATCH, jnp.int32)
  return {'table': jnp.asarray(table), 'time': zeros, 'before': zeros}


def log_p(table, text):
  """sum_t log p(token_t | before) in float64, of one text that ends in </s>."""
  total, before, token = 0.0, 0, 2
  for time, following in enumerate(text):
    logits = table[time, before, token].astype(np.float64)
    total += logits[following] - np.log(np.sum(np.exp(logits)))
    before, token = token, following
  return total


def every_text(table, penalty):
  """All texts of at most SIZE tokens, </s> included, the best first."""
  found = []
  for count in range(SIZE):
    for words in itertools.product((1, 4, 5), repeat=count):
      text = (*words, END)
      found.append((log_p(table, text) / ((5 + len(text)) / 6) ** penalty, text))
  return sorted(found, reverse=True)


def padded(text):
  return list(text) + [0] * (SIZE - len(text))


@pytest.mark.parametrize('penalty', [0.0, 0.6, 2.0])
def test_a_wide_beam_finds_the_best_of_all_texts(penalty):
  table = tables()
  search = jax.jit(partial(beam_search, step, batch=BATCH, size=SIZE, beams=40, penalty=penalty))
  tokens_BKL, score_BK = search(begun(table))
  for row in range(BATCH):
    expected = every_text(table[row], penalty)[:10]
    assert tokens_BKL[row, :10].tolist() == [padded(text) for _, text in expected]
    np.testing.assert_allclose(score_BK[row, :10], [score for score, _ in expected], rtol=1e-5)


def test_scores_are_sums_of_log_probabilities_and_fall():
  table = tables(1)
  tokens_BKL, score_BK = beam_search(step, begun(table), BATCH, SIZE, 3, 0.0)
  assert np.all(np.diff(score_BK, axis=1) <= 0)
  for row in range(BATCH):
    for tokens, score in zip(tokens_BKL[row].tolist(), score_BK[row], strict=True):
      text = tokens[: tokens.index(END) + 1]
      np.testing.assert_allclose(score, log_p(table[row], text), rtol=1e-5)


@pytest.mark.parametrize('seed', range(3))
def test_one_beam_is_greedy(seed):
  table = tables(seed)
  tokens_BKL, _ = beam_search(step, begun(table), BATCH, SIZE, 1, 0.0)
  np.testing.assert_array_equal(tokens_BKL[:, 0], greedy(step, begun(table), BATCH, SIZE))


def test_greedy_takes_the_likeliest_and_ends_in_time():
  table = tables(2)
  for row, found in enumerate(greedy(step, begun(table), BATCH, SIZE).tolist()):
    text, before, token = [], 0, 2
    while not text or text[-1] != END:
      allowed = [1, END, 4, 5] if len(text) < SIZE - 1 else [END]
      best = allowed[np.argmax(table[row, len(text), before, token][allowed])]
      text.append(best)
      before, token = token, best
    assert found == padded(text)


def test_a_search_ends_once_nothing_can_become_better():
  calls = []

  def counted(tokens_B, state):
    jax.debug.callback(lambda: calls.append(1))
    return step(tokens_B, state)

  table = tables()
  table[:, 0, ..., END] = 30.0  # each text ends at once
  jax.block_until_ready(greedy(counted, begun(table), BATCH, SIZE))
  jax.effects_barrier()
  assert len(calls) == 1
  jax.block_until_ready(beam_search(counted, begun(table), BATCH, SIZE, 1, 0.0))
  jax.effects_barrier()
  assert len(calls) == 2


def test_no_step_sorts_the_vocabulary_on_a_cpu():
  def search(logits_V):
    def likely(tokens_B, state):
      return logits_V[None] + state['time'][:, None], state

    return beam_search(likely, {'time': jnp.zeros(BATCH)}, BATCH, SIZE, 4, 1.0)

  program = jax.jit(search).lower(jnp.zeros(1000)).compile().as_text()
  assert 'custom_call_target="TopK"' in program
  assert ' sort(' not in program
