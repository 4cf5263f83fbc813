"""Differentiable augmentation: real and generated images are changed alike before the critic sees them.

Images are in [-1, 1]. Axes: B batch, H height, W width, C channels.

Source: Zhao, Liu, Lin, Zhu & Han 2020, "Differentiable augmentation for data-efficient GAN training",
https://arxiv.org/abs/2006.10738, and its published code.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from nn_zoo.errors import InputError


def colour(key: jax.Array, x_BHWC: jax.Array) -> jax.Array:
  """Brightness moved by up to 1/2, saturation times 0 ... 2, contrast times 1/2 ... 3/2."""
  draws = jax.random.uniform(key, (3, x_BHWC.shape[0], 1, 1, 1))
  x_BHWC = x_BHWC + (draws[0] - 0.5)
  grey = jnp.mean(x_BHWC, axis=3, keepdims=True)
  x_BHWC = (x_BHWC - grey) * (2 * draws[1]) + grey
  mean = jnp.mean(x_BHWC, axis=(1, 2, 3), keepdims=True)
  return (x_BHWC - mean) * (draws[2] + 0.5) + mean


def translation(key: jax.Array, x_BHWC: jax.Array) -> jax.Array:
  """Moved by up to 1/8 of each side; what comes in is 0."""
  height, width = x_BHWC.shape[1:3]
  most = (round(height / 8), round(width / 8))
  keys = jax.random.split(key)
  batch = x_BHWC.shape[0]
  down_B = jax.random.randint(keys[0], (batch,), -most[0], most[0] + 1)
  right_B = jax.random.randint(keys[1], (batch,), -most[1], most[1] + 1)
  # By matrices of zeros and ones rather than gathers: they stay with their shard, and so does the gradient.
  rows_BHH = _shift(down_B, height)
  columns_BWW = _shift(right_B, width)
  return jnp.einsum('bih,bhwc,bjw->bijc', rows_BHH, x_BHWC, columns_BWW)


def _shift(by_B, size):
  at = jnp.arange(size)
  return (at[None, :, None] - by_B[:, None, None] == at[None, None, :]).astype(jnp.float32)


def cutout(key: jax.Array, x_BHWC: jax.Array) -> jax.Array:
  """A rectangle of half of each side, centred anywhere, is 0."""
  height, width = x_BHWC.shape[1:3]
  keys = jax.random.split(key)
  batch = x_BHWC.shape[0]
  inside_BH = _covered(jax.random.randint(keys[0], (batch,), 0, height + 1), height)
  inside_BW = _covered(jax.random.randint(keys[1], (batch,), 0, width + 1), width)
  inside_BHW = inside_BH[:, :, None] & inside_BW[:, None, :]
  return jnp.where(inside_BHW[..., None], 0, x_BHWC)


def _covered(centre_B, size):
  half = round(size / 4)
  at_BS = jnp.arange(size)[None] - centre_B[:, None]
  return (at_BS >= -half) & (at_BS < half)


POLICIES: dict[str, Callable[[jax.Array, jax.Array], jax.Array]] = {
  'colour': colour,
  'translation': translation,
  'cutout': cutout,
}


def diffaugment(names: tuple[str, ...], key: jax.Array, x: jax.Array) -> jax.Array:
  """The named changes, one after the other; () for none.

  Args:
    names: in POLICIES.
    key: of the draws, for each image its own.
    x: images [B, H, W, C] in [-1, 1].

  Raises:
    InputError: there are changes to be made, and the examples are no images.
  """
  if names and x.ndim != 4:
    raise InputError(
      f'task.diffaugment={tuple(names)}: expected images, the examples are {x.shape[1:]}; set ()'
    )
  for index, name in enumerate(names):
    x = POLICIES[name](jax.random.fold_in(key, index), x)
  return x
