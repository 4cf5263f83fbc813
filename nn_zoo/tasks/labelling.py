"""Labelling: one of several classes for every step of a sequence.

Axes: B batch, T time, C classes.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import linen as nn

from nn_zoo import task as contract
from nn_zoo.errors import InputError
from nn_zoo.task import Batch, Key, Learner, Mean, Metrics, Task
from nn_zoo.tasks.classification import per_class
from nn_zoo.tasks.supervised import not_augmented, supervised, unchanged


def labelling(
  model: nn.Module,
  tx: optax.GradientTransformation,
  *,
  background: int = -1,
  l1: float = 0.0,
  l2: float = 0.0,
  prepare: Callable[[Any], Any] = unchanged,
  augment: Callable[[Key, Batch], Batch] = not_augmented,
  descend: Callable = contract.descend,
) -> Task:
  """Learns p(class | sequence) for every step; `predict` gives logits_BTC.

  loss = -sum_{b, t counted} log p(label_bt | inputs_b) / sum_{b, t counted} 1

  in nats a step. Steps with a label below 0 are not counted, such as those after a sequence's end. Reports
  loss and accuracy; at evaluation also precision, recall and the confusion matrix, as classification does.

  Args:
    model: gives logits_BTC.
    tx: optimizer.
    background: a class whose steps `accuracy` leaves out, since it is right by itself: blanks of the copy
      problem, words that are no name; -1 for none.
    l1, l2, prepare, augment, descend: see `supervised`.

  Raises:
    InputError: the model gives no output for each step, or there is no such class.
  """
  if not getattr(model, 'every_position', False):
    raise InputError(
      "task.name='labelling' needs an output for each step: set --config.model.every_position=true "
      'with model.name lstm, gru, rnn or tcn'
    )
  if not -1 <= background < model.classes:
    raise InputError(f'task.background={background}: expected -1 to {model.classes - 1}')

  def objective(logits_BTC: jax.Array, labels_BT: jax.Array) -> jax.Array:
    counted_BT = labels_BT >= 0
    logp_BTC = jax.nn.log_softmax(logits_BTC.astype(jnp.float32))
    label_BT1 = jnp.maximum(labels_BT, 0)[..., None]
    logp_BT = jnp.take_along_axis(logp_BTC, label_BT1, axis=-1)[..., 0]
    steps_B = jnp.maximum(jnp.sum(counted_BT, axis=1), 1)
    return -jnp.sum(logp_BT, axis=1, where=counted_BT) / steps_B

  def figures(logits_BTC: jax.Array, batch: Batch) -> Metrics:
    labels_BT = batch['targets']
    weight_BT = _each_step(batch) * (labels_BT != background)
    return {'accuracy': Mean.of(jnp.argmax(logits_BTC, axis=-1) == labels_BT, weight_BT)}

  def final_figures(logits_BTC: jax.Array, batch: Batch) -> Metrics:
    labels_BT, classes = batch['targets'], logits_BTC.shape[-1]
    loss = Mean.of(objective(logits_BTC, labels_BT), batch['weight'])
    flat = logits_BTC.reshape(-1, classes), labels_BT.reshape(-1), _each_step(batch).reshape(-1)
    return {'loss': loss, **figures(logits_BTC, batch), **per_class(*flat)}

  task = supervised(
    model,
    tx,
    objective,
    figures,
    final_figures,
    l1=l1,
    l2=l2,
    prepare=prepare,
    augment=augment,
    descend=descend,
  )

  def step(state: Learner, batch: Batch, key: Key) -> tuple[Learner, Metrics]:
    return task.step(state, _by_steps(batch), key)

  def evaluate(state: Learner, batch: Batch, key: Key) -> Metrics:
    return final_figures(task.predict(state, batch['inputs'], key), _by_steps(batch))

  return task._replace(step=step, evaluate=evaluate)


def _by_steps(batch: Batch) -> Batch:
  # A sequence weighs as many examples as it has counted steps: so the mean is one over steps.
  return batch | {'weight': batch['weight'] * jnp.sum(batch['targets'] >= 0, axis=1)}


def _each_step(batch: Batch) -> jax.Array:
  counted_BT = batch['targets'] >= 0
  steps_B1 = jnp.maximum(jnp.sum(counted_BT, axis=1, keepdims=True), 1)
  return counted_BT * batch['weight'][:, None] / steps_B1
