"""Confusions are counted right and the mistakes shown are the worst."""

import base64
import io
import re

import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.report import calibration, classification

RNG = np.random.default_rng(0)


def answers(n: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
  return RNG.integers(0, classes, n), RNG.normal(size=(n, classes)).astype(np.float32)


def test_confusions_are_counted_by_label_and_prediction():
  counts = classification.confusion(np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 0, 0]), 3)
  assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [2, 0, 0]]


def test_log_probabilities_hold_for_large_logits():
  logp = classification.log_softmax(np.array([[1e4, 1e4, -1e4]], np.float32))
  np.testing.assert_allclose(logp, [[-np.log(2), -np.log(2), -2e4 - np.log(2)]])


def test_precision_recall_and_f1_are_in_the_table():
  targets = np.array([0, 0, 0, 1, 1, 2])
  logits = np.eye(3)[[0, 0, 1, 1, 1, 1]]
  html = classification.sections(np.zeros((6, 2)), targets, logits, ['x', 'y', 'z'])[0].html
  rows = re.findall(r'<tr>(<td>.*?)</tr>', html)
  cells = [re.findall(r'<td.*?>(.*?)</td>', row) for row in rows]
  assert cells == [
    ['x', '3', '1.000', '0.667', '0.800'],
    ['y', '2', '0.500', '1.000', '0.667'],
    ['z', '1', '–', '0.000', '0.000'],
  ]


def test_the_worst_are_exactly_the_wrong_ones_with_the_highest_loss():
  targets, logits = answers(200, 5)
  p = np.exp(logits.astype(float))
  p /= p.sum(1, keepdims=True)
  mistakes = [(-np.log(p[i, targets[i]]), i) for i in range(200) if p[i].argmax() != targets[i]]
  expected = [i for _, i in sorted(mistakes, reverse=True)]
  worst = classification.worst(targets, classification.log_softmax(logits))
  assert worst.tolist() == expected


def test_the_pictures_are_those_of_the_worst_mistakes_in_order():
  from matplotlib.image import imread

  targets, logits = answers(200, 5)
  images = np.repeat(np.arange(200, dtype=np.uint8), 16).reshape(200, 4, 4, 1)
  html = classification.sections(images, targets, logits, list('abcde'))[1].html
  pictures = re.findall(r'src="data:image/png;base64,(.*?)"', html)
  levels = [imread(io.BytesIO(base64.b64decode(x)), 'png')[0, 0, 0] * 255 for x in pictures]
  logp = classification.log_softmax(logits)
  worst = classification.worst(targets, logp)[:24]
  assert np.round(levels).astype(int).tolist() == worst.tolist()
  i = worst[0]
  caption = (
    f'<b>{"abcde"[targets[i]]}</b> → {"abcde"[logits[i].argmax()]} ({np.exp(logp[i].max()):.2f})'
  )
  assert html.index(caption) == min(m.start() for m in re.finditer('<b>', html))


def test_rows_of_a_table_are_shown_as_numbers():
  inputs = np.array([[1.25, 2.5], [3.75, 4.0], [5.0, 6.125]])
  html = classification.sections(inputs, np.array([0, 1, 1]), np.eye(2)[[0, 0, 1]], ['n', 'y'])
  assert '<img' not in html[1].html
  assert '3.75' in html[1].html
  assert '6.125' not in html[1].html


def test_no_mistakes_are_said_to_be_none():
  html = classification.sections(np.zeros((2, 3)), np.array([0, 1]), np.eye(2), ['n', 'y'])[1].html
  assert 'None: all 2 examples are right.' in html


@pytest.mark.parametrize(('classes', 'numbers'), [(2, True), (20, True), (21, False), (100, False)])
def test_counts_are_written_where_there_is_room(classes, numbers):
  targets = np.repeat(np.arange(classes), 7)
  logits = np.eye(classes)[targets]
  names = [f'class {c} 漢' for c in range(classes)]
  html = classification.sections(np.zeros((len(targets), 1)), targets, logits, names)[0].html
  matrix = html[html.index('<svg') : html.index('</svg>')]
  assert (len(re.findall(r'>7</text>', matrix)) == classes) == numbers
  assert all(matrix.count(f'>{name}</text>') == 2 for name in names)


def test_logits_that_are_not_finite_are_the_worst():
  logits = np.array([[0.0, 1.0], [np.nan, np.nan], [1.0, 0.0], [np.inf, np.inf]])
  sections = classification.sections(np.zeros((4, 3)), np.array([0, 1, 0, 1]), logits, ['n', 'y'])
  assert classification.worst(
    np.array([0, 1, 0, 1]), classification.log_softmax(logits)
  ).tolist() == [1, 3, 0]
  assert len(sections) == 3


def test_the_calibration_error_is_the_weighted_gap():
  p = np.array([0.95, 0.95, 0.65, 0.65])
  logp = np.log(np.stack([p, 1 - p], 1))
  bins, error = calibration.reliability(np.array([0, 1, 0, 0]), logp)
  np.testing.assert_allclose(error, 0.5 * abs(0.5 - 0.95) + 0.5 * abs(1 - 0.65))
  assert bins[:, 0].tolist() == [0, 0, 0, 0, 0, 0, 2, 0, 0, 2]


@pytest.mark.parametrize(
  ('targets', 'logits', 'names'),
  [
    (np.zeros(3, int), np.zeros((3, 2)), ['a', 'b', 'c']),
    (np.zeros(2, int), np.zeros((3, 2)), ['a', 'b']),
    (np.zeros(3, int), np.zeros(3), ['a']),
  ],
)
def test_sizes_that_do_not_match_are_refused(targets, logits, names):
  with pytest.raises(InputError, match='expected as'):
    classification.sections(np.zeros((3, 1)), targets, logits, names)


def test_no_examples_are_refused():
  with pytest.raises(InputError, match='at least one'):
    classification.sections(np.zeros((0, 1)), np.zeros(0, int), np.zeros((0, 2)), ['a', 'b'])
