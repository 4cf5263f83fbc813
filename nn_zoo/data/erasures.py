"""Augmentation by windows of images that are lost.

Axes: B batch, H height, W width, C channels, L positions along an axis.
"""

import jax
import jax.numpy as jnp

from nn_zoo.task import Batch, Key

ASPECT = 0.3  # the flattest window of `erasing`, height / width; the tallest is its inverse


def cutout(key: Key, batch: Batch, *, pixels: int) -> Batch:
  """Sets a square of pixels x pixels, its centre anywhere, of each image to 0.

  Source: DeVries & Taylor 2017, "Improved regularization of convolutional neural networks with Cutout",
  https://arxiv.org/abs/1708.04552.
  """
  images_BHWC = batch['inputs']
  batch_size, height, width, _ = images_BHWC.shape
  key_H, key_W = jax.random.split(key)
  outside_BH = outside(key_H, batch_size, height, pixels)
  outside_BW = outside(key_W, batch_size, width, pixels)
  keep_BHW = outside_BH[:, :, None] | outside_BW[:, None, :]
  return batch | {'inputs': jnp.where(keep_BHW[..., None], images_BHWC, 0)}


def erasing(
  key: Key, batch: Batch, *, probability: float, smallest: float, largest: float
) -> Batch:
  """Sets a window of random area and aspect, somewhere within each image, to 0 with the given probability.

  A window has `smallest` to `largest` of the image's area (0.02 and 0.4 in the paper, drawn evenly) and a
  height of 0.3 to 1 / 0.3 times its width (drawn evenly on a log scale).

  Source: Zhong, Zheng, Kang, Li & Yang 2020, "Random erasing data augmentation",
  https://arxiv.org/abs/1708.04896. Departures: what is erased is 0 (the paper's RE-0), not random values; a
  side that would leave the image is cut short instead of drawn again.
  """
  images_BHWC = batch['inputs']
  batch_size, height, width, _ = images_BHWC.shape
  chosen, area, aspect, top, left = jax.random.split(key, 5)
  limit = jnp.log(ASPECT)
  area_B = jax.random.uniform(area, (batch_size,), minval=smallest, maxval=largest) * height * width
  aspect_B = jnp.exp(jax.random.uniform(aspect, (batch_size,), minval=limit, maxval=-limit))
  inside_BH = _inside(top, jnp.sqrt(area_B * aspect_B), height)
  inside_BW = _inside(left, jnp.sqrt(area_B / aspect_B), width)
  chosen_B = jax.random.bernoulli(chosen, probability, (batch_size,))
  gone_BHW = inside_BH[:, :, None] & inside_BW[:, None, :] & chosen_B[:, None, None]
  return batch | {'inputs': jnp.where(gone_BHW[..., None], 0, images_BHWC)}


def outside(key: Key, batch_size: int, length: int, pixels: int | jax.Array) -> jax.Array:
  """Which positions lie outside of so many pixels around a random centre: bool [B, L].

  The centre is uniform over the image, so at the border part of the window falls outside.
  """
  centre_B1 = jax.random.randint(key, (batch_size, 1), 0, length)
  position_1L = jnp.arange(length)[None, :]
  low_B1 = centre_B1 - pixels // 2
  return (position_1L < low_B1) | (position_1L >= low_B1 + pixels)


def _inside(key, side_B, length):
  side_B1 = jnp.clip(jnp.round(side_B), 1, length).astype(jnp.int32)[:, None]
  first_B1 = jax.random.randint(key, side_B1.shape, 0, length + 1 - side_B1)
  position_1L = jnp.arange(length)[None, :]
  return (position_1L >= first_B1) & (position_1L < first_B1 + side_B1)
