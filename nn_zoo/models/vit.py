"""Vision Transformer: an image read as a sequence of patches.

Axes: B batch, H height, W width, C channels, T patches and one more, D features, K classes.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.convolution import Conv
from nn_zoo.layers.dropout import Dropout
from nn_zoo.layers.transformer import Stack
from nn_zoo.named import DType


class ViT(nn.Module):
  """A Transformer over the patches of an image, and a dense layer on what it makes of a class token.

  logits = head(norm(blocks([class token, patches] + positions))_0)

  Attributes:
    classes: outputs.
    patch: side of a patch in pixels, a divisor of the image's sides.
    width: D.
    layers: blocks.
    heads: of every attention.
    hidden: units of the feed-forward nets; 0: 4 x width.
    dropout: share set to 0 in training, see `nn_zoo.layers.transformer.Block`.
    drop_path, remat, scan: see `nn_zoo.layers.transformer.Stack`.
    implementation: see `nn_zoo.ops.attention.attention`.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Sources: Dosovitskiy et al. 2021, "An image is worth 16x16 words", https://arxiv.org/abs/2010.11929; Touvron
  et al. 2021, https://arxiv.org/abs/2012.12877, for the tiny and the small one.
  """

  classes: int
  patch: int = 16
  width: int = 768
  layers: int = 12
  heads: int = 12
  hidden: int = 0
  dropout: float = 0.0
  drop_path: float = 0.0
  remat: bool = False
  scan: bool = False
  implementation: str = 'product'
  dtype: DType = None

  @nn.compact
  def __call__(self, x_BHWC: jax.Array, train: bool = False) -> jax.Array:
    return nn.Dense(self.classes, dtype=self.dtype, name='head')(self.features(x_BHWC, train))

  @nn.compact
  def features(self, x_BHWC: jax.Array, train: bool = False) -> jax.Array:
    """What the last block makes of the class token, normalized, [B, D]."""
    batch, height, width, _ = x_BHWC.shape
    if height % self.patch or width % self.patch:
      raise InputError(f'model.patch={self.patch}: does not divide images of {height} x {width}')
    side = (self.patch, self.patch)
    x_BHWD = Conv(self.width, side, self.patch, padding='VALID', dtype=self.dtype, name='embed')(
      x_BHWC
    )
    x_BTD = x_BHWD.reshape(batch, -1, self.width)
    first_D = self.param('token', nn.initializers.zeros, (self.width,)).astype(x_BTD.dtype)
    first_B1D = jnp.broadcast_to(first_D[None, None], (batch, 1, self.width))
    x_BTD = jnp.concatenate([first_B1D, x_BTD], axis=1)
    shape = (x_BTD.shape[1], self.width)
    x_BTD += self.param('position', nn.initializers.normal(0.02), shape)[None].astype(x_BTD.dtype)
    x_BTD = Dropout(self.dropout, deterministic=not train)(x_BTD)
    block = {
      'heads': self.heads,
      'hidden': self.hidden or 4 * self.width,
      'activation': 'gelu',
      'pre_norm': True,
      'epsilon': 1e-6,
      'dropout': self.dropout,
      'implementation': self.implementation,
      'dtype': self.dtype,
    }
    stack = Stack(self.layers, block, self.drop_path, self.remat, self.scan, name='blocks')
    y_BTD, _ = stack(x_BTD, None, None, None, train)
    return nn.LayerNorm(1e-6, dtype=self.dtype, name='norm')(y_BTD[:, 0])
