"""Explanations are drawn for the worst mistakes, and only where there are any."""

import base64
import io
import re
from functools import partial

import jax
import numpy as np
import pytest

from nn_zoo.data.dataset import Dataset
from nn_zoo.drawing import drawn
from nn_zoo.layers.convolution import Conv
from nn_zoo.models import create_model
from nn_zoo.report import classification, explanations
from nn_zoo.task import Learner
from nn_zoo.tasks.explain import Explanation, explain

RNG = np.random.default_rng(0)
NAMES = ['a', 'b & c', 'd']


def pictures(html):
  from matplotlib.image import imread

  uris = re.findall(r'src="data:image/png;base64,(.*?)"', html)
  return [imread(io.BytesIO(base64.b64decode(uri)), 'png')[..., :3] for uri in uris]


def answers(n, right=0):
  logits = RNG.normal(size=(n, 3))
  targets = (logits.argmax(1) + 1) % 3
  targets[:right] = logits.argmax(1)[:right]
  return targets, logits


def told(images, classes, calls):
  """An explanation whose parts can be told from one another."""
  calls.append((images, classes))
  cam = np.zeros((2, *images.shape[:3]))
  cam[0, :, 0, 0], cam[1, :, -1, -1] = 1, 1
  saliency = np.broadcast_to(np.arange(float(images[0, ..., 0].size)), (2, images.shape[0], 16))
  saliency = saliency.reshape(cam.shape)
  maps = [(f'Conv_{i}', RNG.normal(size=(4, 4, 20))) for i in range(20)]
  return Explanation('Block', cam, saliency, [*maps, ('Squeeze', np.zeros((1, 1, 3)))])


def test_the_worst_mistakes_are_asked_for_with_prediction_and_label():
  targets, logits = answers(30, right=5)
  images, calls = RNG.integers(0, 255, (30, 4, 4, 1)).astype(np.uint8), []
  first, second = explanations.sections(partial(told, calls=calls), images, targets, logits, NAMES)
  ((asked, classes),) = calls
  worst = classification.worst(targets, classification.log_softmax(logits))[:12]
  np.testing.assert_array_equal(asked, images[[*worst, 0]])
  np.testing.assert_array_equal(classes[0], logits.argmax(1)[[*worst, 0]])
  np.testing.assert_array_equal(classes[1], targets[[*worst, 0]])
  shown = pictures(first.html)
  assert len(shown) == 4 * 12
  picture, guess, label, saliency = shown[:4]
  np.testing.assert_allclose(picture[..., 0], images[worst[0], ..., 0] / 255, atol=0.003)
  assert (np.abs(guess - picture).max(-1) > 0.1).nonzero() == (np.array([0]), np.array([0]))
  assert (np.abs(label - picture).max(-1) > 0.1).nonzero() == (np.array([3]), np.array([3]))
  assert (np.diff(saliency[..., 0].ravel())[:-1] > 0).all()
  assert 'b &amp; c' in first.html
  assert len(pictures(second.html)) == 1 + 16 * 16
  assert '16 of 20 convolutions' in second.html
  assert 'Squeeze' not in second.html


def test_without_mistakes_there_are_only_feature_maps():
  targets, logits = answers(6, right=6)
  images = RNG.random((6, 4, 4, 3)).astype(np.float32)
  (only,) = explanations.sections(partial(told, calls=[]), images, targets, logits, NAMES)
  assert only.title == 'Feature maps'


def test_a_map_of_nothing_leaves_the_picture_in_grey():
  x_HWC = RNG.random((4, 4, 3))
  grey_HWC = np.broadcast_to(x_HWC.mean(-1, keepdims=True), (4, 4, 3))
  np.testing.assert_array_equal(explanations.overlay(x_HWC, np.zeros((4, 4))), grey_HWC)
  np.testing.assert_array_equal(explanations.bright(np.zeros((4, 4))), np.zeros((4, 4, 1)))


@pytest.mark.parametrize(
  ('model', 'channels', 'dtype', 'titles'),
  [
    ('convnet', 1, np.uint8, 2),
    ('convnet', 3, np.float32, 2),
    ('convnet', 2, np.float32, 0),
    ('mlp', 1, np.uint8, 0),
  ],
)
def test_a_report_has_explanations_for_pictures_and_convolutions_only(
  model, channels, dtype, titles
):
  images = RNG.integers(0, 200, (9, 8, 8, channels)).astype(dtype)
  fields = {'widths': (4,), 'normalization': 'batch'}
  net = create_model(model, classes=3, **fields)
  variables = net.init(jax.random.key(0), images.astype(np.float32))
  state = Learner(variables['params'], {'batch_stats': variables['batch_stats']}, ())
  targets, logits = answers(9)
  split = {'inputs': images, 'targets': targets}
  data = Dataset(split, split, split, tuple(NAMES))

  def none(*args, classes):
    return []

  sections = drawn(none, data, net, lambda x: x / 255, state, images, targets, logits)
  found = [section.title for section in sections]
  expected = ['Worst mistakes: Grad-CAM and saliency', 'Feature maps'][:titles]
  assert [title for title in found if title != 'First-layer filters'] == expected


def test_numbers_that_are_not_finite_are_drawn_all_the_same():
  images = np.full((2, 8, 8, 1), np.nan, np.float32)
  net = create_model('convnet', classes=3, widths=(4,))
  variables = net.init(jax.random.key(0), images)
  look = partial(explain, net, variables, lambda x: x, Conv)
  drawn = explanations.sections(look, images, np.array([0, 1]), np.full((2, 3), np.nan), NAMES)
  assert len(drawn) == 2
