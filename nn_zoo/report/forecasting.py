"""What a forecaster did: forecasts with their bands beside naive ones, and errors step by step.

Axis letters: N windows, W steps of the past, C series, H steps ahead, Q quantiles.
"""

from collections.abc import Sequence

import numpy as np

from nn_zoo.errors import InputError
from nn_zoo.report import figures, markup
from nn_zoo.report.markup import Section
from nn_zoo.report.theme import light

SPREAD = 4  # windows drawn from the first to the last
WORST = 2  # windows drawn because they were forecast worst
PAST = 3  # steps of the past drawn, in horizons
LINES = (('forecast', 'blue', '-'), ('naive', 'orange', '--'), ('seasonal naive', 'purple', ':'))


def sections(
  inputs: np.ndarray,
  targets: np.ndarray,
  forecasts: np.ndarray,
  *,
  quantiles: Sequence[float],
  season: int,
) -> list[Section]:
  """The sections of a forecaster's report.

  Args:
    inputs: [N, W, C]; the first series is forecast.
    targets: [N, H].
    forecasts: [N, H, Q].
    quantiles: Q levels, 0.5 among them.
    season: steps of the seasonal naive forecast.

  Raises:
    InputError: sizes do not match, or there are no windows.
  """
  shape = (*np.shape(targets), len(quantiles))
  if not len(targets) or np.shape(forecasts) != shape:
    raise InputError(
      f'report: forecasts {np.shape(forecasts)} were expected as {shape}, with one window or more'
    )
  past_NW = np.asarray(inputs, np.float64)[..., 0]
  y_NH, forecast_NHQ = np.asarray(targets, np.float64), np.asarray(forecasts, np.float64)
  steps = np.arange(y_NH.shape[1])
  points = {
    'forecast': forecast_NHQ[..., list(quantiles).index(0.5)],
    'naive': np.broadcast_to(past_NW[:, -1:], y_NH.shape),
    'seasonal naive': past_NW[:, past_NW.shape[1] - season + steps % season],
  }
  share = max(quantiles) - min(quantiles)
  return [
    Section('Forecasts', _windows(past_NW, y_NH, forecast_NHQ, points, share)),
    Section('By step ahead', _by_step(y_NH, forecast_NHQ, points, share)),
  ]


def chosen(error_N: np.ndarray) -> list[tuple[int, str]]:
  """Windows to be drawn, with a word on why: evenly spread ones, then the worst."""
  spread = np.unique(np.linspace(0, len(error_N) - 1, SPREAD).round().astype(int))
  worst = np.argsort(-np.nan_to_num(error_N, nan=np.inf), kind='stable')[:WORST]
  return [(int(n), 'window') for n in spread] + [(int(n), 'among the worst: window') for n in worst]


def _windows(past_NW, y_NH, forecast_NHQ, points, share: float) -> str:
  drawn = []
  ahead = np.arange(1, y_NH.shape[1] + 1)
  for n, why in chosen(np.abs(y_NH - points['forecast']).mean(axis=1)):
    past_W = past_NW[n, -PAST * len(ahead) :]
    figure, (axis,) = figures.canvas(4.6, 2.3)
    axis.plot(np.arange(1 - len(past_W), 1), past_W, color=light('muted'), linewidth=1.2)
    low_H, high_H = forecast_NHQ[n, :, 0], forecast_NHQ[n, :, -1]
    axis.fill_between(ahead, low_H, high_H, color=light('blue'), alpha=0.2, linewidth=0)
    axis.plot(ahead, y_NH[n], color=light('ink'), linewidth=1.4)
    for name, colour, style in LINES:
      axis.plot(ahead, points[name][n], color=light(colour), linewidth=1.3, linestyle=style)
    axis.set_xlabel('steps ahead')
    drawn.append((figures.svg(figure, f'forecast of window {n}'), f'{why} {n}'))
  pictures = ''.join(
    f'<figure>{svg}<figcaption>{caption}</figcaption></figure>' for svg, caption in drawn
  )
  note = f'The band should hold {100 * share:.3g} % of what came.'
  keys = _keys(('past', 'muted'), ('what came', 'ink'))
  return f'<p class="note">{note}</p>{keys}<div class="charts">{pictures}</div>'


def _by_step(y_NH, forecast_NHQ, points, share: float) -> str:
  ahead = np.arange(1, y_NH.shape[1] + 1)
  figure, (left, right) = figures.canvas(8.4, 2.8, columns=2)
  error = {name: np.abs(y_NH - point_NH).mean(axis=0) for name, point_NH in points.items()}
  for name, colour, style in LINES:
    left.plot(ahead, error[name], color=light(colour), linewidth=1.5, linestyle=style)
  inside_NH = (y_NH >= forecast_NHQ[..., 0]) & (y_NH <= forecast_NHQ[..., -1])
  right.plot(ahead, 100 * inside_NH.mean(axis=0), color=light('blue'), linewidth=1.5)
  right.axhline(100 * share, color=light('ink'), linewidth=1, linestyle=(0, (3, 3)))
  left.set_ylabel('mean absolute error')
  right.set_ylabel('share in the band, %')
  for axis in (left, right):
    axis.set_xlabel('steps ahead')
    axis.set_ylim(bottom=0)
  rows = [
    (name, error[name].mean(), error[name][0], error[name][-1], error[name].mean() / whole)
    for whole in [max(error['naive'].mean(), 1e-30)]
    for name, _, _ in LINES
  ]
  head = ('', 'mean absolute error', 'first step', 'last step', 'as a share of naive')
  drawing = figures.svg(figure, 'errors and coverage by step ahead')
  return f'{_keys()}<figure>{drawing}</figure>{markup.table(head, "lrrrr", rows)}'


def _keys(*more: tuple[str, str]) -> str:
  pairs = [*more, *((name, colour) for name, colour, _ in LINES)]
  items = (f'<span><i style="background:var(--{c})"></i>{name}</span>' for name, c in pairs)
  return f'<div class="keys">{"".join(items)}</div>'
