"""Regression: real numbers for each example.

Axes: B batch, K outputs.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn

from nn_zoo import task as contract
from nn_zoo.named import choose
from nn_zoo.ops.losses import LOSSES
from nn_zoo.task import Batch, Key, Mean, Metrics, Task
from nn_zoo.tasks.supervised import not_augmented, supervised, unchanged

FITTING = ('mse', 'mae', 'huber')


def regression(
  model: nn.Module,
  tx: optax.GradientTransformation,
  *,
  loss: str = 'mse',
  l1: float = 0.0,
  l2: float = 0.0,
  location: np.ndarray | float = 0.0,
  scale: np.ndarray | float = 1.0,
  prepare: Callable[[jax.Array], jax.Array] = unchanged,
  augment: Callable[[Key, Batch], Batch] = not_augmented,
  descend: Callable = contract.descend,
) -> Task:
  """Learns E[targets | inputs] (for MSE); `predict` gives it in the targets' own units.

  The model's outputs are for standardised targets: prediction = location + scale * model(inputs). The
  loss is in standard units; the reported mse and mae are in the targets' units.

  Args:
    model: gives outputs_BK.
    tx: optimizer.
    loss: a name in FITTING, see `nn_zoo.ops.losses.LOSSES`.
    location: mean of the targets over the training examples, per output.
    scale: their standard deviation.
    l1, l2, prepare, augment, descend: see `supervised`.
  """
  plain = choose({name: LOSSES[name].function for name in FITTING}, loss, 'task.loss')
  location_1K, scale_1K = (np.reshape(np.float32(x), (1, -1)) for x in (location, scale))

  def objective(outputs_BK: jax.Array, targets_BK: jax.Array) -> jax.Array:
    return plain(outputs_BK, (targets_BK - location_1K) / scale_1K)

  def figures(outputs_BK: jax.Array, batch: Batch) -> Metrics:
    error_BK = outputs_BK * scale_1K + location_1K - batch['targets']
    return {
      'mse': Mean.of(jnp.mean(error_BK**2, axis=1), batch['weight']),
      'mae': Mean.of(jnp.mean(jnp.abs(error_BK), axis=1), batch['weight']),
    }

  def final_figures(outputs_BK: jax.Array, batch: Batch) -> Metrics:
    objective_B = objective(outputs_BK, batch['targets'])
    return {'loss': Mean.of(objective_B, batch['weight']), **figures(outputs_BK, batch)}

  standard = supervised(
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

  def predict(state, inputs: jax.Array, key: Key) -> jax.Array:
    return standard.predict(state, inputs, key) * scale_1K + location_1K

  return standard._replace(predict=predict)
