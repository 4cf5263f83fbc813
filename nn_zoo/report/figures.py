"""Figures of the report: matplotlib drawings as inline SVG, arrays as PNG.

Axis letters: H height, W width, C channels.
"""

import base64
import io
import re
import warnings
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from nn_zoo.report.markup import is_share, number, quantity, spaced
from nn_zoo.report.theme import COLOURS, light, split_colours

SMALL = 8  # font size in points; a figure's points are drawn at 4/3 pixels
THIN = 150  # points that a curve keeps
LARGEST = 80  # pixels along a side of an embedded picture
ROUND = (1, 2, 2.5, 5, 10)  # digits that ticks may step by
NOTED = ('step', 'split')  # keys of a row that are no metrics


def canvas(width: float, height: float, columns: int = 1, rows: int = 1):
  """A figure and its axes, drawn plainly: no frame, pale grid lines.

  Args:
    width: inches.
    height: inches.
    columns, rows: of axes, which are given row after row.
  """
  from matplotlib.figure import Figure

  figure = Figure(figsize=(width, height), layout='constrained')
  axes = figure.subplots(rows, columns, squeeze=False).ravel()
  for axis in axes:
    axis.spines[:].set_visible(False)
    axis.tick_params(which='both', length=0, labelsize=SMALL, colors=light('muted'))
    axis.grid(axis='y', color=light('line'), linewidth=0.8)
    axis.set_axisbelow(True)
    axis.xaxis.label.set(color=light('muted'), fontsize=SMALL)
    axis.yaxis.label.set(color=light('muted'), fontsize=SMALL)
  return figure, axes


def svg(figure, title: str) -> str:
  """A figure as inline SVG in the colours of the style sheet, with text left as text."""
  import matplotlib

  file = io.StringIO()
  silent = dict.fromkeys(('Creator', 'Date', 'Format', 'Type'))
  with (
    warnings.catch_warnings(),
    matplotlib.rc_context({'svg.fonttype': 'none', 'svg.hashsalt': title}),
  ):
    # The browser has the glyphs that matplotlib's own font lacks.
    warnings.filterwarnings('ignore', 'Glyph')
    figure.savefig(file, format='svg', transparent=True, metadata=silent, dpi=200)
  body = file.getvalue()
  body = body[body.index('>', body.index('<svg')) + 1 :]
  body = re.sub(r'<g id="[^"]*"', '<g', body)
  body = re.sub(r'<style type="text/css">.*?</style>', '', body)
  for name, pair in COLOURS.items():
    body = body.replace(pair[0], f'var(--{name})')
  width, height = 72 * figure.get_size_inches()
  return (
    f'<svg viewBox="0 0 {width:g} {height:g}" style="width:{width * 4 / 3:.0f}px" '
    f'role="img" aria-label="{escape(title)}">{body}'
  )


