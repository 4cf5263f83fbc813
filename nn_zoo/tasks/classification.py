"""Classification: one of several classes for each example.

Axes: B batch, C classes.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax
from flax import linen as nn

from nn_zoo import task as contract
from nn_zoo.errors import InputError
from nn_zoo.named import choose
from nn_zoo.ops.losses import LOSSES
from nn_zoo.task import Batch, Key, Learner, Mean, Metrics, Task
from nn_zoo.tasks.supervised import not_augmented, supervised, unchanged
from nn_zoo.tasks.views import over_views

FITTING = ('cross_entropy', 'focal', 'hinge', 'kl')


def classification(
  model: nn.Module,
  tx: optax.GradientTransformation,
  *,
  loss: str = 'cross_entropy',
  label_smoothing: float = 0.0,
  top_k: int = 0,
  views: tuple[str, ...] = (),
  l1: float = 0.0,
  l2: float = 0.0,
  prepare: Callable[[jax.Array], jax.Array] = unchanged,
  augment: Callable[[Key, Batch], Batch] = not_augmented,
  descend: Callable = contract.descend,
) -> Task:
  """Learns p(class | inputs); `predict` gives the logits.

  Reports loss (nats for cross-entropy) and accuracy in training. At evaluation also, class by class,
  precision and recall, the confusion matrix (rows are labels, as shares of all examples) and, where
  asked for, top-k accuracy; the loss is then without smoothing and penalties.

  Args:
    model: gives logits_BC.
    tx: optimizer.
    loss: a name in FITTING, see `nn_zoo.ops.losses.LOSSES`.
    label_smoothing: share of the target's mass spread evenly over all classes (cross_entropy only).
    top_k: if above 1, report how often the label is among the k likeliest classes.
    views: names in `nn_zoo.tasks.views.VIEWS`; with any, `predict` gives the log of the mean probability
      over an image and its views, and evaluation uses that.
    l1, l2, prepare, augment, descend: see `supervised`.

  Source of label smoothing: Szegedy et al. 2015, https://arxiv.org/abs/1512.00567.
  """
  plain = choose({name: LOSSES[name].function for name in FITTING}, loss, 'task.loss')
  if label_smoothing and loss != 'cross_entropy':
    raise InputError(
      f'task.label_smoothing={label_smoothing}: task.loss={loss!r} has none; expected 0'
    )
  if views and loss == 'hinge':
    raise InputError(
      f"task.views={tuple(views)}: task.loss='hinge' has no probabilities to average; expected ()"
    )
  smoothing = {'label_smoothing': label_smoothing} if label_smoothing else {}

  def objective(logits_BC: jax.Array, targets: jax.Array) -> jax.Array:
    return plain(logits_BC, targets, **smoothing)

  def figures(logits_BC: jax.Array, batch: Batch) -> Metrics:
    return {'accuracy': Mean.of(_correct(logits_BC, batch['targets']), batch['weight'])}

  def final_figures(logits_BC: jax.Array, batch: Batch) -> Metrics:
    targets_B, weight_B = batch['targets'], batch['weight']
    metrics = {'loss': Mean.of(plain(logits_BC, targets_B), weight_B), **figures(logits_BC, batch)}
    if top_k > 1:
      _, likeliest_BK = jax.lax.top_k(logits_BC, top_k)
      hit_B = jnp.any(likeliest_BK == targets_B[:, None], axis=1)
      metrics[f'top_{top_k}_accuracy'] = Mean.of(hit_B, weight_B)
    return metrics | per_class(logits_BC, targets_B, weight_B)

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
  if not views:
    return task
  predict = over_views(task.predict, views)

  def evaluate(state: Learner, batch: Batch, key: Key) -> Metrics:
    return final_figures(predict(state, batch['inputs'], key), batch)

  return task._replace(evaluate=evaluate, predict=predict)


def per_class(logits_BC: jax.Array, targets_B: jax.Array, weight_B: jax.Array) -> Metrics:
  """Precision and recall as vectors over classes, and the confusion matrix, as exact sums.

  confusion[i, j] = share of examples with label i that were taken for j
  recall_c = confusion[c, c] / sum_j confusion[c, j];  precision_c = confusion[c, c] / sum_i confusion[i, c]
  """
  classes = logits_BC.shape[-1]
  label_BC = jax.nn.one_hot(targets_B, classes) * weight_B[:, None]
  taken_BC = jax.nn.one_hot(jnp.argmax(logits_BC, axis=-1), classes)
  counts_CC = label_BC.T @ taken_BC
  hits_C = jnp.diagonal(counts_CC)
  return {
    'recall': Mean(hits_C, jnp.sum(counts_CC, axis=1)),
    'precision': Mean(hits_C, jnp.sum(counts_CC, axis=0)),
    'confusion': Mean(counts_CC, jnp.sum(weight_B)),
  }


def _correct(logits_BC, targets):
  # Soft targets (mixup) count as their likeliest class.
  label_B = targets if targets.ndim == 1 else jnp.argmax(targets, axis=-1)
  return jnp.argmax(logits_BC, axis=-1) == label_B
