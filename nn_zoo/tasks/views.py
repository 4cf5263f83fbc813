"""Test-time augmentation: a prediction is the mean over an image and altered views of it.

Axes: B batch, H height, W width, C channels (of images) or classes (of probabilities), V views.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from nn_zoo.errors import InputError
from nn_zoo.named import choose
from nn_zoo.task import Key, State

Predict = Callable[[State, jax.Array, Key], jax.Array]


def flip(images_BHWC: jax.Array) -> list[jax.Array]:
  """Left to right."""
  return [images_BHWC[:, :, ::-1]]


def flip_vertical(images_BHWC: jax.Array) -> list[jax.Array]:
  """Upside down."""
  return [images_BHWC[:, ::-1]]


def shift(images_BHWC: jax.Array) -> list[jax.Array]:
  """By one pixel down, up, right and left; what comes in is 0."""
  border = (1, 1)
  padded_BHWC = jnp.pad(images_BHWC, ((0, 0), border, border, (0, 0)))
  return [
    padded_BHWC[:, :-2, 1:-1],
    padded_BHWC[:, 2:, 1:-1],
    padded_BHWC[:, 1:-1, :-2],
    padded_BHWC[:, 1:-1, 2:],
  ]


VIEWS: dict[str, Callable[[jax.Array], list[jax.Array]]] = {
  'flip': flip,
  'flip_vertical': flip_vertical,
  'shift': shift,
}


def over_views(predict: Predict, names: tuple[str, ...]) -> Predict:
  """The log of the mean probability over an image and its views, from a `predict` that gives logits.

  log p_c with p = mean_v softmax(logits of view v); softmax(log p) is p again.

  Args:
    predict: (state, images, key) -> logits_BC.
    names: in VIEWS; each adds its own views to the image itself.

  Raises:
    InputError: an unknown name; when it is called, inputs that are not images.

  Source: Krizhevsky, Sutskever & Hinton 2012, "ImageNet classification with deep convolutional neural
  networks", https://papers.nips.cc/paper/4824, which averages over crops and mirror images.
  """
  makers = [choose(VIEWS, name, 'task.views') for name in names]

  def averaged(state: State, inputs: jax.Array, key: Key) -> jax.Array:
    if inputs.ndim != 4:
      raise InputError(
        f'task.views={tuple(names)}: expected images [batch, height, width, channels], the inputs '
        f'are {inputs.shape}'
      )
    views_VBHWC = jnp.stack([inputs, *(view for make in makers for view in make(inputs))])
    # One view after the other: it needs no more memory than the image alone.
    logits_VBC = jax.lax.map(lambda images: predict(state, images, key), views_VBHWC)
    log_VBC = jax.nn.log_softmax(logits_VBC.astype(jnp.float32))
    return jax.nn.logsumexp(log_VBC, axis=0) - jnp.log(len(views_VBHWC))

  return averaged