def png(x_HWC: np.ndarray) -> str:
  """An image as a data URI; large ones are averaged down.

  Args:
    x_HWC: values in [0, 1], one or three channels.
  """
  from matplotlib.image import imsave

  n = -(-max(x_HWC.shape[:2]) // LARGEST)
  h, w = (max(side // n, 1) for side in x_HWC.shape[:2])
  if n > 1:
    blocks = x_HWC[: h * n, : w * n].reshape(h, -1, w, x_HWC.shape[1] // w, x_HWC.shape[2])
    x_HWC = blocks.mean((1, 3))
  rgb_HWC = np.broadcast_to(np.round(255 * np.clip(x_HWC, 0, 1)), (*x_HWC.shape[:2], 3))
  file = io.BytesIO()
  imsave(file, rgb_HWC.astype(np.uint8), format='png', metadata={'Software': None})
  return 'data:image/png;base64,' + base64.b64encode(file.getvalue()).decode()


def thin(steps: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, ...]:
  """Steps, means, lowest and highest values of at most `THIN` runs of neighbouring points."""
  groups = np.array_split(np.arange(len(steps)), min(len(steps), THIN))
  parts = [(steps[i[-1]], values[i].mean(), values[i].min(), values[i].max()) for i in groups]
  return tuple(map(np.array, zip(*parts, strict=True)))


def series(rows: Sequence[Mapping], metric: str) -> dict[str, np.ndarray]:
  """Points [N, 2] of step and value for every split that has the metric, in a steady order."""
  found = {}
  for row in rows:
    if metric in row:
      found.setdefault(row['split'], []).append((row['step'], row[metric]))
  order = [split for split in ('train', 'validation', 'test') if split in found]
  return {split: np.array(found[split], float) for split in dict.fromkeys([*order, *found])}


def curve(metric: str, points: Mapping[str, np.ndarray], across: str = 'step') -> str:
  """The learning curve of one metric over all splits, with its last values as the legend.

  Args:
    metric: its name.
    points: [N, 2] of each split, or of each of several runs.
    across: what the first column is.
  """
  colours = split_colours(list(points))
  kept = {split: xy[np.isfinite(xy[:, 1])] for split, xy in points.items()}
  keys, lost = [], []
  for split, xy in points.items():
    keys.append(
      f'<span><i style="background:var(--{colours[split]})"></i>'
      f'{spaced(split)} <b>{quantity(metric, xy[-1, 1])}</b></span>'
    )
    if len(kept[split]) < len(xy):
      first = xy[~np.isfinite(xy[:, 1])][0, 0]
      lost.append(f'{spaced(split)}: first value that is not finite at step {number(int(first))}')
  note = f'<p class="note bad">{"; ".join(lost)}.</p>' if lost else ''
  return (
    f'<figure><div class="keys"><h3>{spaced(metric)}</h3>{"".join(keys)}</div>'
    f'{_drawing(metric, kept, colours, across)}{note}</figure>'
  )


def _drawing(metric, points: Mapping[str, np.ndarray], colours: Mapping[str, str], across) -> str:
  from matplotlib.ticker import EngFormatter, FuncFormatter, MaxNLocator, NullFormatter

  figure, (axis,) = canvas(5.58, 2.5)
  for split, xy in points.items():
    if not len(xy):
      continue
    step, mean, low, high = thin(xy[:, 0], xy[:, 1])
    colour = light(colours[split])
    if len(xy) > len(step):
      axis.fill_between(step, low, high, color=colour, alpha=0.18, linewidth=0)
    marker = 'D' if len(step) == 1 else 'o' if len(step) <= 30 else ''
    axis.plot(step, mean, color=colour, linewidth=1.6, marker=marker, markersize=3.6)
  values = np.concatenate([xy[:, 1] for xy in points.values()])
  share = is_share(metric)
  if 'loss' in metric and len(values) and 0 < 100 * values.min() < values.max():
    axis.set_yscale('log')
    axis.yaxis.set_minor_formatter(NullFormatter())
  if share:
    axis.set_ylim(top=min(axis.get_ylim()[1], 1.01))
  axis.yaxis.set_major_formatter(
    FuncFormatter(lambda y, _: f'{100 * y:.4g} %' if share else number(y))
  )
  if axis.get_yscale() == 'linear':
    axis.yaxis.set_major_locator(MaxNLocator(5, steps=ROUND))
  axis.xaxis.set_major_locator(MaxNLocator(6, steps=ROUND, integer=across == 'step'))
  axis.xaxis.set_major_formatter(EngFormatter(sep=''))
  axis.set_xlabel(across)
  return svg(figure, f'{metric} over {across}')


def curves(rows: Sequence[Mapping]) -> str:
  """All learning curves: the loss first, then the accuracy, then the others as they came.

  A metric that no split has twice is left to the outcome.
  """
  metrics = dict.fromkeys(key for row in rows for key in row if key not in NOTED)
  order = sorted(metrics, key=lambda m: (m != 'loss', m != 'accuracy'))
  found = {metric: series(rows, metric) for metric in order}
  drawn = [curve(m, xy) for m, xy in found.items() if max(map(len, xy.values())) > 1]
  return f'<div class="charts">{"".join(drawn)}</div>' if drawn else ''


def unit(x_NHWC: np.ndarray) -> np.ndarray:
  """Images with values in [0, 1]: bytes by 255, floats outside by the range of them all."""
  if x_NHWC.dtype == np.uint8:
    return x_NHWC / 255
  x_NHWC = np.nan_to_num(x_NHWC.astype(np.float64), posinf=0, neginf=0)
  low, high = min(x_NHWC.min(), 0), max(x_NHWC.max(), 1)
  return (x_NHWC - low) / (high - low)
