"""Augmentation of raw images inside the compiled training step.

Every entry of AUGMENTATIONS is (key, batch, **fields) -> batch. Axes: B batch, H height, W width, C channels
(of images) or classes (of targets), K outputs.
"""

from collections.abc import Callable, Mapping
from functools import partial

import jax
import jax.numpy as jnp

from nn_zoo.data.erasures import cutout, erasing, outside
from nn_zoo.data.randaugment import randaugment
from nn_zoo.errors import InputError
from nn_zoo.named import check, choose
from nn_zoo.task import Batch, Key


def shift(key: Key, batch: Batch, *, pixels: int) -> Batch:
  """Moves each image by up to `pixels` up, down, left and right; what comes in is 0 (pad and crop)."""
  import dm_pix

  images_BHWC = batch['inputs']
  border = (pixels, pixels)
  padded_BHWC = jnp.pad(images_BHWC, ((0, 0), border, border, (0, 0)))
  crop = partial(dm_pix.random_crop, crop_sizes=images_BHWC.shape[1:])
  return batch | {'inputs': _each(crop, key, padded_BHWC)}


def flip(key: Key, batch: Batch, *, probability: float) -> Batch:
  """Mirrors each image left to right with the given probability."""
  import dm_pix

  mirror = partial(dm_pix.random_flip_left_right, probability=probability)
  return batch | {'inputs': _each(mirror, key, batch['inputs'])}


def crop(key: Key, batch: Batch, *, smallest: float) -> Batch:
  """Takes a random window of `smallest` to 1 times each side and enlarges it to the full image (bilinear).

  Source: Szegedy et al. 2014, "Going deeper with convolutions", https://arxiv.org/abs/1409.4842.
  Departure: the window keeps the image's aspect.
  """

  def enlarge(key, image_HWC):
    key_size, key_place = jax.random.split(key)
    side = jax.random.uniform(key_size, minval=smallest, maxval=1.0)
    size_2 = jnp.array(image_HWC.shape[:2], jnp.float32)
    corner_2 = jax.random.uniform(key_place, (2,)) * (1 - side) * size_2
    scale_2 = jnp.full((2,), 1 / side)
    return jax.image.scale_and_translate(
      image_HWC, image_HWC.shape, (0, 1), scale_2, -corner_2 / side, 'linear', antialias=False
    )

  return batch | {'inputs': _each(enlarge, key, batch['inputs'].astype(jnp.float32))}


def mixup(key: Key, batch: Batch, *, alpha: float, classes: int) -> Batch:
  """Blends each example with another of the batch: x = m x_i + (1 - m) x_j, likewise the targets.

  m ~ Beta(alpha, alpha), one a batch. Class targets become soft; `classes` = 0 means real targets.

  Source: Zhang et al. 2017, "mixup: Beyond empirical risk minimization", https://arxiv.org/abs/1710.09412.
  """
  key_share, key_order = jax.random.split(key)
  share = jax.random.beta(key_share, alpha, alpha)
  order_B = jax.random.permutation(key_order, batch['weight'].shape[0])
  inputs = _blend(batch['inputs'].astype(jnp.float32), order_B, share)
  return batch | {'inputs': inputs, 'targets': _blend(_soft(batch, classes), order_B, share)}


def cutmix(key: Key, batch: Batch, *, alpha: float, classes: int) -> Batch:
  """Replaces a window of each image by that of another of the batch; the targets by the shares of pixels.

  The window, one a batch, has sqrt(1 - m) of each side, m ~ Beta(alpha, alpha), and its centre anywhere;
  with k the share of pixels outside it, targets become k y_i + (1 - k) y_j. Class targets become soft;
  `classes` = 0 means real targets.

  Source: Yun et al. 2019, "CutMix: Regularization strategy to train strong classifiers with localizable
  features", https://arxiv.org/abs/1905.04899.
  """
  key_share, key_place, key_order = jax.random.split(key, 3)
  images_BHWC = batch['inputs']
  _, height, width, _ = images_BHWC.shape
  side = jnp.sqrt(1 - jax.random.beta(key_share, alpha, alpha))
  key_H, key_W = jax.random.split(key_place)
  outside_1H = outside(key_H, 1, height, jnp.floor(side * height).astype(jnp.int32))
  outside_1W = outside(key_W, 1, width, jnp.floor(side * width).astype(jnp.int32))
  keep_HW = outside_1H[0, :, None] | outside_1W[0, None, :]
  share = jnp.sum(keep_HW) / (height * width)
  order_B = jax.random.permutation(key_order, images_BHWC.shape[0])
  others_BHWC = jnp.take(images_BHWC, order_B, axis=0)
  inputs = jnp.where(keep_HW[None, :, :, None], images_BHWC, others_BHWC)
  return batch | {'inputs': inputs, 'targets': _blend(_soft(batch, classes), order_B, share)}


