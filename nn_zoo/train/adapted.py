"""Optimizers of optax, fitted to the table; their equations and sources stand there (see `OPTIMIZERS`)."""

import jax
import jax.numpy as jnp
import optax
from optax import contrib


def momentum(learning_rate, momentum: float = 0.9) -> optax.GradientTransformation:
  """SGD with momentum as an entry of its own."""
  return optax.sgd(learning_rate, momentum)


def nesterov(learning_rate, momentum: float = 0.9) -> optax.GradientTransformation:
  """SGD with Nesterov's momentum as an entry of its own."""
  return optax.sgd(learning_rate, momentum, nesterov=True)


def fromage(learning_rate) -> optax.GradientTransformation:
  """Fromage with a ratio of 1 where ‖w‖ or ‖g‖ is 0, as in its authors' code."""
  # By default optax takes a norm for 1e-6 at least: a bias that starts at 0 would hardly leave it.
  return optax.fromage(learning_rate, min_norm=0.0)


def madgrad(
  learning_rate, momentum: float = 0.9, eps: float = 1e-6, weight_decay: float = 0.0, mask=None
) -> optax.GradientTransformation:
  """MADGRAD with weight decay in the gradient, as in its authors' code, for the parameters in `mask`."""
  # Every step is taken from w₀: what decoupled decay takes from w would be forgotten with the momentum.
  decay = optax.add_decayed_weights(weight_decay, mask)
  return optax.chain(decay, contrib.madgrad(learning_rate, momentum, eps=eps))


def polyak_sgd(
  learning_rate, max_learning_rate: float = 1.0, f_min: float = 0.0, eps: float = 0.0
) -> optax.GradientTransformation:
  """Polyak's step, at most `max_learning_rate` g long, times the learning rate; needs the loss as `value`."""
  # optax.polyak_sgd scales g before it divides by ‖g‖²: half the scale, twice the step.
  rule = optax.scale_by_polyak(f_min, max_learning_rate, eps)
  return optax.chain(rule, optax.scale_by_learning_rate(learning_rate))


def sm3(learning_rate, momentum: float = 0.9) -> optax.GradientTransformation:
  """SM3 for every parameter with axes; without, its rule is Adagrad's."""
  # optax.sm3 itself takes neither a schedule nor a scalar parameter.
  scalar = optax.chain(optax.scale_by_rss(0.0, 1e-8), optax.ema(momentum, debias=False))

  def labels(params):
    return jax.tree.map(lambda param: 'axes' if jnp.ndim(param) else 'scalar', params)

  rule = optax.partition({'axes': optax.scale_by_sm3(momentum), 'scalar': scalar}, labels)
  return optax.chain(rule, optax.scale_by_learning_rate(learning_rate))
