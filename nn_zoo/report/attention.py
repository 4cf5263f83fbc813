"""Where the heads of a Transformer look: a small map for each head of each layer.

Axis letters: L layers, H heads, T rows, S columns.
"""

from collections.abc import Sequence

import numpy as np

from nn_zoo.report import figures, markup
from nn_zoo.report.markup import Section
from nn_zoo.report.theme import light

MOST = 8  # layers and heads that are drawn
SIDE = 0.9  # inches of a map


def section(maps: Sequence[tuple[str, np.ndarray]], about: str) -> Section:
  """The section 'Heads'.

  Args:
    maps: a caption (markup) and weights [L, H, T, S] each; of more than eight layers those evenly between
      the first and the last, and the first eight heads.
    about: what rows and columns are, a sentence.
  """
  drawings = [(_drawn(weight_LHTS), caption) for caption, weight_LHTS in maps]
  note = (
    f'<p class="note">Down: layers, the first on top; across: heads. {about} Dark: looked at.</p>'
  )
  return Section('Heads', note + markup.drawings(drawings))


def _drawn(weight_LHTS: np.ndarray) -> str:
  layers = np.unique(np.linspace(0, len(weight_LHTS) - 1, MOST).round().astype(int))
  heads = min(MOST, weight_LHTS.shape[1])
  figure, axes = figures.canvas(SIDE * heads, SIDE * len(layers), heads, rows=len(layers))
  for row, layer in enumerate(layers):
    for head in range(heads):
      axis, weight_TS = axes[row * heads + head], weight_LHTS[layer, head]
      axis.grid(visible=False)
      axis.spines[:].set(visible=True, color=light('line'))
      axis.set_xticks([])
      axis.set_yticks([])
      axis.imshow(weight_TS, cmap='Greys', vmin=0, vmax=weight_TS.max() or 1, aspect='auto')
      if head == 0:
        axis.set_ylabel(str(layer + 1))
      if row == len(layers) - 1:
        axis.set_xlabel(str(head + 1))
  return figures.svg(figure, 'attention of all heads')
