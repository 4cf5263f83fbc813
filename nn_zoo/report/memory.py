"""How far back the loss of a recurrent network reaches: the norm of its gradient in every step's state.

Axis letters: T time steps.
"""

from collections.abc import Mapping

import numpy as np

from nn_zoo.report import figures, markup
from nn_zoo.report.markup import Section
from nn_zoo.report.theme import light

COLOURS = {'rnn': 'orange', 'lstm': 'teal', 'gru': 'blue'}
LEAST = 1e-12  # of what is drawn, as a share of the largest


def section(norms: Mapping[str, Mapping[str, Mapping[str, np.ndarray]]]) -> Section:
  """The curves of every kind of cell, a plot for each time of looking, and how fast they fall.

  Args:
    norms: when -> kind of cell -> 'h', and 'c' of an LSTM -> |d loss / d state| at each step [T].
  """
  largest = max(float(np.nan_to_num(norm_T).max()) for _, _, norm_T in _each(norms)) or 1.0
  figure, axes = figures.canvas(4.4 * len(norms), 2.9, columns=len(norms))
  for axis, (when, cells) in zip(axes, norms.items(), strict=True):
    for cell, parts in cells.items():
      for part, norm_T in parts.items():
        style = '-' if part == 'h' else '--'
        seen_T = np.where(norm_T > LEAST * largest, norm_T, np.nan)
        axis.plot(seen_T, color=light(COLOURS[cell]), linewidth=1.5, linestyle=style)
    axis.set_yscale('log')
    axis.set_ylim(LEAST * largest, 3 * largest)
    axis.set_xlabel(f'step, {when}')
  note = (
    '<p class="note">The norm of d loss / d h<sub>t</sub>, dashed that of d loss / d c<sub>t</sub>, the mean '
    'over some examples; what lies further below is left out. Where it falls to the left by the same factor '
    'a step, the gradient vanishes, and nothing that far back can be learnt from.</p>'
  )
  drawing = figures.svg(figure, 'gradient in the states')
  return Section(
    'Gradient over time', f'{note}{_keys(norms)}<figure>{drawing}</figure>{_table(norms)}'
  )


def factor(norm_T: np.ndarray) -> float:
  """The factor by which a norm changes with each step back: the geometric mean where it is above 0."""
  above = np.flatnonzero(norm_T > 0)
  if len(above) < 2:
    return float('nan')
  first, last = above[0], above[-1]
  return float((norm_T[first] / norm_T[last]) ** (1 / (last - first)))


def _each(norms):
  for when, cells in norms.items():
    for cell, parts in cells.items():
      for part, norm_T in parts.items():
        yield f'{cell}, {part}, {when}', part, np.asarray(norm_T, np.float64)


def _table(norms) -> str:
  rows = [
    (name, norm_T[0], norm_T[len(norm_T) // 2], norm_T[-1], factor(norm_T))
    for name, _, norm_T in _each(norms)
  ]
  head = ('state', 'first step', 'in the middle', 'last step', 'factor a step back')
  return markup.table(head, 'lrrrr', rows)


def _keys(norms) -> str:
  cells = dict.fromkeys(cell for kinds in norms.values() for cell in kinds)
  items = (f'<span><i style="background:var(--{COLOURS[c]})"></i>{c}</span>' for c in cells)
  return f'<div class="keys">{"".join(items)}</div>'
