"""How well anomalies are told from what is normal: areas, ROC, histograms of scores, and the worst mistakes.

Axis letters: N examples, H height, W width, C channels.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from nn_zoo.report import figures, markup
from nn_zoo.report.diagnosis import curve
from nn_zoo.report.markup import Section
from nn_zoo.report.theme import light

MISTAKES = 8  # of each kind
BINS = 60


def sections(
  measure: Callable[[np.ndarray, np.ndarray], Mapping[str, float | None]],
  inputs: np.ndarray,
  targets: np.ndarray,
  scores: np.ndarray,
  *,
  reconstruct: Callable[[np.ndarray], np.ndarray],
  baselines: Mapping[str, np.ndarray],
  drawn: np.ndarray | None = None,
  classes: Sequence[str] = ('normal', 'anomaly'),
) -> list[Section]:
  """The sections of a detector's report.

  Args:
    measure: (scores, targets) -> auroc and average_precision.
    inputs: examples [N, ...].
    targets: [N], 1 for an anomaly.
    scores: [N], higher for anomalies.
    reconstruct: rows -> what the model makes of these examples.
    baselines: name -> scores [N] of detectors to compare with.
    drawn: examples that a generator makes, if there is one.
    classes: their two names.
  """
  anomalous_N, score_N = np.asarray(targets) == 1, np.asarray(scores, np.float64)
  if not np.isfinite(score_N).all():
    note = '<p class="note bad">Some scores are not finite: nothing can be said.</p>'
    return [Section('Detection', note, warning=True)]
  rows = []
  for name, values_N in {'this network': score_N, **baselines}.items():
    found = measure(values_N, targets)
    rows.append((name, *(_share(found[key]) for key in ('auroc', 'average_precision'))))
  table = markup.table(('score', 'area under ROC', 'average precision'), 'lrr', rows)
  note = (
    f'<p class="note">{anomalous_N.sum():,} of {len(anomalous_N):,} examples are anomalies; a score that '
    f'says nothing has an area of 0.5 and an average precision of {anomalous_N.mean():.4f}. The detectors '
    'below the first have no network: they show what one is worth here.</p>'
  )
  drawing = f'<figure>{_drawn(anomalous_N, score_N, classes)}</figure>'
  result = [Section('Detection', f'{note}{table}{drawing}')]
  if inputs.ndim == 4 and inputs.shape[-1] in (1, 3):
    result.append(Section('Worst mistakes', _mistakes(inputs, anomalous_N, score_N, reconstruct)))
    if drawn is not None:
      tiles = [(figures.png(x_HWC), '') for x_HWC in _unit(drawn)]
      result.append(Section('Generated images', markup.tiles(tiles, True, 8)))
  return result


def _share(value: float | None) -> str:
  return markup.NONE if value is None else f'{value:.4f}'


def _drawn(anomalous_N, score_N, classes) -> str:
  figure, (left, right) = figures.canvas(8.2, 3.1, columns=2)
  low = max(score_N.min(), 1e-6 * max(score_N.max(), 1e-30), 1e-30)
  edges = np.geomspace(low, max(score_N.max(), 2 * low), BINS + 1)
  for is_N, name, colour in zip((~anomalous_N, anomalous_N), classes, ('blue', 'red'), strict=True):
    share = np.full(is_N.sum(), 100 / max(is_N.sum(), 1))
    clipped = np.clip(score_N[is_N], edges[0], edges[-1])
    left.hist(clipped, edges, weights=share, color=light(colour), alpha=0.55, label=name)
  left.set_xscale('log')
  left.set_xlabel('score')
  left.set_ylabel('% of the class')
  left.legend(frameon=False, fontsize=figures.SMALL)
  hits_T, alarms_T = curve(anomalous_N, score_N)
  hits_T, alarms_T = hits_T / max(hits_T[-1], 1), alarms_T / max(alarms_T[-1], 1)
  right.plot(alarms_T, hits_T, color=light('blue'), linewidth=1.6)
  right.plot((0, 1), (0, 1), color=light('muted'), linewidth=1, linestyle=(0, (3, 3)))
  right.set_xlabel('share of normal examples taken for anomalies')
  right.set_ylabel('share of anomalies found')
  right.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect='equal')
  return figures.svg(figure, 'scores and ROC curve')


def _mistakes(inputs, anomalous_N, score_N, reconstruct) -> str:
  order = np.argsort(score_N)
  normal, anomalies = order[~anomalous_N[order]][::-1], order[anomalous_N[order]]
  parts = []
  for words, row_N in (
    ('Normal examples with the highest scores', normal[:MISTAKES]),
    ('Anomalies with the lowest scores', anomalies[:MISTAKES]),
  ):
    if not len(row_N):
      continue
    before, after = (_unit(x) for x in (inputs[row_N], reconstruct(row_N)))
    white = np.ones_like(before[:, :, :1])
    both = np.concatenate([before, white, after], axis=2)
    pairs = zip(both, score_N[row_N], strict=True)
    pictures = [(figures.png(x_HWC), markup.number(score)) for x_HWC, score in pairs]
    parts.append(f'<p class="note">{words}.</p>{markup.tiles(pictures, columns=4)}')
  note = '<p class="note">Each with its reconstruction to the right, and its score below.</p>'
  return note + ''.join(parts)


def _unit(x_NHWC: np.ndarray) -> np.ndarray:
  return np.clip(np.asarray(x_NHWC, np.float64) / 255, 0, 1)