AUGMENTATIONS: dict[str, Callable[..., Batch]] = {
  'shift': shift,
  'flip': flip,
  'crop': crop,
  'randaugment': randaugment,
  'cutout': cutout,
  'erasing': erasing,
  'mixup': mixup,
  'cutmix': cutmix,
}
# What a field may be, whichever augmentation it belongs to.
_RANGES: dict[str, tuple[Callable[[float], bool], str]] = {
  'alpha': (lambda value: value > 0, 'a number above 0'),
  'count': (lambda value: value >= 1, '1 or more'),
  'largest': (lambda value: 0 < value <= 1, 'a share above 0 and up to 1'),
  'magnitude': (lambda value: 0 <= value <= 10, '0 to 10'),
  'pixels': (lambda value: value >= 1, '1 or more'),
  'probability': (lambda value: 0 <= value <= 1, '0 to 1'),
  'smallest': (lambda value: 0 < value <= 1, 'a share above 0 and up to 1'),
}


def augmentation(fields: Mapping[str, Mapping], classes: int) -> Callable[[Key, Batch], Batch]:
  """The named augmentations one after the other, in the order of AUGMENTATIONS.

  Args:
    fields: name -> its fields, such as {'shift': {'pixels': 2}}; empty for none.
    classes: of the targets; 0 for real targets.

  Raises:
    InputError: an unknown name or field, or one out of range; when it is called, inputs that do not fit.
  """
  for name in fields:
    choose(AUGMENTATIONS, name, 'augment')
  chain = []
  for name, change in AUGMENTATIONS.items():
    if name in fields:
      check(change, f'augment.{name}', name, ('classes',), 2, fields[name])
      _check_ranges(name, fields[name])
      more = {'classes': classes} if change in (mixup, cutmix) else {}
      chain.append(partial(change, **fields[name], **more))

  def augment(key: Key, batch: Batch) -> Batch:
    _check_inputs(fields, batch['inputs'])
    for index, change in enumerate(chain):
      batch = change(jax.random.fold_in(key, index), batch)
    return batch

  return augment


def _check_ranges(name, fields):
  for key, value in fields.items():
    fits, expected = _RANGES[key]
    if not fits(value):
      raise InputError(f'augment.{name}.{key}={value!r}: expected {expected}')
  if fields.get('smallest', 0) > fields.get('largest', 1):
    raise InputError(
      f'augment.{name}.smallest={fields["smallest"]!r}: expected at most largest={fields["largest"]!r}'
    )


def _check_inputs(names, inputs):
  for name in names:
    if name == 'mixup' and not isinstance(inputs, Mapping):
      continue
    shape = jax.tree.map(jnp.shape, inputs)
    if isinstance(inputs, Mapping) or len(shape) != 4:
      raise InputError(
        f'augment.{name}: expected images [batch, height, width, channels], the inputs are {shape}; '
        'take it out'
      )
    if name == 'randaugment' and inputs.dtype != jnp.uint8:
      raise InputError(
        f'augment.randaugment: expected pixels of 0 to 255 as uint8, the inputs are {inputs.dtype}'
      )


def _each(function, key, images_BHWC):
  return jax.vmap(function)(jax.random.split(key, images_BHWC.shape[0]), images_BHWC)


def _soft(batch, classes):
  targets = batch['targets']
  hard = jnp.issubdtype(targets.dtype, jnp.integer)  # of an example, or of each of its positions
  return jax.nn.one_hot(targets, classes) if classes and hard else targets


def _blend(x, order_B, share):
  return share * x + (1 - share) * jnp.take(x, order_B, axis=0)
