import numpy as np
import pytest

from nn_zoo.data import load
from nn_zoo.data.latents import from_latents, with_noise
from nn_zoo.errors import InputError

SIZES = {'train': 2000, 'validation': 40, 'test': 80, 'split_seed': 3}


@pytest.mark.parametrize('name', ['gaussians_ring', 'gaussians_grid'])
def test_points_lie_about_their_modes(name):
  data = load(name, **SIZES, deviation=0.1)
  assert [len(part['inputs']) for part in (data.train, data.validation, data.test)] == [
    2000,
    40,
    80,
  ]
  x, label = data.train['inputs'], data.train['targets']
  assert (x.dtype, label.dtype) == (np.float32, np.int32)
  counts = np.bincount(label)
  assert len(counts) == len(data.classes)
  assert np.ptp(counts) <= 1
  centre = np.stack([x[label == mode].mean(axis=0) for mode in range(len(counts))])
  expected = {
    'gaussians_ring': lambda: (
      2 * np.stack([f(np.arange(8) * np.pi / 4) for f in (np.cos, np.sin)], 1)
    ),
    'gaussians_grid': lambda: np.array([(x, y) for y in range(-4, 5, 2) for x in range(-4, 5, 2)]),
  }[name]()
  np.testing.assert_allclose(centre, expected, atol=0.06)
  np.testing.assert_allclose(np.std(x - centre[label]), 0.1, rtol=0.05)


def test_points_are_decided_by_the_seed():
  one, same = (load('gaussians_ring', **SIZES) for _ in range(2))
  other = load('gaussians_ring', **{**SIZES, 'split_seed': 4})
  np.testing.assert_array_equal(one.test['inputs'], same.test['inputs'])
  assert np.any(one.test['inputs'] != other.test['inputs'])


@pytest.mark.parametrize(
  ('fields', 'line'),
  [
    ({'deviation': 0.0}, 'data.deviation=0.0: expected a number above 0'),
    ({'modes': 1}, 'data.modes=1: expected at least 2'),
    ({'train': 3}, 'data.train=3: expected at least 8'),
    ({'split_seed': -1}, 'data.split_seed=-1: expected at least 0'),
  ],
)
def test_what_cannot_be_drawn_is_said(fields, line):
  with pytest.raises(InputError, match=line):
    load('gaussians_ring', **{**SIZES, **fields})


def test_examples_become_targets_with_latents_and_labels_beside_them():
  data = load('gaussians_ring', **SIZES)
  turned = from_latents(data, 5, seed=0)
  np.testing.assert_array_equal(turned.test['targets'], data.test['inputs'])
  np.testing.assert_array_equal(turned.test['inputs']['label'], data.test['targets'])
  latent = turned.train['inputs']['latent']
  assert (latent.shape, latent.dtype) == ((2000, 5), np.float32)
  assert np.all(latent[:40] != turned.validation['inputs']['latent'])
  assert 'label' not in from_latents(data._replace(classes=()), 5, 0).test['inputs']


def test_noise_stands_beside_the_examples():
  data = load('gaussians_ring', **SIZES)
  noisy = with_noise(data, 3, seed=0)
  assert noisy.test['noise'].shape == (80, 3)
  assert noisy.test['inputs'] is data.test['inputs']
