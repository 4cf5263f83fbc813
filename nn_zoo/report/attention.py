"""Where the heads of a Transformer look: a small map for each head of each layer.

Axis letters: L layers, H heads, T rows, S columns.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nn_zoo.report import figures, markup
from nn_zoo.report.markup import Section, escape
from nn_zoo.report.theme import light

MOST = 8  # layers and heads that are drawn
SIDE = 0.9  # inches of a map


class Looks(NamedTuple):
  """Where one kind of layer looks.

  name: of the kind, '' where there is one alone.
  about: what rows and columns are, a sentence.
  maps: weights [L, H, T, S] of each example.
  """

  name: str
  about: str
  maps: Sequence[np.ndarray]


def section(kinds: Sequence[Looks], captions: Sequence[str]) -> Section:
  """The section 'Heads': the first kind of look open, the others behind a line each.

  Args:
    kinds: of more than eight layers those evenly between the first and the last are drawn, and the first
      eight heads.
    captions: of the examples, markup.
  """
  first, *others = kinds
  html = '<p class="note">Down: layers, the first on top; across: heads. Dark: looked at.</p>'
  html += f'{first.name and f"<h3>{escape(first.name)}</h3>"}{_kind(first, captions)}'
  for kind in others:
    html += f'<details><summary>{escape(kind.name)}</summary>{_kind(kind, captions)}</details>'
  return Section('Heads', html)


def _kind(kind: Looks, captions: Sequence[str]) -> str:
  drawings = [
    (_drawn(weight_LHTS), caption) for weight_LHTS, caption in zip(kind.maps, captions, strict=True)
  ]
  return f'<p class="note">{kind.about}</p>{markup.drawings(drawings)}'


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
