"""Diagnosis: whether an example has a condition, judged by the figures of medical tests.

Axes: B batch, C = 2 classes.
"""

from collections.abc import Callable

import jax
import optax
from flax import linen as nn

from nn_zoo import task as contract
from nn_zoo.errors import InputError
from nn_zoo.task import Batch, Key, Task
from nn_zoo.tasks.classification import classification
from nn_zoo.tasks.supervised import not_augmented, unchanged


def diagnosis(
  model: nn.Module,
  tx: optax.GradientTransformation,
  *,
  positive: int,
  threshold: float,
  loss: str = 'cross_entropy',
  label_smoothing: float = 0.0,
  views: tuple[str, ...] = (),
  l1: float = 0.0,
  l2: float = 0.0,
  prepare: Callable[[jax.Array], jax.Array] = unchanged,
  augment: Callable[[Key, Batch], Batch] = not_augmented,
  descend: Callable = contract.descend,
) -> Task:
  """Learns p(condition | inputs), a classification of two classes; `nn_zoo.tasks.decisions` has its figures.

  Args:
    model: gives logits_BC.
    tx: optimizer.
    positive: the class that is the condition, 0 or 1.
    threshold: probability of the condition from which an example counts as positive; 0: chosen on the
      validation examples by Youden's J, see `nn_zoo.tasks.decisions.operating_point`.
    loss: 'cross_entropy', 'focal' or 'kl', which give probabilities.
    label_smoothing, views: see `classification`.
    l1, l2, prepare, augment, descend: see `supervised`.
  """
  if positive not in (0, 1):
    raise InputError(f'task.positive={positive}: expected 0 or 1, the class that is the condition')
  if not 0 <= threshold < 1:
    raise InputError(
      f'task.threshold={threshold}: expected a probability below 1, or 0 to choose it on the '
      'validation examples'
    )
  if loss == 'hinge':
    raise InputError("task.loss='hinge' gives no probabilities; expected cross_entropy, focal, kl")
  if model.classes != 2:
    raise InputError(f'diagnosis is for two classes; the model and its data have {model.classes}')
  return classification(
    model,
    tx,
    loss=loss,
    label_smoothing=label_smoothing,
    views=views,
    l1=l1,
    l2=l2,
    prepare=prepare,
    augment=augment,
    descend=descend,
  )
