"""Losses of neural style, against NumPy in float64."""

import jax.numpy as jnp
import numpy as np

from nn_zoo.ops.style import content_loss, gram, style_loss, total_variation

RANDOM = np.random.default_rng(0)
F = RANDOM.normal(size=(2, 3, 4, 5)).astype(np.float32)
P = RANDOM.normal(size=(2, 3, 4, 5)).astype(np.float32)


def test_the_gram_matrix_is_the_mean_of_products_over_places():
  expected = np.zeros((2, 5, 5))
  for n, h, w in np.ndindex(2, 3, 4):
    expected[n] += np.outer(F[n, h, w], F[n, h, w]) / 12
  np.testing.assert_allclose(gram(jnp.asarray(F)), expected, rtol=1e-5, atol=1e-6)


def test_the_gram_matrix_does_not_say_where():
  moved = np.roll(F, (1, 2), axis=(1, 2))
  np.testing.assert_allclose(gram(jnp.asarray(moved)), gram(jnp.asarray(F)), rtol=1e-5, atol=1e-6)


def test_losses_are_mean_squares_and_zero_for_the_same_image():
  f, p = jnp.asarray(F), jnp.asarray(P)
  np.testing.assert_allclose(content_loss(f, p), ((F - P) ** 2).mean((1, 2, 3)), rtol=1e-5)
  grams = [np.einsum('nhwc,nhwd->ncd', x, x, dtype=np.float64) / 12 for x in (F, P)]
  expected = ((grams[0] - grams[1]) ** 2).mean((1, 2))
  np.testing.assert_allclose(style_loss(f, gram(p)), expected, rtol=1e-4)
  assert not content_loss(f, f).any()
  assert not style_loss(f, gram(f)).any()


def test_total_variation_is_that_of_neighbours_down_and_across():
  expected = (np.diff(F, axis=1) ** 2).mean((1, 2, 3)) + (np.diff(F, axis=2) ** 2).mean((1, 2, 3))
  np.testing.assert_allclose(total_variation(jnp.asarray(F)), expected, rtol=1e-5)
  assert not total_variation(jnp.ones((1, 3, 3, 1))).any()
