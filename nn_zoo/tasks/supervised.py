"""What classification and regression share: one model, one loss, examples with targets.

Axes: B batch, C classes or outputs. A batch is {'inputs', 'targets', 'weight'}, weight_B being 0 for padding.
"""

from collections.abc import Callable

import jax
import optax
from flax import linen as nn

from nn_zoo.ops.losses import l1 as l1_norm
from nn_zoo.ops.losses import l2 as l2_norm
from nn_zoo.task import Batch, Key, Learner, Mean, Metrics, Task, averaged, begin


def unchanged(inputs: jax.Array) -> jax.Array:
  """The inputs as they are: no standardisation."""
  return inputs


def not_augmented(key: Key, batch: Batch) -> Batch:
  """The batch as it is: no augmentation."""
  del key
  return batch


def supervised(
  model: nn.Module,
  tx: optax.GradientTransformation,
  objective: Callable[[jax.Array, jax.Array], jax.Array],
  figures: Callable[[jax.Array, Batch], Metrics],
  final_figures: Callable[[jax.Array, Batch], Metrics],
  *,
  l1: float,
  l2: float,
  prepare: Callable[[jax.Array], jax.Array],
  augment: Callable[[Key, Batch], Batch],
  descend: Callable,
) -> Task:
  """A task whose state is one `Learner`.

  loss = sum_b weight_b objective(model(prepare(inputs)), targets)_b / sum_b weight_b
         + l1 |W|_1 + l2/2 |W|_2^2

  Args:
    model: called as model(inputs, train).
    tx: optimizer.
    objective: (outputs_BC, targets) -> loss_B.
    figures: reported while training.
    final_figures: reported at evaluation.
    l1: factor of sum |w| over weights (not biases, not normalization).
    l2: factor of 1/2 sum w^2 over the same.
    prepare: standardisation, inside the compiled step, in training and at evaluation.
    augment: (key, batch) -> batch on the raw inputs, inside the compiled step, in training only.
    descend: `nn_zoo.task.descend` or a partial of it.
  """

  def init(key: Key, batch: Batch) -> Learner:
    return begin(model.init(key, prepare(batch['inputs'])), tx)

  def loss(params, stats, batch, key):
    outputs_BC, stats = model.apply(
      {'params': params, **stats},
      prepare(batch['inputs']),
      train=True,
      rngs={'dropout': key},
      mutable=list(stats),
    )
    mean = Mean.of(objective(outputs_BC, batch['targets']), batch['weight'])
    penalty = (l1 * l1_norm(params) if l1 else 0.0) + (l2 * l2_norm(params) if l2 else 0.0)
    return Mean(mean.total + penalty * mean.weight, mean.weight), (
      stats,
      figures(outputs_BC, batch),
    )

  update = descend(loss, tx)

  def step(state: Learner, batch: Batch, key: Key) -> tuple[Learner, Metrics]:
    key_augment, key_loss = jax.random.split(key)
    return update(state, augment(key_augment, batch), key_loss)

  def predict(state: Learner, inputs: jax.Array, key: Key) -> jax.Array:
    del key
    return model.apply({'params': averaged(state), **state.stats}, prepare(inputs))

  def evaluate(state: Learner, batch: Batch, key: Key) -> Metrics:
    return final_figures(predict(state, batch['inputs'], key), batch)

  return Task(init, step, evaluate, predict)
