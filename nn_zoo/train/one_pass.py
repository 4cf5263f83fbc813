"""Optimizers that take the step themselves, in one pass over the parameters."""

from collections.abc import Callable
from typing import Any

import jax
import optax

from nn_zoo.ops.adam import adam as adam_step


class OnePass(optax.GradientTransformationExtraArgs):
  """An optax transformation with a step of its own, for those who ask for no updates.

  step: (grads, state, params, **extra) -> (params, state): what `update` and `optax.apply_updates` give.
  """

  step: Callable[..., tuple[Any, Any]]

  def __new__(cls, init, update, step) -> 'OnePass':
    """`init` and `update` as of optax's class."""
    self = super().__new__(cls, init, update)
    self.step = step
    return self


def adam(
  learning_rate,
  b1: float = 0.9,
  b2: float = 0.999,
  eps: float = 1e-8,
  eps_root: float = 0.0,
  mu_dtype=None,
  weight_decay: float = 0.0,
  mask=None,
  *,
  nesterov: bool = False,
) -> optax.GradientTransformation:
  """optax.adamw without decay by default; `ops.adam` takes its steps but for the last options' variants."""
  tx = optax.adamw(
    learning_rate, b1, b2, eps, eps_root, mu_dtype, weight_decay, mask, nesterov=nesterov
  )
  if eps_root or mu_dtype or nesterov:
    return tx

  def step(grads, state, params, **extra):
    del extra
    moments, decay, scale = state
    rate, count = learning_rate, optax.safe_increment(moments.count)
    if callable(learning_rate):
      rate = learning_rate(scale.count)
      scale = scale._replace(count=optax.safe_increment(scale.count))
    decays = [weight_decay * decayed for decayed in jax.tree.leaves(_decayed(mask, params))]
    trees = (grads, moments.mu, moments.nu, params)
    mu, nu, params = adam_step(rate, count, *trees, b1=b1, b2=b2, eps=eps, decays=decays)
    return params, (moments._replace(count=count, mu=mu, nu=nu), decay, scale)

  return OnePass(*tx, step)


def chain(*parts: optax.GradientTransformation) -> optax.GradientTransformation:
  """optax.chain; if the last part takes the step itself, so does the whole."""
  whole, (*before, last) = optax.chain(*parts), parts
  if not isinstance(last, OnePass):
    return whole

  def step(grads, state, params, **extra):
    *states, kept = state
    if before:
      grads, states = optax.chain(*before).update(grads, tuple(states), params, **extra)
    params, kept = last.step(grads, kept, params, **extra)
    return params, (*states, kept)

  return OnePass(*whole, step)


def _decayed(mask, params):
  if mask is None:
    return jax.tree.map(lambda param: True, params)
  return mask(params) if callable(mask) else mask
