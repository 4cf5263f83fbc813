"""Neural style: how far an image is from another's content, and from another's style.

Axes: N images, H height, W width, C channels.
"""

import jax
import jax.numpy as jnp


def gram(features_NHWC: jax.Array) -> jax.Array:
  """G_cd = mean_hw F_hwc F_hwd [N, C, C]: which channels go together, and no longer where."""
  n, h, w, c = features_NHWC.shape
  f_NPC = features_NHWC.reshape(n, h * w, c)
  return jnp.einsum('npc,npd->ncd', f_NPC, f_NPC) / (h * w)


def content_loss(features_NHWC: jax.Array, target_NHWC: jax.Array) -> jax.Array:
  """mean (F - P)^2 of each image [N]."""
  return jnp.mean((features_NHWC - target_NHWC) ** 2, axis=(1, 2, 3))


def style_loss(features_NHWC: jax.Array, gram_NCC: jax.Array) -> jax.Array:
  """mean_cd (G - A)^2 of each image [N], G the Gram matrix of the features.

  Departure from the source: means in place of sums, so that images of different sizes have one scale.

  Source: Gatys, Ecker & Bethge 2015, "A neural algorithm of artistic style", https://arxiv.org/abs/1508.06576.
  """
  return jnp.mean((gram(features_NHWC) - gram_NCC) ** 2, axis=(1, 2))


def total_variation(x_NHWC: jax.Array) -> jax.Array:
  """mean of squared differences of neighbouring pixels, down and across, of each image [N]."""
  down = jnp.mean(jnp.diff(x_NHWC, axis=1) ** 2, axis=(1, 2, 3))
  return down + jnp.mean(jnp.diff(x_NHWC, axis=2) ** 2, axis=(1, 2, 3))
