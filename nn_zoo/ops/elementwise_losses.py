"""Losses of each output by itself, averaged over every axis but the first.

Outputs and targets have one shape, of any rank; see `losses.py` for the table.

Axes: B batch, K outputs.
"""

import jax.numpy as jnp
from jax import Array
from optax import losses

from nn_zoo.errors import InputError


def require_shape(shape: tuple[int, ...], targets: Array) -> None:
  """Refuses what would otherwise broadcast: [B, 1] against [B] gives [B, B] values."""
  if targets.shape != shape:
    raise InputError(f'loss: targets have shape {targets.shape}, expected {shape}')


def at_least_float32(x: Array) -> Array:
  """Raises bfloat16, float16 and integers to float32 and leaves float64 alone."""
  return jnp.asarray(x, jnp.promote_types(x.dtype, jnp.float32))


def matched(outputs: Array, targets: Array) -> tuple[Array, Array]:
  """Both at least float32, once they are seen to have one shape."""
  require_shape(outputs.shape, targets)
  return at_least_float32(outputs), at_least_float32(targets)


def absolute(x: Array) -> Array:
  """|x| with slope 0 at 0, where `jnp.abs` has 1 and would push what is already right."""
  return jnp.maximum(x, -x)


def _mean_K(values_BK: Array) -> Array:
  return values_BK.mean(axis=tuple(range(1, values_BK.ndim)))


def binary_cross_entropy(logits_BK: Array, targets_BK: Array) -> Array:
  """Cross-entropy of yes-or-no targets in [0, 1] against the sigmoid of the logits."""
  return _mean_K(losses.sigmoid_binary_cross_entropy(*matched(logits_BK, targets_BK)))


def binary_focal(
  logits_BK: Array, targets_BK: Array, gamma: float = 2.0, alpha: float | None = None
) -> Array:
  """Binary cross-entropy in which what is already predicted well counts less.

  Args:
    gamma: focusing exponent, 0 for plain binary cross-entropy.
    alpha: weight of positive targets, 1 - alpha that of negative ones; None weighs both by 1.
  """
  pair = matched(logits_BK, targets_BK)
  return _mean_K(losses.sigmoid_focal_loss(*pair, alpha=alpha, gamma=gamma))


def binary_hinge(scores_BK: Array, targets_BK: Array) -> Array:
  """By how much scores miss a margin of 1 on the right side; targets are 0 or 1."""
  scores_BK, targets_BK = matched(scores_BK, targets_BK)
  return _mean_K(losses.hinge_loss(scores_BK, 2 * targets_BK - 1))


def mse(outputs_BK: Array, targets_BK: Array) -> Array:
  """Mean squared error."""
  return _mean_K(losses.squared_error(*matched(outputs_BK, targets_BK)))


def mae(outputs_BK: Array, targets_BK: Array) -> Array:
  """Mean absolute error."""
  outputs_BK, targets_BK = matched(outputs_BK, targets_BK)
  return _mean_K(absolute(outputs_BK - targets_BK))


def huber(outputs_BK: Array, targets_BK: Array, delta: float = 1.0) -> Array:
  """Half the squared error near the target, the absolute error's slope beyond `delta`.

  Args:
    delta: where the parabola gives way to the line, in the unit of the targets.
  """
  return _mean_K(losses.huber_loss(*matched(outputs_BK, targets_BK), delta=delta))
