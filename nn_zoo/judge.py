"""A classifier that the zoo trains for itself, by which generated images are judged.

Axes: N images, H height, W width, C channels, D features, K classes.
"""

from collections.abc import Callable

import jax
import numpy as np

from nn_zoo.data.preprocess import preparation
from nn_zoo.data.stream import InOrder, Shuffled
from nn_zoo.models.convnet import ConvNet
from nn_zoo.tasks.classification import classification
from nn_zoo.train.loop import fit
from nn_zoo.train.optimizer import optimizer
from nn_zoo.train.record import Record

STEPS, BATCH, AT_ONCE = 2500, 128, 500


Judge = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def judge(x_NHWC: np.ndarray, label_N: np.ndarray, classes: int) -> Judge:
  """Trains a `ConvNet` of 16 and 32 channels; its 64 hidden units are the features.

  2500 steps of 128 images with Adam and a cosine schedule, decided by the data alone. Features are in units
  that fit no other data or judge.

  Args:
    x_NHWC: training images, 4x4 pixels or more.
    label_N: their classes.
    classes: how many.

  Returns:
    images [N, H, W, C] -> features [N, D] and probabilities [N, K].
  """
  model = ConvNet(classes, widths=(16, 32), hidden=64)
  tx = optimizer('adam', 2e-3, schedule={'name': 'cosine'}, steps=STEPS)
  prepare = preparation(x_NHWC)
  task = classification(model, tx, prepare=prepare)
  arrays = {'inputs': x_NHWC, 'targets': label_N}
  train = Shuffled(arrays, min(BATCH, len(x_NHWC)))
  learner = fit(task, train, steps=STEPS, record=Record(show=False))
  variables = {'params': learner.params, **learner.stats}

  @jax.jit
  def features_and_probabilities(x_NHWC):
    logits_NK, seen = model.apply(
      variables,
      prepare(x_NHWC),
      capture_intermediates=lambda module, _: module.name == 'Dense_0',
    )
    hidden_ND = jax.nn.relu(seen['intermediates']['Dense_0']['__call__'][0])
    return hidden_ND, jax.nn.softmax(logits_NK)

  def judged(x_NHWC):
    stream = InOrder({'inputs': x_NHWC}, AT_ONCE)
    parts = [features_and_probabilities(stream[index]['inputs']) for index in range(len(stream))]
    return tuple(np.concatenate(part)[: len(x_NHWC)] for part in zip(*parts, strict=True))

  return judged


def stacked_judge(x_NHWC: np.ndarray, label_N: np.ndarray, classes: int) -> Judge:
  """A `judge` of single channels, for images whose class is a tuple of labels, one a channel.

  Features are those of all channels, and p(class) = p(label of channel 0) p(label of channel 1) ...

  Args: as of `judge`; label_N counts tuples in order, the last channel's label being the ones.
  """
  channels = x_NHWC.shape[-1]
  labels = round(classes ** (1 / channels))
  place_C = labels ** np.arange(channels)[::-1]
  label_NC = label_N[:, None] // place_C[None] % labels
  single = judge(np.concatenate(_channels(x_NHWC)), np.concatenate(label_NC.T), labels)

  def judged(x_NHWC):
    feature_C, probability_C = zip(*map(single, _channels(x_NHWC)), strict=True)
    joint_NK = np.ones((len(x_NHWC), 1), np.float32)
    for p_NL in probability_C:
      joint_NK = (joint_NK[:, :, None] * p_NL[:, None]).reshape(len(x_NHWC), -1)
    return np.concatenate(feature_C, axis=1), joint_NK

  return judged


def _channels(x_NHWC):
  return [x_NHWC[..., channel, None] for channel in range(x_NHWC.shape[-1])]
