"""Examples that are sequences, drawn as lines.

Axis letters: N examples, T time steps, C channels.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

POINTS = 120  # along a line
LINES = 12  # channels drawn
WIDTH, HEIGHT = 120, 60  # units of the drawing
COLOURS = ('blue', 'orange', 'teal', 'purple', 'ochre', 'red')


def is_sequences(inputs: Any) -> bool:
  """Whether inputs are [N, T, C] reals, or {'values', 'length'}."""
  return isinstance(inputs, Mapping) or np.ndim(inputs) == 3


def example(inputs: Any, row: int) -> np.ndarray:
  """The steps [T, C] of one sequence, without what stands after its end."""
  if isinstance(inputs, Mapping):
    return np.asarray(inputs['values'])[row, : int(np.asarray(inputs['length'])[row])]
  return np.asarray(inputs)[row]


def lines(x_TC: np.ndarray) -> str:
  """A sequence as inline SVG: a line a channel, time to the right, all channels on one scale."""
  kept = np.unique(np.linspace(0, len(x_TC) - 1, min(len(x_TC), POINTS)).round().astype(int))
  y_TC = np.asarray(x_TC, np.float64)[kept, :LINES]
  low, range_ = y_TC.min(), max(np.ptp(y_TC), 1e-12)
  y_TC = HEIGHT * (1 - (y_TC - low) / range_)
  x_T = WIDTH * kept / max(len(x_TC) - 1, 1)
  drawn = []
  for channel in range(y_TC.shape[1]):
    points = ' '.join(f'{x:.1f},{y:.1f}' for x, y in zip(x_T, y_TC[:, channel], strict=True))
    colour = COLOURS[channel % len(COLOURS)]
    drawn.append(f'<polyline points="{points}" stroke="var(--{colour})"/>')
  return (
    f'<svg viewBox="-2 -2 {WIDTH + 4} {HEIGHT + 4}" style="width:100%" fill="none" '
    f'stroke-linejoin="round" role="img">{"".join(drawn)}</svg>'
  )
