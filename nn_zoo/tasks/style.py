"""Neural style: an image with the content of one and the style of another, by features of a trained net.

Axes: N images (1), H height, W width, C channels, K convolutions, T steps.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.ops.style import content_loss, gram, style_loss, total_variation
from nn_zoo.task import Variables

LOSSES = ('content', 'style', 'variation', 'total')


class Weights(NamedTuple):
  """Factors of the parts of the loss, each part being relative to what it is at an image of noise."""

  content: float = 1.0
  style: float = 1.0
  variation: float = 0.1


class _Dense(Exception):
  """A dense layer has been reached."""


def features(
  model: nn.Module, variables: Variables, convolution: type[nn.Module], x_NHWC: jax.Array
) -> list[jax.Array]:
  """relu of the outputs of a model's convolutions over prepared images, in order of use.

  The model runs as at evaluation, but the layers behind its last convolution are not run: images may have
  any size at which the convolutions can be met.
  """
  found: list[jax.Array] = []

  def meet(call, args, kwargs, context):
    if context.method_name == '__call__' and isinstance(context.module, nn.Dense):
      raise _Dense  # its kernel is for images of the size that the model learnt from
    y = call(*args, **kwargs)
    if context.method_name == '__call__' and isinstance(context.module, convolution):
      found.append(jax.nn.relu(y))
    return y

  with nn.intercept_methods(meet):
    try:
      model.apply(variables, x_NHWC)
    except _Dense:
      return found
  return found


def stylize(
  model: nn.Module,
  variables: Variables,
  prepare: Callable[[jax.Array], jax.Array],
  convolution: type[nn.Module],
  content_1HWC: np.ndarray,
  style_1HWC: np.ndarray,
  *,
  steps: int = 300,
  learning_rate: float = 0.02,
  weights: Weights = Weights(),  # noqa: B008
  seed: int = 0,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
  """An image [1, H, W, C], uint8, of the content's size, and every part of the loss at each step [T].

  loss = content |F_k - P_k|^2 + style mean_k |G_k - A_k|^2 + variation |neighbours' differences|^2

  P are features of the content at the last convolution, A Gram matrices of the style at all. The image
  begins as the content; Adam on its pixels, in one scan, with pixels kept in 0 ... 255.

  Args:
    model: has convolutions over images, see `features`.
    variables: of the model.
    prepare: standardisation of raw images.
    convolution: the class of the model's convolutions.
    content_1HWC, style_1HWC: uint8 images; their sizes may differ.
    steps: of the optimizer.
    learning_rate: in units of 255.
    weights: of the parts.
    seed: of the noise that the parts are measured by.

  Raises:
    InputError: the model has no convolution, or the images are too small for it.

  Source: Gatys, Ecker & Bethge 2015, https://arxiv.org/abs/1508.06576. Departures: Adam in place of L-BFGS;
  parts relative to those of noise, so that weights fit every net; a smooth image, as in Mahendran & Vedaldi
  2014, https://arxiv.org/abs/1412.0035.
  """

  def met(x_1HWC):
    return features(model, variables, convolution, prepare(255 * x_1HWC))

  content, style = (jnp.asarray(x, jnp.float32) / 255 for x in (content_1HWC, style_1HWC))
  shapes = jax.eval_shape(met, content)
  if not shapes:
    raise InputError(f'{type(model).__name__} has no convolution over images; try a run of convnet')

  def parts(x, wanted):
    last, grams = wanted
    found = met(x)
    pairs = zip(found, grams, strict=True)
    return jnp.stack(
      [
        content_loss(found[-1], last)[0],
        sum(style_loss(f, g)[0] / (jnp.mean(g**2) + 1e-12) for f, g in pairs) / len(grams),
        total_variation(x)[0],
      ]
    )

  @jax.jit
  def run(key):
    wanted = met(content)[-1], [gram(f) for f in met(style)]
    unit = parts(jax.random.uniform(key, content.shape), wanted) + 1e-12
    factor = jnp.asarray(weights, jnp.float32) / unit
    tx = optax.adam(learning_rate)

    def step(carry, _):
      x, opt_state = carry

      def total(x):
        each = parts(x, wanted) * factor
        return jnp.sum(each), each

      grad, each = jax.grad(total, has_aux=True)(x)
      updates, opt_state = tx.update(grad, opt_state)
      return (jnp.clip(x + updates, 0, 1), opt_state), jnp.append(each, jnp.sum(each))

    (x, _), losses_TP = jax.lax.scan(step, (content, tx.init(content)), length=steps)
    return jnp.round(255 * x).astype(jnp.uint8), losses_TP

  x_1HWC, losses_TP = jax.device_get(run(jax.random.key(seed)))
  return x_1HWC, dict(zip(LOSSES, losses_TP.T, strict=True))
