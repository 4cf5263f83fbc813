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
OfOne = Callable[[jax.Array], jax.Array]  # logit_B -> loss_B
OfBoth = Callable[[jax.Array, jax.Array], jax.Array]  # logits, real and generated -> loss_B


class Game(NamedTuple):
  """The losses of both players, of logits on real and on generated examples, (real_B, generated_B) -> loss_B.

  critic: of the critic.
  generator: of the generator.
  threshold: of a logit, above which the critic takes an example for real; None where logits have none.
  paired: whether the generator's loss depends on real examples, too.
  """

  critic: OfBoth
  generator: OfBoth
  threshold: float | None = 0.0
  paired: bool = False


def _apart(real: OfOne, generated: OfOne, generator: OfOne, threshold: float | None = 0.0) -> Game:
  """A game that judges real and generated examples by themselves: the critic's loss is a sum over both."""
  return Game(lambda r, f: real(r) + generated(f), lambda r, f: generator(f), threshold)


def _taken_for_real(logit_B):
  return jax.nn.softplus(-logit_B)  # -log sigmoid(logit)


# non_saturating: critic -log s(r) - log(1 - s(f)), generator -log s(f), s the logistic function;
# minimax: the same critic, generator log(1 - s(f)).
#   Both: Goodfellow et al. 2014, "Generative adversarial nets", https://arxiv.org/abs/1406.2661.
# relativistic: critic -log s(r - f), generator -log s(f - r): only differences within pairs matter.
#   Jolicoeur-Martineau 2018, "The relativistic discriminator", https://arxiv.org/abs/1807.00734; with R1 and
#   R2 Huang et al. 2024, "The GAN is dead; long live the GAN!", https://arxiv.org/abs/2501.05441.
# least_squares: critic (r - 1)^2 / 2 + f^2 / 2, generator (f - 1)^2 / 2.
#   Mao et al. 2017, "Least squares generative adversarial networks", https://arxiv.org/abs/1611.04076.
# hinge: critic max(0, 1 - r) + max(0, 1 + f), generator -f.
#   Lim & Ye 2017, "Geometric GAN", https://arxiv.org/abs/1705.02894.
# wasserstein: critic f - r, generator -f; the critic must be kept Lipschitz.
#   Arjovsky, Chintala & Bottou 2017, "Wasserstein GAN", https://arxiv.org/abs/1701.07875.
GAMES: dict[str, Game] = {
  'non_saturating': _apart(_taken_for_real, jax.nn.softplus, _taken_for_real),
  'minimax': _apart(_taken_for_real, jax.nn.softplus, lambda f: -jax.nn.softplus(f)),
  'relativistic': Game(
    lambda r, f: _taken_for_real(r - f), lambda r, f: _taken_for_real(f - r), None, paired=True
  ),
  'least_squares': _apart(
    lambda r: (r - 1) ** 2 / 2, lambda f: f**2 / 2, lambda f: (f - 1) ** 2 / 2, 0.5
  ),
  'hinge': _apart(lambda r: jax.nn.relu(1 - r), lambda f: jax.nn.relu(1 + f), lambda f: -f),
  'wasserstein': _apart(lambda r: -r, lambda f: f, lambda f: -f, None),
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
  more = {  # than the plain loss of a real example, whose label is 1
    'non_saturating': lambda r: smoothing * r,
    'minimax': lambda r: smoothing * r,
    'least_squares': lambda r: smoothing * (r - 1) + smoothing**2 / 2,
  }
  if game not in more:
    raise InputError(
      f'task.label_smoothing={smoothing}: task.loss={game!r} has no labels; expected 0, or the loss '
      + ' or '.join(map(repr, more))
    )
  return plain._replace(critic=lambda r, f: plain.critic(r, f) + more[game](r))


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
