"""Greedy and beam search over any step function, each one compiled program.

A step is (tokens_B, state) -> (logits_BV, state); every array of a state leads with the batch.

Axes: B batch, K beams, L tokens written, V vocabulary.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from nn_zoo.ops.sampling import largest

BEGIN, END = 2, 3
NEVER = (0, 2)  # padding and <s> are not written

Step = Callable[[jax.Array, Any], tuple[jax.Array, Any]]


def greedy(step: Step, state: Any, batch: int, size: int) -> jax.Array:
  """The likeliest token at each step, int32 [B, size]: </s> ends a text and 0 follows.

  Args:
    step: see above.
    state: before <s>.
    batch: texts.
    size: tokens of a text at most; </s> is the last of them, whatever its probability.
  """

  def going(loop):
    time, tokens_BL, _ = loop
    return (time < size) & ~jnp.all(jnp.any(tokens_BL == END, axis=1))

  def write(loop):
    time, tokens_BL, state = loop
    log_p_BV, state = _log_p(step, _previous(tokens_BL, time), state, time == size - 1)
    done_B = jnp.any(tokens_BL == END, axis=1)
    token_B = jnp.where(done_B, 0, jnp.argmax(log_p_BV, axis=-1)).astype(jnp.int32)
    return time + 1, tokens_BL.at[:, time].set(token_B), state

  start = (jnp.int32(0), jnp.zeros((batch, size), jnp.int32), state)
  return jax.lax.while_loop(going, write, start)[1]


def beam_search(
  step: Step, state: Any, batch: int, size: int, beams: int, penalty: float
) -> tuple[jax.Array, jax.Array]:
  """The best texts that are found with `beams` unfinished ones kept at each step, the best first.

  score(text) = sum_t log p(token_t | before) / ((5 + length) / 6)^penalty,   length with </s>

  A text ends where </s> is among the `beams` likeliest continuations of all. A search ends once no
  unfinished text could become better than the worst of `beams` finished ones. With one beam and
  penalty=0 the result is `greedy`'s.

  Args:
    step: see above.
    state: before <s>.
    batch: texts.
    size: tokens of a text at most; </s> is the last of them, whatever its probability.
    beams: K.
    penalty: 0 for the plain sum, which favours short texts.

  Returns:
    tokens int32 [B, K, size], 0 after </s>, and scores [B, K], -inf where fewer texts were found.

  Source: Wu et al. 2016, "Google's neural machine translation system", https://arxiv.org/abs/1609.08144,
  for the penalty.
  """

  def of_length(length):
    return ((5 + length) / 6) ** penalty

  def going(loop):
    time, _, live_BK, _, score_BK, _ = loop
    # What is still to come can only lower a sum, and raise its divisor.
    bound_B = live_BK[:, 0] / of_length(size if penalty > 0 else time + 1)
    return (time < size) & jnp.any(bound_B > score_BK[:, -1])

  def write(loop):
    time, tokens_BKL, live_BK, done_BKL, score_BK, state = loop
    before = _previous(tokens_BKL.reshape(batch * beams, size), time)
    log_p, state = _log_p(step, before, state, time == size - 1)
    log_p_BKV = log_p.reshape(batch, beams, -1) + live_BK[..., None]
    vocabulary = log_p_BKV.shape[-1]
    # Twice as many, since up to K of them are ends.
    top_BJ, place_BJ = largest(log_p_BKV.reshape(batch, -1), min(2, vocabulary) * beams)
    beam_BJ, token_BJ = place_BJ // vocabulary, (place_BJ % vocabulary).astype(jnp.int32)
    tokens_BJL = _gather(tokens_BKL, beam_BJ).at[:, :, time].set(token_BJ)
    end_BJ = token_BJ == END
    ended_BK = jnp.where(end_BJ[:, :beams], top_BJ[:, :beams] / of_length(time + 1.0), -jnp.inf)
    score_BK, best_BK = largest(jnp.concatenate([score_BK, ended_BK], 1), beams)
    done_BKL = _gather(jnp.concatenate([done_BKL, tokens_BJL[:, :beams]], 1), best_BK)
    live_BK, kept_BK = largest(jnp.where(end_BJ, -jnp.inf, top_BJ), beams)
    from_BK = jnp.take_along_axis(beam_BJ, kept_BK, axis=1)
    state = jax.tree.map(lambda x: _flat(_gather(_by_beam(x, beams), from_BK)), state)
    return time + 1, _gather(tokens_BJL, kept_BK), live_BK, done_BKL, score_BK, state

  tokens_BKL = jnp.zeros((batch, beams, size), jnp.int32)
  first_K = jnp.where(jnp.arange(beams) == 0, 0.0, -jnp.inf)  # all beams are alike before <s>
  live_BK = jnp.broadcast_to(first_K[None], (batch, beams))
  state = jax.tree.map(lambda x: jnp.repeat(x, beams, axis=0), state)
  never_BK = jnp.full((batch, beams), -jnp.inf)
  start = (jnp.int32(0), tokens_BKL, live_BK, tokens_BKL, never_BK, state)
  _, _, _, done_BKL, score_BK, _ = jax.lax.while_loop(going, write, start)
  return done_BKL, score_BK


def _log_p(step, tokens_B, state, last):
  logits_BV, state = step(tokens_B, state)
  log_p_BV = jax.nn.log_softmax(logits_BV.astype(jnp.promote_types(logits_BV.dtype, 'float32')))
  token_1V = jnp.arange(log_p_BV.shape[-1])[None]
  barred_1V = jnp.isin(token_1V, jnp.array(NEVER)) | (last & (token_1V != END))
  return jnp.where(barred_1V, -jnp.inf, log_p_BV), state


def _previous(tokens_BL, time):
  return jnp.where(time == 0, BEGIN, tokens_BL[:, jnp.maximum(time - 1, 0)])


def _by_beam(x, beams):
  return x.reshape(-1, beams, *x.shape[1:])


def _flat(x):
  return x.reshape(-1, *x.shape[2:])


def _gather(x_BK, index_BJ):
  return jnp.take_along_axis(
    x_BK, index_BJ.reshape(*index_BJ.shape, *(1,) * (x_BK.ndim - 2)), axis=1
  )
