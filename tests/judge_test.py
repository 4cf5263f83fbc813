"""The classifier that the zoo trains to judge images by."""

import numpy as np
import pytest

from nn_zoo import judge as room
from nn_zoo.judge import judge, stacked_judge

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _shorter(monkeypatch):
  monkeypatch.setattr(room, 'STEPS', 100)


def spots(label_N):
  """Images of noise with a bright spot whose row is the label."""
  x_NHWC = rng.integers(0, 60, size=(len(label_N), 4, 4, 1))
  x_NHWC[np.arange(len(label_N)), label_N] += 190
  return np.uint8(x_NHWC)


def test_a_judge_knows_its_classes_and_its_features_tell_them_apart():
  label = np.arange(600) % 3
  judged = judge(spots(label), label, 3)
  features, probability = judged(spots(label[:301]))
  assert (features.shape, probability.shape) == ((301, 64), (301, 3))
  assert np.mean(probability.argmax(axis=1) == label[:301]) > 0.99
  assert features.min() == 0
  middle = np.stack([features[label[:301] == k].mean(axis=0) for k in range(3)])
  nearest = np.linalg.norm(features[:, None] - middle[None], axis=-1).argmin(axis=1)
  assert np.mean(nearest == label[:301]) > 0.99


def test_generated_images_need_not_be_whole_numbers():
  label = np.arange(300) % 3
  x = spots(label)
  judged = judge(x, label, 3)
  np.testing.assert_array_equal(judged(x)[1], judged(np.float32(x))[1])


def test_a_stacked_judge_names_the_labels_of_all_channels():
  label_NC = rng.integers(3, size=(900, 2))
  x = np.concatenate([spots(label_N) for label_N in label_NC.T], axis=-1)
  label = label_NC @ [3, 1]
  features, probability = stacked_judge(x, label, 9)(x)
  assert (features.shape, probability.shape) == ((900, 128), (900, 9))
  np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-5)
  assert np.mean(probability.argmax(axis=1) == label) > 0.99
