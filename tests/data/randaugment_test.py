"""RandAugment: every operation against NumPy or Pillow, and how they are drawn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from nn_zoo.data.randaugment import OPERATIONS, operate, randaugment

RANDOM = np.random.default_rng(0)
COLOUR = RANDOM.integers(0, 256, (12, 14, 3)).astype(np.uint8)
GREY = RANDOM.integers(0, 256, (12, 14, 1)).astype(np.uint8)
OPERATE = jax.jit(operate)


def operated(image, name, strength):
  place = jnp.int32(OPERATIONS.index(name))
  return np.asarray(OPERATE(jnp.asarray(image, jnp.float32), place, jnp.float32(strength)))


def batch(images):
  return {'inputs': jnp.asarray(images), 'targets': jnp.arange(len(images)), 'weight': 1.0}


@pytest.mark.parametrize('image', [COLOUR, GREY], ids=['colour', 'grey'])
@pytest.mark.parametrize('name', OPERATIONS)
def test_strength_0_changes_nothing_and_full_strength_does(image, name):
  np.testing.assert_array_equal(operated(image, name, 0.0), image)
  changed = operated(image, name, 1.0)
  assert changed.shape == image.shape
  assert changed.min() >= 0
  assert changed.max() <= 255
  nothing = name == 'identity' or (name == 'color' and image.shape[-1] == 1)
  assert np.any(changed != image) != nothing


@pytest.mark.parametrize('strength', [0.5, -0.5, 1.0, -1.0])
def test_shifts_move_by_whole_pixels_and_bring_in_zeros(strength):
  for name, axis in (('shift_y', 0), ('shift_x', 1)):
    pixels = int(np.round(np.float32(0.45 * strength) * COLOUR.shape[axis]))
    expected = np.roll(COLOUR, -pixels, axis)
    gone = slice(-pixels, None) if pixels > 0 else slice(0, -pixels)
    np.moveaxis(expected, axis, 0)[gone] = 0
    np.testing.assert_array_equal(operated(COLOUR, name, strength), expected)


def inside(function):
  """Where a map of Pillow's takes its pixels from the inside of the image, so that borders do not matter."""
  ramp = [np.broadcast_to(axis, (12, 14)) for axis in np.ogrid[1:13, 1:15]]
  found = [np.asarray(function(Image.fromarray(axis.astype(np.float32), 'F'))) for axis in ramp]
  return (found[0] > 1) & (found[0] < 12) & (found[1] > 1) & (found[1] < 14)


@pytest.mark.parametrize('strength', [1.0, 0.5, -0.3])
def test_rotation_is_pillows(strength):
  def rotate(image):
    return image.rotate(30 * strength, Image.Resampling.BILINEAR)

  expected = np.asarray(rotate(Image.fromarray(COLOUR)), np.float64)
  found = operated(COLOUR, 'rotate', strength)
  within = inside(rotate)
  assert within.sum() > 80
  # Pillow drops what is behind the point.
  difference = (found - expected)[within]
  assert difference.min() > -0.01
  assert difference.max() < 1.01


@pytest.mark.parametrize('strength', [1.0, -0.4])
@pytest.mark.parametrize('name', ['shear_x', 'shear_y'])
def test_shears_are_pillows(name, strength):
  slope, (height, width, _) = 0.3 * strength, COLOUR.shape
  matrix = {
    'shear_x': (1, slope, -slope * height / 2, 0, 1, 0),
    'shear_y': (1, 0, 0, slope, 1, -slope * width / 2),
  }[name]

  def shear(image):
    return image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)

  expected = np.asarray(shear(Image.fromarray(COLOUR)), np.float64)
  within = inside(shear)
  assert within.sum() > 80
  difference = (operated(COLOUR, name, strength) - expected)[within]
  assert difference.min() > -0.01
  assert difference.max() < 1.01


ENHANCERS = {
  'brightness': ImageEnhance.Brightness,
  'contrast': ImageEnhance.Contrast,
  'color': ImageEnhance.Color,
  'sharpness': ImageEnhance.Sharpness,
}


@pytest.mark.parametrize('strength', [1.0, 0.4, -0.4, -1.0])
@pytest.mark.parametrize('name', ENHANCERS)
def test_enhancements_are_pillows(name, strength):
  expected = np.asarray(ENHANCERS[name](Image.fromarray(COLOUR)).enhance(1 + 0.9 * strength))
  # Pillow rounds the grey or smooth image (by up to 1, times 0.9) and drops what is behind the point.
  assert np.abs(operated(COLOUR, name, strength) - expected).max() < 2


@pytest.mark.parametrize(('strength', 'bits'), [(0.25, 7), (-0.5, 6), (0.75, 5), (1.0, 4)])
def test_posterization_is_pillows(strength, bits):
  expected = np.asarray(ImageOps.posterize(Image.fromarray(COLOUR), bits))
  np.testing.assert_array_equal(operated(COLOUR, 'posterize', strength), expected)


@pytest.mark.parametrize(('strength', 'threshold'), [(0.25, 192), (-0.5, 128)])
def test_solarization_is_pillows(strength, threshold):
  expected = np.asarray(ImageOps.solarize(Image.fromarray(COLOUR), threshold))
  np.testing.assert_array_equal(operated(COLOUR, 'solarize', strength), expected)


def test_solarization_at_full_strength_is_the_negative():
  np.testing.assert_array_equal(operated(COLOUR, 'solarize', 1.0), 255 - COLOUR)


@pytest.mark.parametrize(('channels', 'dtype'), [(1, np.uint8), (3, np.float32)])
def test_the_key_decides_shape_and_type_stay_and_strength_0_changes_nothing(channels, dtype):
  images = RANDOM.integers(0, 256, (6, 9, 8, channels)).astype(dtype)
  change = jax.jit(lambda key: randaugment(key, batch(images), count=2, magnitude=9.0))
  first, again, other = (change(jax.random.key(seed))['inputs'] for seed in (0, 0, 1))
  assert first.shape == images.shape
  assert first.dtype == dtype
  np.testing.assert_array_equal(first, again)
  assert np.any(first != other)
  still = randaugment(jax.random.key(0), batch(images), count=2, magnitude=0.0)
  np.testing.assert_array_equal(still['inputs'], images)


def test_each_image_has_an_operation_of_its_own_and_all_of_them_come():
  images = np.broadcast_to(COLOUR, (300, *COLOUR.shape))
  found = jax.jit(lambda key: randaugment(key, batch(images), count=1, magnitude=10.0)['inputs'])(
    jax.random.key(0)
  )
  known = [(name, operated(COLOUR, name, sign)) for name in OPERATIONS for sign in (-1.0, 1.0)]
  names = []
  for image in np.asarray(found, np.float32):
    # Compiled together, a pixel that lies on a half to four digits may be rounded the other way.
    off = [np.abs(image - expected).max() for _, expected in known]
    assert min(off) <= 0.5 + 1e-3
    names.append(known[np.argmin(off)][0])
  assert set(names) >= set(OPERATIONS)
  assert max(names.count(name) for name in OPERATIONS) < 60
