"""Texts made from texts: translation, and whatever else has pairs of them.

Axes: B batch, S source time, T target time, K texts written for one, L tokens written, V vocabulary.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn

from nn_zoo import task as contract
from nn_zoo.errors import InputError
from nn_zoo.ops.decoding import BEGIN, beam_search, greedy
from nn_zoo.ops.losses import cross_entropy
from nn_zoo.task import Batch, Key, Learner, Mean, Metrics, Task, averaged, begin

SHOWN = 4  # texts of which the report shows where the model looked


def translation(
  model: nn.Module,
  tx: optax.GradientTransformation,
  *,
  label_smoothing: float = 0.0,
  beam: int = 1,
  length_penalty: float = 0.6,
  best: int = 1,
  length: int = 64,
  descend: Callable = contract.descend,
) -> Task:
  """Learns p(target | source), token by token; `predict` writes texts, int32 [B, best, length].

  loss = -sum_{b, t} log p(target_{t+1} | target_0 ... target_t, source) / tokens

  in nats per token, </s> being one and <s> none; a long text counts for more than a short one.
  Reports loss and the share of tokens that are the likeliest (accuracy); training's loss is smoothed.

  Args:
    model: gives logits_BTV of (source, tokens_BT), and has `begin` and `step` for decoding.
    tx: optimizer.
    label_smoothing: share of the target mass spread evenly over the vocabulary, in training.
    beam: unfinished texts kept at each step; 1: the likeliest token is taken at each.
    length_penalty: exponent, see `nn_zoo.ops.decoding.beam_search`; without meaning for beam=1.
    best: texts written for each source, the best first; at most `beam`.
    length: tokens of a written text at most, </s> included.
    descend: `nn_zoo.task.descend` or a partial of it.

  Raises:
    InputError: a number is out of range.

  Sources: Sutskever, Vinyals & Le 2014, "Sequence to sequence learning with neural networks",
  https://arxiv.org/abs/1409.3215; Szegedy et al. 2015, https://arxiv.org/abs/1512.00567, for the smoothing.
  """
  for name, value in (('beam', beam), ('best', best), ('length', length)):
    if value < 1:
      raise InputError(f'task.{name}={value}: expected 1 or more')
  if best > beam:
    raise InputError(f'task.best={best}: expected at most task.beam={beam}')
  if length_penalty < 0:
    raise InputError(f'task.length_penalty={length_penalty}: expected 0 or more')

  def init(key: Key, batch: Batch) -> Learner:
    return begin(model.init(key, batch['inputs'], batch['targets']['values'][:, :-1]), tx)

  def loss(params, stats, batch, key):
    logits_BTV, stats = model.apply(
      {'params': params, **stats},
      batch['inputs'],
      batch['targets']['values'][:, :-1],
      train=True,
      rngs={'dropout': key},
      mutable=list(stats),
    )
    metrics = _figures(logits_BTV, batch, label_smoothing)
    return metrics.pop('loss'), (stats, metrics)

  step = descend(loss, tx)

  def evaluate(state: Learner, batch: Batch, key: Key) -> Metrics:
    del key
    variables = {'params': averaged(state), **state.stats}
    tokens_BT = batch['targets']['values'][:, :-1]
    return _figures(model.apply(variables, batch['inputs'], tokens_BT), batch, 0.0)

  def predict(state: Learner, inputs: Any, key: Key) -> jax.Array:
    del key
    variables = {'params': averaged(state), **state.stats}

    source, start = model.apply(variables, inputs, length, method='begin')

    def write(tokens_B, state):
      return model.apply(variables, tokens_B, state, source, method='step')

    batch = len(inputs['length'])
    if beam == 1:
      return greedy(write, start, batch, length)[:, None]
    return beam_search(write, start, batch, length, beam, length_penalty)[0][:, :best]

  return Task(init, step, evaluate, predict)


def _figures(logits_BTV, batch, smoothing):
  targets_BT = batch['targets']['values'][:, 1:]
  step_1T = jnp.arange(targets_BT.shape[1])[None]
  counted_BT = step_1T < batch['targets']['length'][:, None] - 1
  weight_BT = counted_BT * batch['weight'][:, None]
  loss_BT = cross_entropy(logits_BTV, targets_BT)
  if smoothing:  # without a distribution over the vocabulary for each token
    even_BT = jnp.mean(-jax.nn.log_softmax(logits_BTV.astype(jnp.float32)), axis=-1)
    loss_BT = (1 - smoothing) * loss_BT + smoothing * even_BT
  hit_BT = jnp.argmax(logits_BTV, axis=-1) == targets_BT
  return {'loss': Mean.of(loss_BT, weight_BT), 'accuracy': Mean.of(hit_BT, weight_BT)}


def alignments(
  made: Mapping[str, Any], model: nn.Module, state: Learner, inputs: Mapping[str, np.ndarray]
) -> dict[str, Any]:
  """Where the model looked while it wrote some texts: {'attention': [(tokens_L, weight_LS), ...]}.

  Args:
    made: 'predict' of the task.
    model: whose layers sow 'attention'; of the last one, the mean over heads is taken.
    state: of the task.
    inputs: sources, of which the first are shown.
  """
  some = jax.tree.map(lambda array: array[:SHOWN], inputs)
  tokens_BL = np.asarray(jax.jit(made['predict'])(state, some, jax.random.key(0)))[:, 0]
  read_BL = np.concatenate([np.full((len(tokens_BL), 1), BEGIN), tokens_BL[:, :-1]], axis=1)
  variables = {'params': averaged(state), **state.stats}
  _, found = jax.jit(lambda *arrays: model.apply(variables, *arrays, mutable='intermediates'))(
    some, read_BL.astype(np.int32)
  )
  seen = {
    _depth(path): leaf
    for path, leaf in jax.tree.leaves_with_path(found)
    if _of_source(path) and leaf.shape[-1] == some['values'].shape[1]
  }
  if not seen:
    return {'attention': []}
  weight = np.asarray(seen[max(seen)], np.float32)
  if weight.ndim == 5:  # of all blocks at once, where they are scanned
    weight = weight[-1]
  if weight.shape[2] == read_BL.shape[1]:  # [B, H, T, S], and no [B, T, 1, S] of single steps
    weight = weight.mean(axis=1)
  weight = weight.reshape(*read_BL.shape, -1)
  return {'attention': list(zip(tokens_BL, weight, strict=True))}


def _of_source(path) -> bool:
  name = jax.tree_util.keystr(path)
  return 'attention' in name and 'encoder' not in name


def _depth(path) -> tuple[bool, tuple[int, ...]]:
  # A decoder's attention on itself can have the same shape; block 10 comes after block 9.
  name = jax.tree_util.keystr(path)
  return 'cross' in name, tuple(map(int, re.findall(r'\d+', name)))
