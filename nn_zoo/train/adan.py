"""Adan, written here because optax's (0.2.8) weighs the gradients' differences by 1 − β₂ in place of β₂."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from nn_zoo.task import Params


class AdanState(NamedTuple):
  """m, v and n of `adan`, the gradient before this one, and the number of steps taken."""

  m: Params
  v: Params
  n: Params
  gradient: Params
  count: jax.Array


def adan(
  learning_rate,
  b1: float = 0.98,
  b2: float = 0.92,
  b3: float = 0.99,
  eps: float = 1e-8,
  weight_decay: float = 0.0,
  mask=None,
) -> optax.GradientTransformation:
  """Adam with Nesterov momentum from differences of gradients.

  d = g_t − g_{t−1} (0 at first);   m ← β₁m + (1 − β₁)g;   v ← β₂v + (1 − β₂)d;
  n ← β₃n + (1 − β₃)(g + β₂d)²;   w ← w − η(m̂ + β₂v̂)/(√n̂ + ε), hats as in Adam

  Args:
    learning_rate: η, a number or a schedule.
    b1: β₁ of the gradients' mean (the paper's 1 − β₁, as in its authors' code; so are b2 and b3).
    b2: β₂ of the mean of their differences.
    b3: β₃ of the mean of squares.
    eps: ε.
    weight_decay: λ of decoupled decay.
    mask: which parameters it is for, as `optax.add_decayed_weights` has it.

  Source: Xie et al. 2022, "Adan: Adaptive Nesterov momentum algorithm", https://arxiv.org/abs/2208.06677.
  Departure from optax: see https://github.com/google-deepmind/optax/pull/1715.
  """

  def update(g, state, params=None):
    del params
    return _update(g, state, b1, b2, b3, eps)

  return optax.chain(
    optax.GradientTransformation(_init, update),
    optax.add_decayed_weights(weight_decay, mask),
    optax.scale_by_learning_rate(learning_rate),
  )


def _init(params):
  zeros = [jax.tree.map(jnp.zeros_like, params) for _ in range(4)]
  return AdanState(*zeros, jnp.zeros([], jnp.int32))


def _update(g, state, b1, b2, b3, eps):
  known = state.count > 0
  d = jax.tree.map(lambda new, old: jnp.where(known, new - old, 0), g, state.gradient)
  m = optax.tree.update_moment(g, state.m, b1, 1)
  v = optax.tree.update_moment(d, state.v, b2, 1)
  n = optax.tree.update_moment(optax.tree.add_scale(g, b2, d), state.n, b3, 2)
  count = state.count + 1
  m_hat, v_hat, n_hat = (
    optax.tree.bias_correction(moment, decay, count)
    for moment, decay in ((m, b1), (v, b2), (n, b3))
  )
  direction = jax.tree.map(lambda m, v, n: (m + b2 * v) / (jnp.sqrt(n) + eps), m_hat, v_hat, n_hat)
  return direction, AdanState(m, v, n, g, count)
