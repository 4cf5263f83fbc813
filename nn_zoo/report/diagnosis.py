"""What a diagnosis is worth: ROC and precision-recall curves, the operating point, figures with intervals.

Axis letters: N examples, C = 2 classes, T thresholds.
"""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import numpy as np

from nn_zoo.report import classification, figures, markup
from nn_zoo.report.markup import Section
from nn_zoo.report.theme import light

FIGURES = {
  'auc': 'area under ROC',
  'average_precision': 'average precision',
  'sensitivity': 'sensitivity',
  'specificity': 'specificity',
  'ppv': 'PPV (precision)',
  'npv': 'NPV',
}


def sections(
  measure: Callable[..., dict[str, Any]],
  inputs: np.ndarray,
  targets: np.ndarray,
  logits: np.ndarray,
  classes: Sequence[str],
  *,
  positive: int,
  threshold: float,
) -> list[Section]:
  """The sections of a diagnosis's report: those of a classifier, with the confusions at the operating point.

  Args:
    measure: (logits, targets, positive, threshold) -> figures, as `nn_zoo.tasks.decisions.measures` gives.
    inputs: [N, ...].
    targets: [N] integers, 0 or 1.
    logits: [N, 2].
    classes: two names.
    positive: the class that is the condition.
    threshold: probability from which an example counts as positive.
  """
  standard = classification.sections(inputs, targets, logits, classes)
  p_N = np.exp(classification.log_softmax(np.asarray(logits)))[:, positive]
  has_N = np.asarray(targets) == positive
  found = measure(logits, targets, positive=positive, threshold=threshold)
  # Those at the threshold itself count as positive, as in the figures.
  taken_N = np.where(p_N >= threshold, positive, 1 - positive)
  counts_CC = classification.confusion(np.asarray(targets), taken_N, 2)
  name = escape(str(classes[positive]))
  note = (
    f'<p class="note">The condition is <b>{name}</b>: {has_N.sum():,} of {len(has_N):,} examples have it. '
    f'From a probability of {threshold:.4f} on (the dot) an example is taken for positive. The intervals are '
    'Wilson’s, that of the area DeLong’s.</p>'
  )
  drawn = f'<figure>{_curves(has_N, p_N, found)}</figure>{_table(found)}'
  confusions = classification.matrix_and_classes(counts_CC, [str(c) for c in classes])
  return [
    Section('Diagnosis', f'{note}<div class="pair">{drawn}</div>'),
    Section('Confusion matrix at the operating point', confusions),
    standard[1]._replace(title='Worst mistakes of the likeliest class'),
    *standard[2:],
  ]


def curve(has_N: np.ndarray, p_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Hits and false alarms at falling thresholds, one for each distinct p, after the point of none."""
  order = np.argsort(-p_N, kind='stable')
  last = np.append(np.flatnonzero(np.diff(p_N[order])), len(p_N) - 1)  # of equal probabilities
  hits_T, alarms_T = (np.cumsum(is_N[order])[last] for is_N in (has_N, ~has_N))
  return np.append(0, hits_T), np.append(0, alarms_T)


def _curves(has_N: np.ndarray, p_N: np.ndarray, found: dict[str, Any]) -> str:
  hits_T, alarms_T = curve(has_N, p_N)
  with_it, without = max(has_N.sum(), 1), max((~has_N).sum(), 1)
  recall_T, precision_T = hits_T / with_it, hits_T / np.maximum(hits_T + alarms_T, 1)
  precision_T[0] = precision_T[1]  # of nothing taken for positive there is no precision
  figure, (left, right) = figures.canvas(6.2, 3.1, columns=2)
  left.plot(alarms_T / without, recall_T, color=light('blue'), linewidth=1.6)
  left.plot((0, 1), (0, 1), color=light('muted'), linewidth=1, linestyle=(0, (3, 3)))
  left.set_xlabel('1 - specificity')
  left.set_ylabel('sensitivity')
  right.plot(recall_T, precision_T, color=light('teal'), linewidth=1.6)
  right.axhline(has_N.mean(), color=light('muted'), linewidth=1, linestyle=(0, (3, 3)))
  right.set_xlabel('sensitivity (recall)')
  right.set_ylabel('PPV (precision)')
  sensitivity, specificity, ppv = (found[name] for name in ('sensitivity', 'specificity', 'ppv'))
  dot = {'color': light('red'), 'marker': 'o', 'markersize': 6, 'clip_on': False, 'zorder': 5}
  if sensitivity is not None and specificity is not None:
    left.plot([1 - specificity], [sensitivity], **dot)
  if sensitivity is not None and ppv is not None:
    right.plot([sensitivity], [ppv], **dot)
  for axis in (left, right):
    axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect='equal')
  return figures.svg(figure, 'ROC and precision-recall curves')


def _table(found: dict[str, Any]) -> str:
  rows = []
  for name, words in FIGURES.items():
    interval = found.get(f'{name}_interval')
    ends = f'{interval[0]:.3f} to {interval[1]:.3f}' if interval else markup.NONE
    value = markup.NONE if found[name] is None else f'{found[name]:.4f}'
    rows.append((words, value, ends))
  return markup.table(('figure', 'value', '95 % interval'), 'lrr', rows)
