"""RandAugment: a few random operations of one strength on each image, inside the compiled training step.

An operation moves pixels (MOVES) or changes their values (TONES); at strength 0 all leave an image as it is.
Pixels lie in 0 ... 255.

Axes: B batch, H height, W width, C channels; R rows and S columns of an affine map.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from nn_zoo.task import Batch, Key

_BLACK, _WHITE = 0.0, 255.0
_LUMA = (0.299, 0.587, 0.114)


def rotate(strength: jax.Array, height: int, width: int) -> jax.Array:
  """Turns by up to 30 degrees about the centre, counter-clockwise for a strength above 0."""
  del height, width
  angle = strength * jnp.pi / 6
  cosine, sine = jnp.cos(angle), jnp.sin(angle)
  return _map(((cosine, sine, 0.0), (-sine, cosine, 0.0)))


def shear_x(strength: jax.Array, height: int, width: int) -> jax.Array:
  """Slants columns: each row moves by up to 0.3 of its distance from the centre."""
  del height, width
  return _map(((1.0, 0.0, 0.0), (0.3 * strength, 1.0, 0.0)))


def shear_y(strength: jax.Array, height: int, width: int) -> jax.Array:
  """Slants rows: each column moves by up to 0.3 of its distance from the centre."""
  del height, width
  return _map(((1.0, 0.3 * strength, 0.0), (0.0, 1.0, 0.0)))


def shift_x(strength: jax.Array, height: int, width: int) -> jax.Array:
  """Moves left (strength above 0) or right by up to 0.45 of the width, in whole pixels."""
  del height
  return _map(((1.0, 0.0, 0.0), (0.0, 1.0, jnp.round(0.45 * strength * width))))


def shift_y(strength: jax.Array, height: int, width: int) -> jax.Array:
  """Moves up (strength above 0) or down by up to 0.45 of the height, in whole pixels."""
  del width
  return _map(((1.0, 0.0, jnp.round(0.45 * strength * height)), (0.0, 1.0, 0.0)))


def identity(image_HWC: jax.Array, strength: jax.Array) -> jax.Array:
  """The image as it is."""
  del strength
  return image_HWC


def brightness(image_HWC: jax.Array, strength: jax.Array) -> jax.Array:
  """Blends with black: x ← (1 + 0.9 s) x."""
  return _enhance(image_HWC, jnp.zeros_like(image_HWC), strength)


def contrast(image_HWC: jax.Array, strength: jax.Array) -> jax.Array:
  """Blends with the mean of the grey image: x ← (1 + 0.9 s) x - 0.9 s mean."""
  return _enhance(image_HWC, jnp.full_like(image_HWC, jnp.mean(_grey(image_HWC))), strength)


def color(image_HWC: jax.Array, strength: jax.Array) -> jax.Array:
  """Blends with the grey image: x ← (1 + 0.9 s) x - 0.9 s grey; nothing for one channel."""
  return _enhance(image_HWC, jnp.broadcast_to(_grey(image_HWC), image_HWC.shape), strength)


def sharpness(image_HWC: jax.Array, strength: jax.Array) -> jax.Array:
  """Blends with the image smoothed by [1 1 1; 1 5 1; 1 1 1] / 13, all but the border."""
  height, width, _ = image_HWC.shape
  around_HWC = sum(
    image_HWC[i : height - 2 + i, j : width - 2 + j] for i in range(3) for j in range(3)
  )
  smooth_HWC = (around_HWC + 4 * image_HWC[1:-1, 1:-1]) / 13
  return _enhance(image_HWC, image_HWC.at[1:-1, 1:-1].set(smooth_HWC), strength)


def posterize(image_HWC: jax.Array, strength: jax.Array) -> jax.Array:
  """Keeps the highest 8 - 4 |s| bits of each pixel."""
  # Not exp2, which need not give a whole number.
  step = jnp.left_shift(1, jnp.round(4 * jnp.abs(strength)).astype(jnp.int32))
  return jnp.where(step > 1, jnp.floor(image_HWC / step) * step, image_HWC)


def solarize(image_HWC: jax.Array, strength: jax.Array) -> jax.Array:
  """Inverts pixels of 256 (1 - |s|) and above: the negative at full strength."""
  return jnp.where(image_HWC < 256 * (1 - jnp.abs(strength)), image_HWC, _WHITE - image_HWC)


MOVES: dict[str, Callable] = {
  'rotate': rotate,
  'shear_x': shear_x,
  'shear_y': shear_y,
  'shift_x': shift_x,
  'shift_y': shift_y,
}
TONES: dict[str, Callable] = {
  'identity': identity,
  'brightness': brightness,
  'contrast': contrast,
  'color': color,
  'sharpness': sharpness,
  'posterize': posterize,
  'solarize': solarize,
}
OPERATIONS = (*MOVES, *TONES)


def randaugment(key: Key, batch: Batch, *, count: int, magnitude: float) -> Batch:
  """Changes each image by `count` random operations of strength `magnitude` / 10.

  Args:
    key: of the operations, drawn for each image, and of their directions.
    batch: inputs_BHWC in 0 ... 255, of one channel or three.
    count: operations on an image, one after the other; one may come twice.
    magnitude: 0 (nothing changes) to 10.

  Source: Cubuk, Zoph, Shlens & Le 2019, "RandAugment: Practical automated data augmentation with a reduced
  search space", https://arxiv.org/abs/1909.13719; ranges of Cubuk et al. 2018, https://arxiv.org/abs/1805.09501.
  Departures: no autocontrast and no equalization, which have no strength; bilinear, what comes in is 0.
  """
  images_BHWC = batch['inputs']

  def change(key, image_HWC):
    key_operation, key_sign = jax.random.split(key)
    operations = jax.random.randint(key_operation, (count,), 0, len(OPERATIONS))
    signs = jax.random.rademacher(key_sign, (count,), jnp.float32)
    for index in range(count):
      image_HWC = operate(image_HWC, operations[index], signs[index] * magnitude / 10)
    return image_HWC

  keys_B = jax.random.split(key, images_BHWC.shape[0])
  changed_BHWC = jax.vmap(change)(keys_B, images_BHWC.astype(jnp.float32))
  if jnp.issubdtype(images_BHWC.dtype, jnp.integer):
    changed_BHWC = jnp.round(changed_BHWC)
  return batch | {'inputs': changed_BHWC.astype(images_BHWC.dtype)}


def operate(image_HWC: jax.Array, operation: jax.Array, strength: jax.Array) -> jax.Array:
  """One operation on one image.

  All moves share one resampling, since under vmap every branch of a switch is computed for every image.

  Args:
    image_HWC: floats in 0 ... 255.
    operation: place in OPERATIONS.
    strength: -1 to 1; the sign is the direction where there is one.
  """
  height, width, _ = image_HWC.shape
  moves = [*MOVES.values(), lambda strength, height, width: _map(((1.0, 0, 0), (0, 1.0, 0)))]
  branches = [lambda s, move=move: move(s, height, width) for move in moves]
  matrix_RS = jax.lax.switch(jnp.minimum(operation, len(MOVES)), branches, strength)
  image_HWC = _resample(image_HWC, matrix_RS)
  tone = jnp.maximum(operation - len(MOVES), 0)  # of a move: identity, the first
  return jax.lax.switch(tone, list(TONES.values()), image_HWC, strength)


def _map(rows) -> jax.Array:
  # From a pixel's (y, x) about the centre, and 1, to where in the source it comes from.
  return jnp.stack([jnp.stack([jnp.asarray(x, jnp.float32) for x in row]) for row in rows])


def _resample(image_HWC, matrix_RS):
  # Not dm_pix.affine_transform: it multiplies matrices, on a TPU in bfloat16, and blends channels too.
  height, width, _ = image_HWC.shape
  centre_y, centre_x = (height - 1) / 2, (width - 1) / 2
  y_HW, x_HW = jnp.meshgrid(
    jnp.arange(height) - centre_y, jnp.arange(width) - centre_x, indexing='ij'
  )
  (a, b, up), (c, d, left) = matrix_RS
  places = [a * y_HW + b * x_HW + up + centre_y, c * y_HW + d * x_HW + left + centre_x]

  def channel(image_HW):
    return jax.scipy.ndimage.map_coordinates(image_HW, places, order=1, cval=_BLACK)

  return jax.vmap(channel, in_axes=-1, out_axes=-1)(image_HWC)


def _grey(image_HWC):
  channels = image_HWC.shape[-1]
  share_C = jnp.array(_LUMA) if channels == 3 else jnp.full((channels,), 1 / channels)
  return jnp.sum(image_HWC * share_C[None, None, :], axis=-1, keepdims=True)


def _enhance(image_HWC, plain_HWC, strength):
  # Written so that a factor of exactly 1 gives the image back bit for bit.
  factor = 1 + 0.9 * strength
  blended_HWC = factor * image_HWC + (1 - factor) * plain_HWC
  return jnp.clip(blended_HWC, _BLACK, _WHITE)
