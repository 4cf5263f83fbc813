import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.ops.diffaugment import POLICIES, colour, cutout, diffaugment, translation

KEY = jax.random.key(0)
rng = np.random.default_rng(0)
x_BHWC = np.float32(rng.uniform(-1, 1, size=(20, 16, 12, 3)))


def test_translation_moves_an_image_and_fills_with_zeros():
  moves = set()
  for before, after in zip(x_BHWC, np.asarray(translation(KEY, x_BHWC)), strict=True):
    padded = np.pad(before, ((2, 2), (2, 2), (0, 0)))
    fits = [
      (i, j)
      for i in range(5)
      for j in range(5)
      if np.allclose(after, padded[i : i + 16, j : j + 12], atol=1e-6)
    ]
    assert len(fits) == 1
    moves.add(fits[0])
  assert len(moves) > 5


def test_cutout_leaves_a_rectangle_of_zeros_of_half_a_side_at_most():
  after = np.asarray(cutout(KEY, x_BHWC))
  for image, cut in zip(x_BHWC, after, strict=True):
    gone = (cut == 0).all(axis=2)
    rows, columns = gone.any(axis=1), gone.any(axis=0)
    assert 0 < rows.sum() <= 8
    assert 0 < columns.sum() <= 6
    np.testing.assert_array_equal(gone, rows[:, None] & columns[None])
    np.testing.assert_array_equal(cut[~gone], image[~gone])


def test_colour_is_brightness_then_saturation_then_contrast():
  b, s, c = np.asarray(jax.random.uniform(KEY, (3, 20, 1, 1, 1)), np.float64)
  x = x_BHWC + b - 0.5
  x = (x - x.mean(3, keepdims=True)) * 2 * s + x.mean(3, keepdims=True)
  mean = x.mean((1, 2, 3), keepdims=True)
  np.testing.assert_allclose(colour(KEY, x_BHWC), (x - mean) * (c + 0.5) + mean, atol=1e-5)


@pytest.mark.parametrize('name', POLICIES)
def test_a_gradient_comes_back_through_every_change(name):
  grad = jax.grad(lambda x: jnp.sum(diffaugment((name,), KEY, x) ** 2))(x_BHWC)
  assert np.all(np.isfinite(grad))
  assert np.count_nonzero(grad) > grad.size / 4


def test_points_have_no_colours():
  with pytest.raises(InputError, match=r"task.diffaugment=\('colour',\): expected images"):
    diffaugment(('colour',), KEY, jnp.ones((3, 2)))
