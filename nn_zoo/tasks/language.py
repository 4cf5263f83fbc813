"""Language models: what comes next in a text, learnt with a state that is carried from window to window.

Axes: B batch (tracks of a text), T time, L tokens written, V vocabulary.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn

from nn_zoo import task as contract
from nn_zoo.errors import InputError
from nn_zoo.ops.losses import cross_entropy
from nn_zoo.ops.sampling import sampler
from nn_zoo.task import Batch, Key, Learner, Mean, Metrics, Task, averaged, begin


class Reading(NamedTuple):
  """A learner, and what it remembers of the text so far: the model's states, one a track."""

  learner: Learner
  carry: Any


def language(
  model: nn.Module,
  tx: optax.GradientTransformation,
  *,
  window: int,
  bytes_V: np.ndarray,
  length: int = 500,
  temperature: float = 1.0,
  top_k: int = 0,
  top_p: float = 1.0,
  min_p: float = 0.0,
  descend: Callable = contract.descend,
) -> Task:
  """Learns p(next token | all before it); `predict` goes on with a text, [B, T] -> tokens [B, L].

  A batch is the next window of each of B tracks of a text. Its loss is the mean over tokens of

      -log p(targets_t | inputs_0 ... inputs_t, carry)

  where the carry is what the window before left, without its gradient (truncated backpropagation through
  time), and 0 where batch['first'] is set. Evaluation reads each text from its beginning to its end, the
  state carried all the way, so its figures depend neither on `window` nor on a batch size. A model that
  carries nothing, such as GPT, knows of the past what is in the same window, in evaluation too.

  Reports loss (nats per token), accuracy, and bits per byte of the text, in which models of other tokens
  compare: the sum of -log2 p over tokens by the sum of their bytes.

  Args:
    model: gives logits and states: `read` for a window, `initial_state` before the first, `step` for a
      token; one that carries nothing has `prime` for a prompt.
    tx: optimizer.
    window: tokens read at once, and in training how far back the gradient goes.
    bytes_V: of a text, in UTF-8, that each token stands for. Those of 0 bytes, which the training text
      does not hold, are read and never written; as targets their bytes are not counted.
    length: tokens that `predict` writes.
    temperature, top_k, top_p, min_p: how they are drawn, see `nn_zoo.ops.sampling.sampler`.
    descend: `nn_zoo.task.descend` or a partial of it.

  Source: Mikolov et al. 2010, "Recurrent neural network based language model",
  https://doi.org/10.21437/Interspeech.2010-343.
  """
  for name, value in (('window', window), ('length', length)):
    if value < 1:
      raise InputError(f'task.{name}={value}: expected 1 or more')
  draw = sampler(temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)

  def limited(key: Key, logits_BV: jax.Array) -> jax.Array:
    return draw(key, jnp.where(bytes_V[None] > 0, logits_BV, -jnp.inf))

  update = descend(partial(_loss, model, bytes_V), tx)

  def init(key: Key, batch: Batch) -> Reading:
    tokens_BT = batch['inputs']
    return Reading(begin(model.init(key, tokens_BT), tx), model.initial_state(len(tokens_BT)))

  def step(state: Reading, batch: Batch, key: Key) -> tuple[Reading, Metrics]:
    # What is no parameter goes through `descend` as statistics do: part by part, without a gradient.
    learner = state.learner._replace(stats={'carry': state.carry})
    batch = batch | {'row': jnp.arange(len(batch['inputs']))}
    learner, metrics = update(learner, batch, key)
    return Reading(learner._replace(stats={}), learner.stats['carry']), metrics

  def evaluate(state: Reading, batch: Batch, key: Key) -> Metrics:
    del key

    def read(carry, part):
      tokens_BT, targets_BT = part
      variables = {'params': averaged(state.learner)}
      logits_BTV, carry = model.apply(variables, tokens_BT, carry, method='read')
      return carry, _figures(bytes_V, logits_BTV, targets_BT, batch['weight'])

    start = model.initial_state(len(batch['inputs']))
    return _through(read, start, (batch['inputs'], batch['targets']), window)[1]

  def predict(state: Reading, inputs: jax.Array, key: Key) -> jax.Array:
    params, keys = averaged(state.learner), jax.random.split(key, length)
    return _written(model, limited, params, inputs, keys, window)

  return Task(init, step, evaluate, predict)


def _loss(model, bytes_V, params, stats, batch, key):
  # Rows are named, since a part of the batch (descend.accumulate) meets the carry of all tracks.
  def before(carry):
    first_B = batch['first'].reshape((-1,) + (1,) * (carry.ndim - 1))
    return jnp.where(first_B, 0, carry[batch['row']])

  logits_BTV, after = model.apply(
    {'params': params},
    batch['inputs'],
    jax.tree.map(before, stats['carry']),
    train=True,
    rngs={'dropout': key},
    method='read',
  )
  carry = jax.tree.map(lambda old, new: old.at[batch['row']].set(new), stats['carry'], after)
  metrics = _figures(bytes_V, logits_BTV, batch['targets'], batch['weight'])
  return metrics.pop('loss'), ({'carry': carry}, metrics)


def _written(model, draw, params, inputs_BT: jax.Array, key_L: Key, window: int) -> jax.Array:
  """Tokens [B, L] that go on with inputs, each drawn with a key of its own."""

  def write(loop, key):
    carry, token_B = loop
    logits_BV, carry = model.apply({'params': params}, token_B, carry, method='step')
    token_B = draw(key, logits_BV).astype(token_B.dtype)
    return (carry, token_B), token_B

  def read(carry, part_BT):
    return model.apply({'params': params}, part_BT, carry, method='read')[1], ()

  carry, known_BT = model.initial_state(len(inputs_BT)), inputs_BT[:, :-1]
  if jax.tree.leaves(carry):  # window by window: all at once a long text takes gigabytes
    carry, _ = _through(read, carry, known_BT, window)
  else:
    carry = model.apply({'params': params}, known_BT, len(key_L), method='prime')
  _, written_LB = jax.lax.scan(write, (carry, inputs_BT[:, -1]), key_L)
  return written_LB.T


def _figures(bytes_V, logits_BTV: jax.Array, targets_BT: jax.Array, weight_B) -> Metrics:
  weight_BT = jnp.broadcast_to(weight_B[:, None], targets_BT.shape)
  loss = Mean.of(cross_entropy(logits_BTV, targets_BT), weight_BT)
  hit_BT = jnp.argmax(logits_BTV, axis=-1) == targets_BT
  return {
    'loss': loss,
    'bits_per_byte': Mean(
      loss.total / math.log(2), jnp.sum(weight_BT * jnp.asarray(bytes_V)[targets_BT])
    ),
    'accuracy': Mean.of(hit_BT, weight_BT),
  }


def _through(read: Callable, carry: Any, arrays: Any, window: int) -> tuple[Any, Any]:
  """The last carry and the sums of read: (carry, [B, window, ...]) -> (carry, sums), window by window."""
  batch, time = jax.tree.leaves(arrays)[0].shape[:2]
  windows, rest = divmod(time, window)

  def cut(array):
    whole = array[:, : time - rest].reshape(batch, windows, window, *array.shape[2:])
    return jnp.swapaxes(whole, 0, 1)

  carry, sums = jax.lax.scan(read, carry, jax.tree.map(cut, arrays))
  sums = jax.tree.map(lambda array: jnp.sum(array, axis=0), sums)
  if rest:
    carry, last = read(carry, jax.tree.map(lambda array: array[:, time - rest :], arrays))
    sums = jax.tree.map(jnp.add, sums, last)
  return carry, sums
