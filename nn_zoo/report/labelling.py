"""What a labeller of sequences did: its accuracy by step, and the sequences that it labelled worst.

Axis letters: N examples, T time steps, C classes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nn_zoo.errors import InputError
from nn_zoo.report import figures, markup
from nn_zoo.report.markup import Section
from nn_zoo.report.theme import light

WORST = 12
SHOWN = 40  # labels of a sequence


def sections(
  inputs: Any, targets: np.ndarray, logits: np.ndarray, classes: Sequence[str], background: int = -1
) -> list[Section]:
  """The sections of a labeller's report.

  Args:
    inputs: not shown.
    targets: [N, T] integers below C; steps below 0 are not counted.
    logits: [N, T, C].
    classes: C names.
    background: a class whose steps are not looked at; -1 for none.

  Raises:
    InputError: sizes do not match, or there are no examples.
  """
  del inputs
  if not len(targets) or np.shape(logits) != (*np.shape(targets), len(classes)):
    raise InputError(
      f'report: logits {np.shape(logits)} were expected as {(*np.shape(targets), len(classes))}, '
      'with one example or more'
    )
  label_NT, guess_NT = np.asarray(targets), np.asarray(logits).argmax(-1)
  asked_NT = (label_NT >= 0) & (label_NT != background)
  wrong_NT = asked_NT & (label_NT != guess_NT)
  return [
    Section('Accuracy by step', _by_step(asked_NT, wrong_NT)),
    Section('Worst sequences', _worst(label_NT, guess_NT, asked_NT, wrong_NT, classes)),
  ]


def _by_step(asked_NT: np.ndarray, wrong_NT: np.ndarray) -> str:
  steps = np.flatnonzero(asked_NT.any(axis=0))
  right = 1 - wrong_NT.sum(axis=0)[steps] / asked_NT.sum(axis=0)[steps]
  figure, (axis,) = figures.canvas(5.6, 2.5)
  marker = 'o' if len(steps) <= 60 else ''
  axis.plot(steps, 100 * right, color=light('blue'), linewidth=1.6, marker=marker, markersize=3.6)
  axis.set_ylim(0, 102)
  axis.set_xlabel('step')
  axis.set_ylabel('right, %')
  return f'<figure>{figures.svg(figure, "accuracy by step")}</figure>'


def _worst(label_NT, guess_NT, asked_NT, wrong_NT, classes) -> str:
  order = np.argsort(-wrong_NT.sum(axis=1), kind='stable')[:WORST]

  def spelled(label_T, asked_T):
    names = [str(classes[label]) for label in label_T[asked_T][:SHOWN]]
    return ' '.join(names) + (' ...' if asked_T.sum() > SHOWN else '')

  rows = [
    (
      int(n),
      int(wrong_NT[n].sum()),
      int(asked_NT[n].sum()),
      spelled(label_NT[n], asked_NT[n]),
      spelled(guess_NT[n], asked_NT[n]),
    )
    for n in order
  ]
  return markup.table(('example', 'wrong', 'steps', 'labels', 'predictions'), 'rrrll', rows)
