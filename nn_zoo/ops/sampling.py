"""Drawing from logits: temperature, and the ways to leave out what is unlikely.

Axes: B batch, V vocabulary. Each filter takes logits [..., V] and sets those left out to -inf.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from nn_zoo.errors import InputError


def largest(x_BV: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
  """The `count` largest of each row [..., count], the largest first, and their places, int32 of that shape.

  `jax.lax.top_k` behind a barrier: where XLA sees on a CPU that some of them are cut out, it sorts all of a
  row, at up to 70 times the cost.

  Args:
    x_BV: [..., V].
    count: at most V.
  """
  return jax.lax.optimization_barrier(tuple(jax.lax.top_k(x_BV, count)))


def top_k(logits_BV: jax.Array, count: int) -> jax.Array:
  """Keeps the `count` largest logits, and what equals the least of them; 0 or too many: all.

  Source: Fan, Lewis & Dauphin 2018, "Hierarchical neural story generation", https://arxiv.org/abs/1805.04833.
  """
  if not 0 < count < logits_BV.shape[-1]:
    return logits_BV
  return _at_least(logits_BV, largest(logits_BV, count)[0][..., -1:])


def top_p(logits_BV: jax.Array, share: float) -> jax.Array:
  """Keeps the fewest of the likeliest that sum up to `share`, and what equals the least of them.

  Source: Holtzman et al. 2019, "The curious case of neural text degeneration",
  https://arxiv.org/abs/1904.09751.
  """
  if share == 1:
    return logits_BV
  falling_BV = jnp.sort(logits_BV, axis=-1, descending=True)
  p_BV = jax.nn.softmax(falling_BV)
  likelier_BV = jnp.cumsum(p_BV, axis=-1) - p_BV  # the sum of what comes before
  kept_BV = jnp.where(likelier_BV < share, falling_BV, jnp.inf)
  return _at_least(logits_BV, jnp.min(kept_BV, axis=-1, keepdims=True))


def min_p(logits_BV: jax.Array, share: float) -> jax.Array:
  """Keeps what is at least `share` times as likely as the likeliest.

  Source: Nguyen et al. 2024, "Turning up the heat: min-p sampling for creative and coherent LLM outputs",
  https://arxiv.org/abs/2407.01082.
  """
  if share == 0:
    return logits_BV
  return _at_least(logits_BV, jnp.max(logits_BV, axis=-1, keepdims=True) + jnp.log(share))


def sampler(
  *, temperature: float, top_k: int, top_p: float, min_p: float
) -> Callable[[jax.Array, jax.Array], jax.Array]:
  """(key, logits_BV) -> indices_B, drawn from softmax(logits / temperature) after the filters, in this order.

  Args:
    temperature: 1 for the probabilities as they are, less for likelier draws; 0 for the likeliest.
    top_k: see `top_k`; 0 for all.
    top_p: see `top_p`; 1 for all.
    min_p: see `min_p`; 0 for all.

  Raises:
    InputError: a value is out of range.
  """
  for name, value, fits, expected in (
    ('temperature', temperature, temperature >= 0, '0 or more'),
    ('top_k', top_k, top_k >= 0, '0 for all, or more'),
    ('top_p', top_p, 0 < top_p <= 1, 'more than 0, up to 1'),
    ('min_p', min_p, 0 <= min_p <= 1, '0 to 1'),
  ):
    if not fits:
      raise InputError(f'{name}={value}: expected {expected}')

  def draw(key: jax.Array, logits_BV: jax.Array) -> jax.Array:
    if temperature == 0:
      return jnp.argmax(logits_BV, axis=-1)
    return jax.random.categorical(key, filtered(logits_BV.astype(jnp.float32) / temperature))

  def filtered(logits_BV):
    return _min_p(_top_p(_top_k(logits_BV, top_k), top_p), min_p)

  return draw


_top_k, _top_p, _min_p = top_k, top_p, min_p  # the names of `sampler`'s settings are theirs


def _at_least(logits_BV, least_B1):
  return jnp.where(logits_BV < least_B1, -jnp.inf, logits_BV)
