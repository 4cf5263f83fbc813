"""Figures of generated examples, against slow or known answers."""

import numpy as np
from scipy.linalg import sqrtm

from nn_zoo.ops.generated import (
  COMPARED,
  ROWS,
  classifier_score,
  frechet_distance,
  interpolated,
  median_distance,
  mode_figures,
  modes,
  nearest,
  neighbourhoods,
  novelty,
  reference,
)

rng = np.random.default_rng(0)


def test_modes_are_counted_by_their_good_points():
  centre = np.array([[0.0, 0], [4, 0], [0, 4], [4, 4]])
  x = np.array([[0.1, 0], [0, 0.2], [4, 0.31], [4, 0], [2, 2]])
  found = mode_figures(x, centre, 0.1)
  assert found['modes'] == 2
  assert found['good_share'] == 3 / 5
  assert found['mode_shares'] == [2 / 3, 1 / 3, 0, 0]
  expected = 2 / 3 * np.log(4 * 2 / 3) + 1 / 3 * np.log(4 / 3)
  np.testing.assert_allclose(found['mode_kl'], expected, rtol=1e-12)


def test_a_generator_that_finds_nothing_has_no_modes():
  found = mode_figures(np.full((3, 2), 9.0), np.zeros((2, 2)), 0.1)
  assert (found['modes'], found['good_share']) == (0, 0)
  one = mode_figures(np.zeros((3, 2)), np.stack([np.zeros(2), np.ones(2)]), 0.1)
  assert found['mode_kl'] == one['mode_kl'] == np.log(2)  # no better than all at one mode


def test_the_centres_and_the_deviation_come_from_the_labels():
  label = np.arange(4000) % 2
  x = np.float32(label[:, None] * 3 + 0.5 * rng.normal(size=(4000, 2)))
  centre, deviation = modes(x, label, 2)
  np.testing.assert_allclose(centre, [[0, 0], [3, 3]], atol=0.05)
  np.testing.assert_allclose(deviation, 0.5, atol=0.02)


def test_the_frechet_distance_is_that_of_the_formula():
  x, y = rng.normal(size=(50, 3)), 2 + rng.normal(size=(40, 3)) @ rng.normal(size=(3, 3))
  c_x, c_y = np.cov(x.T), np.cov(y.T)
  gap = x.mean(0) - y.mean(0)
  expected = gap @ gap + np.trace(c_x + c_y - 2 * sqrtm(c_x @ c_y).real)
  np.testing.assert_allclose(frechet_distance(reference(x), y), expected, rtol=1e-9)
  assert frechet_distance(reference(x), x) < 1e-10


def test_neighbourhoods_are_those_of_loops():
  x, y, k = rng.normal(size=(30, 2)), 0.5 + 1.5 * rng.normal(size=(25, 2)), 3

  def radius(a, point):
    return np.sort(np.linalg.norm(a - point, axis=1))[k]

  inside = np.array([[np.linalg.norm(q - p) <= radius(x, p) for p in x] for q in y])
  reached = [any(np.linalg.norm(q - p) <= radius(y, q) for q in y) for p in x]
  found = neighbourhoods(reference(x, k), y)
  assert found['precision'] == inside.any(axis=1).mean()
  assert found['recall'] == np.mean(reached)
  np.testing.assert_allclose(found['density'], inside.sum() / (k * len(y)))
  assert found['coverage'] == inside.any(axis=0).mean()


def test_a_collapsed_set_is_precise_and_covers_next_to_nothing():
  x = rng.normal(size=(ROWS + 100, 2))  # more than one block of distances
  y = x[:1] + 1e-3 * rng.normal(size=(ROWS + 50, 2))
  found = neighbourhoods(reference(x), y)
  assert found['precision'] > 0.9
  assert found['coverage'] < 0.05
  assert found['recall'] < 0.05


def test_the_classifier_score_goes_from_one_to_the_number_of_classes():
  np.testing.assert_allclose(classifier_score(np.eye(4)), 4, rtol=1e-9)
  np.testing.assert_allclose(classifier_score(np.full((5, 4), 0.25)), 1, rtol=1e-9)
  np.testing.assert_allclose(classifier_score(np.eye(4)[[1, 1]]), 1, rtol=1e-9)


def test_the_nearest_row_is_found():
  x, y = rng.normal(size=(ROWS + 3, 4)), rng.normal(size=(9, 4))
  row, distance = nearest(x, y)
  every = np.linalg.norm(x[:, None] - y[None], axis=2)
  np.testing.assert_array_equal(row, every.argmin(axis=1))
  np.testing.assert_allclose(distance, every.min(axis=1), atol=1e-7)


def test_points_far_from_the_origin_find_their_nearest_row():
  x, y = 1e6 + rng.normal(size=(7, 3)), 1e6 + rng.normal(size=(20, 3))
  every = np.linalg.norm(x[:, None] - y[None], axis=2)
  row, distance = nearest(x, y)
  np.testing.assert_array_equal(row, every.argmin(axis=1))
  np.testing.assert_array_equal(distance, np.sqrt(np.square(x - y[row]).sum(axis=1)))


def test_novelty_is_a_quotient_of_medians_and_nothing_for_copies():
  training, held, made = (rng.normal(size=(count, 3, 2)) for count in (40, 21, 30))

  def median(x):
    gap = (x[:, None] - training[None]).reshape(len(x), len(training), -1)
    return np.median(np.linalg.norm(gap, axis=2).min(axis=1))

  usual = median_distance(held, training)
  np.testing.assert_allclose(usual, median(held), rtol=1e-12)
  np.testing.assert_allclose(
    novelty(1.5 * made, training, usual), median(1.5 * made) / median(held), rtol=1e-12
  )
  assert novelty(training[::-1], training, usual) == 0


def test_the_median_of_many_is_of_as_many_evenly_spaced_ones():
  training, many = rng.normal(size=(9, 2)), rng.normal(size=(2 * COMPARED - 1, 2))
  assert median_distance(many, training) == median_distance(many[::2], training)


def test_paths_between_latents_begin_and_end_there_and_keep_their_length():
  first, last = rng.normal(size=(2, 3, 50))
  path = interpolated(first, last, 5)
  np.testing.assert_allclose(path[:, 0], first, atol=1e-9)
  np.testing.assert_allclose(path[:, -1], last, atol=1e-9)
  length = np.linalg.norm(path, axis=2)
  ends = np.linalg.norm(first, axis=1), np.linalg.norm(last, axis=1)
  assert np.all(length > 0.9 * np.minimum(*ends)[:, None])
