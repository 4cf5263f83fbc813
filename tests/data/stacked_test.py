"""Stacked MNIST."""

import numpy as np

from nn_zoo.data import load


def test_an_image_holds_the_three_digits_that_its_class_names(data_folder, monkeypatch):
  monkeypatch.setenv('NN_ZOO_DATA', str(data_folder))
  data = load('stacked_mnist', train=50, validation=5, test=20, split_seed=1)
  digits = load('mnist', validation=0, split_seed=0)
  assert [part['inputs'].shape for part in data[:3]] == [(n, 28, 28, 3) for n in (50, 5, 20)]
  assert (len(data.classes), data.classes[70], data.stacked) == (1000, '070', True)
  for part, source in ((data.train, digits.train), (data.test, digits.test)):
    label = {x.tobytes(): str(y) for x, y in zip(source['inputs'], source['targets'], strict=True)}
    for x_HWC, target in zip(part['inputs'], part['targets'], strict=True):
      found = ''.join(label[channel.tobytes()] for channel in np.moveaxis(x_HWC, -1, 0))
      assert found == data.classes[target]


def test_the_draws_are_decided_by_the_seed(data_folder, monkeypatch):
  monkeypatch.setenv('NN_ZOO_DATA', str(data_folder))
  one, same, other = (
    load('stacked_mnist', train=9, validation=0, test=0, split_seed=seed) for seed in (0, 0, 1)
  )
  np.testing.assert_array_equal(one.train['inputs'], same.train['inputs'])
  assert np.any(one.train['targets'] != other.train['targets'])
