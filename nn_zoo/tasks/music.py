"""Polyphonic music: which keys sound in the next frame, and pieces composed frame by frame.

Axes: B batch (pieces), T time (frames), K keys.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn

from nn_zoo import task as contract
from nn_zoo.errors import InputError
from nn_zoo.ops.sequences import before_end
from nn_zoo.task import Batch, Key, Learner, Mean, Metrics, Task, Variables, averaged
from nn_zoo.tasks.supervised import not_augmented, supervised, unchanged

GIVEN, FRAMES, PIECES = 8, 56, 3  # frames to go on from, frames that are added, and pieces


def music(
  model: nn.Module,
  tx: optax.GradientTransformation,
  *,
  transpose: int = 0,
  l1: float = 0.0,
  l2: float = 0.0,
  prepare: Callable[[Any], Any] = unchanged,
  augment: Callable[[Key, Batch], Batch] = not_augmented,
  descend: Callable = contract.descend,
) -> Task:
  """Learns p(frame | all before it), its keys independent; `predict` gives logits_BTK.

  loss = -sum_{b, t < length_b} sum_k log p(x_{t+1, k} | x_0 ... x_t) / sum_b length_b

  in nats per frame: the sum over the keys, the mean over all predicted frames of all pieces, a long piece
  counting for more than a short one. A piece of T frames has T - 1 predicted ones, the first being given;
  this is how Bai, Kolter & Koltun 2018, https://arxiv.org/abs/1803.01271, count in their program.

  Reports loss and accuracy, the keys that are rightly on as a share of those that are on in the piece or
  in the prediction (p > 1/2) (Bay, Ehmann & Downie 2009, "Evaluation of multiple-F0 estimation and
  tracking systems").

  Args:
    model: gives logits_BTK for {'values': x_BTK, 'length': length_B}.
    tx: optimizer.
    transpose: training pieces are moved by at most so many semitones, drawn evenly, up or down.
    l1, l2, prepare, augment, descend: see `supervised`.

  Raises:
    InputError: the model gives no output for each frame, or sees frames to come.
  """
  _check(model, transpose)

  def figures(logits_BTK: jax.Array, batch: Batch) -> Metrics:
    notes_BTK, length_B = batch['targets']
    counted_BT1 = before_end(length_B, logits_BTK)[..., None]
    played_BTK = (logits_BTK > 0) & counted_BT1
    sounding_BTK = notes_BTK & counted_BT1
    weight_B = batch['weight'] / length_B  # 0 for a piece that fills up a batch
    hits_B = jnp.sum(played_BTK & sounding_BTK, axis=(1, 2))
    keys_B = jnp.sum(played_BTK | sounding_BTK, axis=(1, 2))
    return {'accuracy': Mean(jnp.sum(hits_B * weight_B), jnp.sum(keys_B * weight_B))}

  def final_figures(logits_BTK: jax.Array, batch: Batch) -> Metrics:
    loss_B = frame_loss(logits_BTK, batch['targets'])
    return {'loss': Mean.of(loss_B, batch['weight']), **figures(logits_BTK, batch)}

  task = supervised(
    model,
    tx,
    frame_loss,
    figures,
    final_figures,
    l1=l1,
    l2=l2,
    prepare=lambda inputs: _as_reals(prepare(inputs)),
    augment=augment,
    descend=descend,
  )

  def step(state: Learner, batch: Batch, key: Key) -> tuple[Learner, Metrics]:
    if transpose:
      batch = transposed(batch, jax.random.fold_in(key, 1), transpose)
    return task.step(state, _by_frames(batch), key)

  def evaluate(state: Learner, batch: Batch, key: Key) -> Metrics:
    return final_figures(task.predict(state, batch['inputs'], key), _by_frames(batch))

  return task._replace(step=step, evaluate=evaluate)


def frame_loss(logits_BTK: jax.Array, targets: tuple[jax.Array, jax.Array]) -> jax.Array:
  """Nats per frame of each piece, from (notes_BTK, length_B)."""
  notes_BTK, length_B = targets
  logits_BTK = logits_BTK.astype(jnp.float32)
  loss_BTK = optax.losses.sigmoid_binary_cross_entropy(logits_BTK, notes_BTK.astype(jnp.float32))
  counted_BT = before_end(length_B, logits_BTK)
  return jnp.sum(jnp.sum(loss_BTK, axis=-1), axis=1, where=counted_BT) / length_B


def transposed(batch: Batch, key: Key, most: int) -> Batch:
  """Every piece moved by up to `most` semitones, drawn evenly; keys that leave the piano are silent."""
  notes_BTK = batch['targets']
  shift_B = jax.random.randint(key, (len(notes_BTK),), -most, most + 1)
  source_BK = jnp.arange(notes_BTK.shape[-1])[None] - shift_B[:, None]
  on_piano_BK = (source_BK >= 0) & (source_BK < notes_BTK.shape[-1])

  def moved(x_BTK):
    x_BTK = jnp.take_along_axis(x_BTK, source_BK[:, None] % x_BTK.shape[-1], axis=2)
    return x_BTK & on_piano_BK[:, None]

  inputs = batch['inputs'] | {'values': moved(batch['inputs']['values'])}
  return batch | {'inputs': inputs, 'targets': moved(notes_BTK)}


def compose(
  model: nn.Module, variables: Variables, start_BTK: jax.Array, frames: int, key: Key
) -> jax.Array:
  """Goes on from given frames, drawing each key of each frame from the model's probability.

  One compiled scan for any causal model: each step reads all that there is and adds a frame.

  Args:
    model: gives logits_BTK.
    variables: of the model.
    start_BTK: frames to go on from, at least one.
    frames: how many to add.
    key: of the draws.

  Returns:
    bool [batch, T + frames, keys].
  """
  batch, given, keys = start_BTK.shape
  room_BTK = jnp.pad(start_BTK.astype(bool), ((0, 0), (0, frames), (0, 0)))
  length_B = jnp.full(batch, given + frames, jnp.int32)

  def add(notes_BTK, step):
    time, key = step
    inputs = _as_reals({'values': notes_BTK, 'length': length_B})
    logits_BK = model.apply(variables, inputs)[:, time - 1]
    frame_BK = jax.random.bernoulli(key, jax.nn.sigmoid(logits_BK), (batch, keys))
    return notes_BTK.at[:, time].set(frame_BK), None

  steps = (given + jnp.arange(frames), jax.random.split(key, frames))
  return jax.jit(lambda notes_BTK: jax.lax.scan(add, notes_BTK, steps)[0])(room_BTK)


def composed(
  fields: Mapping[str, Any], model: nn.Module, state: Learner, inputs: Mapping[str, Any]
) -> dict[str, Any]:
  """{'composed': [(notes_TK, GIVEN), ...]}: what a trained model makes of the beginnings of pieces."""
  del fields
  rows = np.flatnonzero(inputs['length'] >= GIVEN)[:PIECES]
  variables = {'params': averaged(state), **state.stats}
  start_BTK = jnp.asarray(inputs['values'][rows, :GIVEN])
  notes_BTK = np.asarray(compose(model, variables, start_BTK, FRAMES, jax.random.key(0)))
  return {'composed': [(notes_TK, GIVEN) for notes_TK in notes_BTK]}


def _by_frames(batch: Batch) -> Batch:
  # A piece weighs as many examples as it has predicted frames: so the mean is one over frames.
  length_B = batch['inputs']['length']
  return batch | {
    'targets': (batch['targets'], length_B),
    'weight': batch['weight'] * length_B,
  }


def _as_reals(inputs: Any) -> Any:
  return inputs | {'values': inputs['values'].astype(jnp.float32)}


def _check(model: nn.Module, transpose: int) -> None:
  if not getattr(model, 'every_position', False):
    raise InputError(
      "task.name='music' needs an output for each frame: set --config.model.every_position=true "
      'with model.name lstm, gru, rnn or tcn'
    )
  if getattr(model, 'bidirectional', False):
    raise InputError(
      "model.bidirectional=True: task.name='music' predicts what is to come; expected False"
    )
  if not 0 <= transpose < 88:
    raise InputError(f'task.transpose={transpose}: expected 0 to 87 semitones')
