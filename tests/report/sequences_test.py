import numpy as np

from nn_zoo.report import classification, regression
from nn_zoo.report.sequences import LINES, POINTS, example, lines

VALUES = np.random.default_rng(0).normal(size=(4, 6, 2))
SEQUENCES = {'values': VALUES, 'length': np.array([6, 1, 3, 2])}
TARGETS, LOGITS = np.array([0, 1, 0, 1]), np.array([[0, 1], [1, 0], [1, 0], [0, 1]])


def mistakes(inputs):
  sections = classification.sections(inputs, TARGETS, LOGITS, ['up', 'down'])
  return next(section.html for section in sections if section.title == 'Worst mistakes')


def test_sequences_are_drawn_with_a_line_a_channel():
  for inputs in (SEQUENCES, VALUES):
    html = mistakes(inputs)
    assert html.count('<svg') == 2  # the two wrong ones
    assert html.count('<polyline') == 2 * 2
    assert '<b>up</b> → down' in html


def test_a_line_ends_where_its_sequence_ends():
  assert example(SEQUENCES, 2).shape == (3, 2)
  first, second = lines(example(SEQUENCES, 2)).split('<polyline')[1:]
  assert first.count(',') == second.count(',') == 3
  assert ' 120.0,' in first


def test_long_and_wide_sequences_are_thinned():
  drawn = lines(np.random.default_rng(0).normal(size=(1000, 50)))
  assert drawn.count('<polyline') == LINES
  assert drawn.count(',') == LINES * POINTS


def test_a_constant_of_one_step_is_drawn():
  assert 'nan' not in lines(np.ones((1, 1)))


def test_texts_are_quoted_and_escaped():
  html = mistakes(np.array(['good & <b>', 'bad', 'so so', 'well']))
  assert '<dd>good &amp; &lt;b&gt;</dd>' in html
  assert html.count('<dd>') == 2


def test_a_regression_on_sequences_shows_their_first_numbers():
  sections = regression.sections(SEQUENCES, TARGETS.astype(float), LOGITS[:, 0].astype(float))
  assert [section.title for section in sections] == ['Predictions and residuals', 'Worst residuals']
