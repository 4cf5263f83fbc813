"""The games of generator and critic, and what steadies a critic.

The critic's output is a logit, high for what it takes for real. Losses are of single examples.
Axes: B batch.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nn_zoo.errors import InputError

Critic = Callable[[jax.Array], jax.Array]  # x_B... -> logit_B


class Game(NamedTuple):
  """The losses of both players, logit_B -> loss_B.

  real: of the critic, on an example of the data.
  generated: of the critic, on a generated one.
  generator: of the generator, on a generated one.
  threshold: of a logit, above which the critic takes an example for real; None where logits have none.
  """

  real: Callable[[jax.Array], jax.Array]
  generated: Callable[[jax.Array], jax.Array]
  generator: Callable[[jax.Array], jax.Array]
  threshold: float | None = 0.0


def _negative(logit_B):
  return -logit_B


def _taken_for_real(logit_B):
  return jax.nn.softplus(-logit_B)  # -log sigmoid(logit)


# non_saturating: critic -log s(r) - log(1 - s(f)), generator -log s(f), s the logistic function;
# minimax: the same critic, generator log(1 - s(f)).
#   Both: Goodfellow et al. 2014, "Generative adversarial nets", https://arxiv.org/abs/1406.2661.
# least_squares: critic (r - 1)^2 / 2 + f^2 / 2, generator (f - 1)^2 / 2.
#   Mao et al. 2017, "Least squares generative adversarial networks", https://arxiv.org/abs/1611.04076.
# hinge: critic max(0, 1 - r) + max(0, 1 + f), generator -f.
#   Lim & Ye 2017, "Geometric GAN", https://arxiv.org/abs/1705.02894.
# wasserstein: critic f - r, generator -f; the critic must be kept Lipschitz.
#   Arjovsky, Chintala & Bottou 2017, "Wasserstein GAN", https://arxiv.org/abs/1701.07875.
GAMES: dict[str, Game] = {
  'non_saturating': Game(_taken_for_real, jax.nn.softplus, _taken_for_real),
  'minimax': Game(_taken_for_real, jax.nn.softplus, lambda f: -jax.nn.softplus(f)),
  'least_squares': Game(
    lambda r: (r - 1) ** 2 / 2, lambda f: f**2 / 2, lambda f: (f - 1) ** 2 / 2, 0.5
  ),
  'hinge': Game(lambda r: jax.nn.relu(1 - r), lambda f: jax.nn.relu(1 + f), _negative),
  'wasserstein': Game(_negative, lambda f: f, _negative, None),
}


def smoothed(game: str, smoothing: float) -> Game:
  """A game whose critic is told 1 - smoothing, not 1, of real examples; generated ones stay 0 (one-sided).

  Raises:
    InputError: the game has no label to be smoothed.

  Source: Salimans et al. 2016, "Improved techniques for training GANs", https://arxiv.org/abs/1606.03498.
  """
  plain = GAMES[game]
  if not smoothing:
    return plain
  real = {
    'non_saturating': lambda r: jax.nn.softplus(r) - (1 - smoothing) * r,
    'minimax': lambda r: jax.nn.softplus(r) - (1 - smoothing) * r,
    'least_squares': lambda r: (r - (1 - smoothing)) ** 2 / 2,
  }
  if game not in real:
    raise InputError(
      f'task.label_smoothing={smoothing}: task.loss={game!r} has no labels; expected 0, or the loss '
      + ' or '.join(map(repr, real))
    )
  return plain._replace(real=real[game])


def gradient_penalty(
  critic: Critic, real: jax.Array, generated: jax.Array, mix_B: jax.Array
) -> jax.Array:
  """(|d critic / dx|_2 - 1)^2 of each example, at x = mix real + (1 - mix) generated.

  Source: Gulrajani et al. 2017, "Improved training of Wasserstein GANs", https://arxiv.org/abs/1704.00028.
  """
  mix = mix_B.reshape(-1, *(1,) * (real.ndim - 1))
  norm_B = jnp.sqrt(squared_slope(critic, mix * real + (1 - mix) * generated) + 1e-12)
  return (norm_B - 1) ** 2


def squared_slope(critic: Critic, x: jax.Array) -> jax.Array:
  """|d critic / dx|_2^2 of each example: half of it is R1 at real examples, R2 at generated ones.

  Source: Mescheder, Geiger & Nowozin 2018, "Which training methods for GANs do actually converge?",
  https://arxiv.org/abs/1801.04406.
  """
  slope = jax.grad(lambda x: jnp.sum(critic(x)))(x)
  return jnp.sum(slope**2, axis=tuple(range(1, x.ndim)))


def packed(x: jax.Array, count: int) -> jax.Array:
  """[B, ..., C] -> [B / count, ..., count C]: neighbours side by side, to be judged together.

  Source: Lin, Khetan, Fanti & Oh 2018, "PacGAN", https://arxiv.org/abs/1712.04086.
  """
  if count == 1:
    return x
  x = x.reshape(-1, count, *x.shape[1:])
  return jnp.moveaxis(x, 1, -2).reshape(x.shape[0], *x.shape[2:-1], count * x.shape[-1])


def truncated(z: jax.Array, limit: float) -> jax.Array:
  """Standard normal numbers as ones of the normal distribution cut off at +-limit; 0 for no limit.

  z' = Phi^-1(Phi(-limit) + (Phi(limit) - Phi(-limit)) Phi(z)), which keeps their order.

  Source of the trick: Brock, Donahue & Simonyan 2019, "Large scale GAN training", https://arxiv.org/abs/1809.11096.
  Departure: values are moved by the distribution functions, not drawn again.
  """
  if not limit:
    return z
  # Beyond some 5 the share is 1 in float32, and what is farthest out would become infinite.
  share = jnp.minimum(jax.lax.erf(limit / jnp.sqrt(2.0)), 1 - jnp.finfo(z.dtype).epsneg)
  return jnp.sqrt(2.0) * jax.lax.erf_inv(share * jax.lax.erf(z / jnp.sqrt(2.0)))
