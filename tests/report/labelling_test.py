"""The report of a labeller: what is counted, which sequences are worst, and sizes that do not match."""

import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.report.labelling import sections

LABELS = np.array([[0, 1, 2, 1], [0, 2, -1, -1]])
CLASSES = ('blank', 'a', 'b')


def logits(guesses):
  return np.eye(3)[np.asarray(guesses)]


def test_the_worst_sequence_comes_first_and_steps_that_do_not_count_are_left_out():
  by_step, worst = sections(
    None, LABELS, logits([[1, 1, 2, 1], [2, 1, 1, 1]]), CLASSES, background=0
  )
  assert '<svg' in by_step.html
  rows = worst.html.split('<tr>')[2:]
  assert '<td>b</td><td>a</td>' in rows[0]
  assert '<td>a b a</td><td>a b a</td>' in rows[1]


def test_sizes_that_do_not_match_are_one_line():
  with pytest.raises(InputError, match=r'report: logits \(2, 3, 3\) were expected as \(2, 4, 3\)'):
    sections(None, LABELS, np.zeros((2, 3, 3)), CLASSES)
