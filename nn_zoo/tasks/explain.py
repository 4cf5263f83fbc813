"""Why a network says what it says about a few images: Grad-CAM, saliency and feature maps.

The model is not changed: its modules are met on the way, as `flax.linen.intercept_methods` allows.

Axes: N images, H height, W width, C channels of an image, K channels of a convolution, L classes asked for.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from nn_zoo.task import Variables

MAPS = 16  # channels of a convolution that are kept


class Explanation(NamedTuple):
  """What the images' logits come from.

  layer: path of the module whose output Grad-CAM looks at.
  cam_LNHW: Grad-CAM at the images' size, 0 and more.
  saliency_LNHW: |d logit / d pixel|, the largest of the channels.
  maps: path of each convolution, in order of use, and its first outputs [H, W, K] for the last image.
  """

  layer: str
  cam_LNHW: np.ndarray
  saliency_LNHW: np.ndarray
  maps: list[tuple[str, np.ndarray]]


def explain(
  model: nn.Module,
  variables: Variables,
  prepare: Callable[[jax.Array], jax.Array],
  convolution: type[nn.Module],
  images_NHWC: np.ndarray,
  classes_LN: np.ndarray,
) -> Explanation | None:
  """Explains the logits of classes_LN; None if the model has no convolution over images.

  alpha_k = mean_hw d logit / d A_hwk;   cam_hw = relu(sum_k alpha_k A_hwk), enlarged bilinearly

  A is what the last convolution that gives more than one pixel leads to: the output of the last module at
  its height and width, so that normalization, activation and the sum of a residual block are in it.

  Args:
    model: gives logits, called as model(inputs).
    variables: of the model.
    prepare: standardisation of raw images.
    convolution: the class of the model's convolutions.
    images_NHWC: raw images; a few, since all of them are one batch.
    classes_LN: for each image, the classes that are asked about.

  Source: Selvaraju et al. 2016, "Grad-CAM", https://arxiv.org/abs/1610.02391; Simonyan, Vedaldi & Zisserman
  2013, "Deep inside convolutional networks", https://arxiv.org/abs/1312.6034.
  """
  forward = partial(_forward, model, prepare)
  pixels, met = jnp.asarray(images_NHWC, jnp.float32), []
  _, shapes = jax.eval_shape(partial(forward, met=met), variables, pixels)
  convolutions = [i for i, (_, module) in enumerate(met) if isinstance(module, convolution)]
  if not convolutions:
    return None
  last = _last(shapes, convolutions)

  @jax.jit
  def compute(variables, pixels, classes_LN):
    def shifted(pixels, shift):
      return forward(variables, pixels, (last, shift))

    zero = jnp.zeros(shapes[last].shape, shapes[last].dtype)
    logits_NC, pull, outputs = jax.vjp(shifted, pixels, zero, has_aux=True)
    asked = jax.nn.one_hot(classes_LN, logits_NC.shape[1], dtype=logits_NC.dtype)
    pulled = [pull(one_NC) for one_NC in asked]
    cam = [grad_cam(outputs[last], gradient, pixels.shape[1:3]) for _, gradient in pulled]
    saliency = [jnp.max(jnp.abs(gradient), axis=-1) for gradient, _ in pulled]
    maps = [outputs[i][-1, :, :, :MAPS].astype(jnp.float32) for i in convolutions]
    return jnp.stack(cam), jnp.stack(saliency), maps

  cam_LNHW, saliency_LNHW, maps = jax.device_get(compute(variables, pixels, classes_LN))
  paths = [met[i][0] for i in convolutions]
  return Explanation(met[last][0], cam_LNHW, saliency_LNHW, list(zip(paths, maps, strict=True)))


def grad_cam(a_NHWK: jax.Array, gradient_NHWK: jax.Array, size: tuple[int, int]) -> jax.Array:
  """relu(sum_k alpha_k A_k) enlarged to `size` pixels; alpha_k = mean_hw gradient_hwk."""
  a_NHWK, gradient_NHWK = (x.astype(jnp.float32) for x in (a_NHWK, gradient_NHWK))
  alpha_NK = jnp.mean(gradient_NHWK, axis=(1, 2))
  cam_NHW = jax.nn.relu(jnp.einsum('nhwk,nk->nhw', a_NHWK, alpha_NK))
  return jax.image.resize(cam_NHW, (len(cam_NHW), *size), 'bilinear')


def _last(shapes: list[jax.ShapeDtypeStruct], convolutions: list[int]) -> int:
  # The convolutions of squeeze-and-excitation see one pixel: they say nothing about where.
  spread = [i for i in convolutions if max(shapes[i].shape[1:3]) > 1] or convolutions
  size = shapes[spread[-1]].shape[1:3]
  return max(i for i, x in enumerate(shapes) if i >= spread[-1] and x.shape[1:3] == size)


def _forward(model, prepare, variables, pixels, shift=(), met=None):
  # Logits, and every module's output that is a batch of images, in order of use; `shift` is the place of one
  # of them and what is added to it, `met` gets their paths and modules.
  outputs = []

  def meet(call, args, kwargs, context):
    y = call(*args, **kwargs)
    if context.method_name != '__call__' or getattr(y, 'ndim', 0) != 4:
      return y
    if shift and shift[0] == len(outputs):
      y = y + shift[1]
    outputs.append(y)
    if met is not None:
      met.append(('/'.join(context.module.path), context.module))
    return y

  with nn.intercept_methods(meet):
    logits_NC = model.apply(variables, prepare(pixels))
  return logits_NC, outputs
