"""What a classifier did: confusions, classes, worst mistakes, calibration.

Axis letters: N examples, C classes (of an image: channels), H height, W width.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from nn_zoo.errors import InputError
from nn_zoo.report import calibration, figures, markup, sequences
from nn_zoo.report.markup import Section
from nn_zoo.report.theme import light

WRITTEN = 20  # up to so many classes counts are written into the cells
NAMED = 100  # up to so many classes every row and column is named
WORST = 24
FEATURES = 6  # numbers shown of an example that is no picture
WHITE = '#fefefe'  # on full cells, whose colour is the same on light and dark


def sections(
  inputs: Any, targets: np.ndarray, logits: np.ndarray, classes: Sequence[str]
) -> list[Section]:
  """The sections of a classifier's report.

  Args:
    inputs: [N, H, W, 1 or 3] are shown as pictures, sequences [N, T, C] or {'values', 'length'} as lines,
      N strings as text, anything else [N, ...] as numbers.
    targets: [N] integers in [0, C).
    logits: [N, C].
    classes: C names.

  Raises:
    InputError: sizes do not match, or there are no examples.
  """
  targets_N, logits_NC = np.asarray(targets), np.asarray(logits)
  n = len(inputs['values'] if isinstance(inputs, Mapping) else inputs)
  if not n:
    raise InputError('report: no examples to show; expected at least one')
  if logits_NC.shape != (n, len(classes)) or targets_N.shape != (n,):
    raise InputError(
      f'report: logits {logits_NC.shape} and targets {targets_N.shape} '
      f'were expected as ({n}, {len(classes)}) and ({n},)'
    )
  names = [str(name) for name in classes]
  logp_NC = log_softmax(logits_NC)
  counts_CC = confusion(targets_N, logp_NC.argmax(1), len(names))
  return [
    Section('Confusion matrix', matrix_and_classes(counts_CC, names)),
    Section('Worst mistakes', _mistakes(inputs, targets_N, logp_NC, names)),
    calibration.section(targets_N, logp_NC),
  ]


def log_softmax(logits_NC: np.ndarray) -> np.ndarray:
  """Log probabilities in nats; a row with values that are not finite becomes NaN."""
  with np.errstate(invalid='ignore'):
    z_NC = logits_NC.astype(np.float64)
    z_NC = z_NC - z_NC.max(1, keepdims=True)
    return z_NC - np.log(np.exp(z_NC).sum(1, keepdims=True))


def confusion(labels_N: np.ndarray, predictions_N: np.ndarray, classes: int) -> np.ndarray:
  """Counts by label (row) and prediction (column)."""
  counts_CC = np.zeros((classes, classes), int)
  np.add.at(counts_CC, (labels_N, predictions_N), 1)
  return counts_CC


def worst(targets_N: np.ndarray, logp_NC: np.ndarray) -> np.ndarray:
  """Indices of the wrong examples, the highest loss first; NaN counts as highest."""
  loss_N = -logp_NC[np.arange(len(targets_N)), targets_N]
  wrong = np.flatnonzero(logp_NC.argmax(1) != targets_N)
  return wrong[np.argsort(-np.nan_to_num(loss_N[wrong], nan=np.inf), kind='stable')]


def matrix_and_classes(counts_CC: np.ndarray, names: Sequence[str]) -> str:
  """The confusion matrix drawn, and precision, recall and F1 by class."""
  support, predicted, right = counts_CC.sum(1), counts_CC.sum(0), np.diag(counts_CC)
  rows = (
    (name, s, _ratio(r, p), _ratio(r, s), _ratio(2 * r, s + p))
    for name, s, p, r in zip(names, support, predicted, right, strict=True)
  )
  table = markup.table(('class', 'examples', 'precision', 'recall', 'F1'), 'lrrrr', rows)
  errors_CC = counts_CC - np.diag(right)
  order = np.argsort(-errors_CC, axis=None, kind='stable')[:5]
  pairs = [
    f'{escape(names[i])} → {escape(names[j])} ({errors_CC[i, j]:,})'
    for i, j in zip(*np.unravel_index(order, errors_CC.shape), strict=True)
    if errors_CC[i, j]
  ]
  often = f' Most often confused: {", ".join(pairs)}.' if pairs else ''
  return (
    '<p class="note">Rows are labels, columns predictions. Colour is the share of the row, on a '
    f'square-root scale; mistakes are red.{often}</p>'
    f'<div class="pair"><figure>{_matrix(counts_CC, names)}</figure>'
    f'{table}</div>'
  )


def _ratio(part: int, whole: int) -> str:
  return f'{part / whole:.3f}' if whole else markup.NONE


def _matrix(counts_CC: np.ndarray, names: list[str]) -> str:
  from matplotlib.colors import to_rgb

  n = len(names)
  depth_CC = np.sqrt(counts_CC / np.maximum(counts_CC.sum(1, keepdims=True), 1))
  rgba = np.empty((n, n, 4))
  rgba[..., :3] = to_rgb(light('red'))
  rgba[np.arange(n), np.arange(n), :3] = to_rgb(light('blue'))
  rgba[..., 3] = depth_CC
  side = float(np.clip(0.9 + 0.37 * n, 2.2, 5.0 if n <= WRITTEN else 10.5))
  size = float(np.clip(56 * side / n, 5, figures.SMALL))
  figure, (axis,) = figures.canvas(side, side)
  axis.grid(False)
  axis.spines[:].set(visible=True, color=light('line'))
  axis.imshow(rgba, interpolation='none')
  axis.set_xlabel('prediction')
  axis.set_ylabel('label')
  if n <= NAMED:
    short = [name if len(name) <= 16 else name[:15] + '…' for name in names]
    upright = 90 if max(map(len, short)) > (3 if n <= WRITTEN else 1) else 0
    axis.set_xticks(range(n), short, rotation=upright, fontsize=size, parse_math=False)
    axis.set_yticks(range(n), short, fontsize=size, parse_math=False)
  if n <= WRITTEN:
    for (i, j), count in np.ndenumerate(counts_CC):
      if count:
        colour = WHITE if depth_CC[i, j] > 0.6 else light('ink')
        axis.text(j, i, f'{count}', ha='center', va='center', fontsize=size, color=colour)
  return figures.svg(figure, 'confusion matrix')


def _mistakes(inputs: Any, targets_N: np.ndarray, logp_NC: np.ndarray, names: list[str]) -> str:
  wrong = worst(targets_N, logp_NC)
  if not len(wrong):
    return f'<p class="note">None: all {len(targets_N):,} examples are right.</p>'
  shown = wrong[:WORST]
  guess, p = logp_NC[shown].argmax(1), np.exp(logp_NC[shown].max(1))
  note = (
    f'<p class="note">{len(wrong):,} of {len(targets_N):,} examples are wrong; these have the '
    'highest loss. Label → prediction (its probability).</p>'
  )
  captions = [
    f'<b>{escape(names[targets_N[i]])}</b> → {escape(names[g])} ({q:.2f})'
    for i, g, q in zip(shown, guess, p, strict=True)
  ]
  if sequences.is_sequences(inputs):
    drawn = [sequences.lines(sequences.example(inputs, i)) for i in shown]
    return note + markup.drawings(list(zip(drawn, captions, strict=True)), tiled=True)
  inputs_N = np.asarray(inputs)
  if inputs_N.dtype.kind == 'U':
    return note + markup.quotations(list(zip(inputs_N[shown], captions, strict=True)))
  if inputs_N.ndim == 4 and inputs_N.shape[-1] in (1, 3):
    images = figures.unit(inputs_N[shown])
    return note + markup.tiles(list(zip(map(figures.png, images), captions, strict=True)))
  x_NK = inputs_N.reshape(len(inputs_N), -1)[:, :FEATURES]
  rows = [
    (int(i), names[targets_N[i]], names[g], f'{q:.2f}', -logp_NC[i, targets_N[i]], *x_NK[i])
    for i, g, q in zip(shown, guess, p, strict=True)
  ]
  features = [f'x{k}' for k in range(x_NK.shape[1])]
  head = ('example', 'label', 'prediction', 'probability', 'loss', *features)
  return note + markup.table(head, 'rllrr' + 'r' * len(features), rows)
