"""What a regression did: predictions against targets, residuals.

Axis letters: N examples, D outputs.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nn_zoo.errors import InputError
from nn_zoo.report import figures, markup
from nn_zoo.report.markup import Section
from nn_zoo.report.theme import light

WORST = 12
FEATURES = 6  # numbers shown of an example


def sections(inputs: Any, targets: np.ndarray, outputs: np.ndarray) -> list[Section]:
  """The sections of a regression's report.

  Args:
    inputs: [N, ...], or sequences {'values', 'length'}, of which the first numbers are shown.
    targets: [N] or [N, D].
    outputs: the predictions, of the same size.

  Raises:
    InputError: sizes do not match, or there are no examples.
  """
  inputs = inputs['values'] if isinstance(inputs, Mapping) else inputs
  x_NK = np.asarray(inputs).reshape(len(inputs), -1)[:, :FEATURES] if len(inputs) else None
  if x_NK is None:
    raise InputError('report: no examples to show; expected at least one')
  y_ND = np.asarray(targets, float).reshape(len(x_NK), -1)
  yhat_ND = np.asarray(outputs, float).reshape(len(x_NK), -1)
  if y_ND.shape != yhat_ND.shape:
    raise InputError(f'report: outputs {yhat_ND.shape} were expected as targets {y_ND.shape}')
  return [
    Section('Predictions and residuals', _figure(y_ND.ravel(), yhat_ND.ravel())),
    Section('Worst residuals', _worst(x_NK, y_ND, yhat_ND)),
  ]


def worst(residual_ND: np.ndarray) -> np.ndarray:
  """Pairs (example, output), the largest absolute residual first; NaN counts as largest."""
  size = np.nan_to_num(np.abs(residual_ND), nan=np.inf)
  order = np.argsort(-size, axis=None, kind='stable')
  return np.stack(np.unravel_index(order, size.shape), 1)


def _figure(y_N: np.ndarray, yhat_N: np.ndarray) -> str:
  finite = np.isfinite(y_N) & np.isfinite(yhat_N)
  lost = np.count_nonzero(~finite)
  y_N, yhat_N = y_N[finite], yhat_N[finite]
  figure, (left, right) = figures.canvas(7.2, 3.2, columns=2)
  size = float(np.clip(3000 / max(len(y_N), 1), 3, 14))
  left.scatter(y_N, yhat_N, size, light('blue'), alpha=0.6, linewidths=0, rasterized=True)
  if len(y_N):
    ends = (min(y_N.min(), yhat_N.min()), max(y_N.max(), yhat_N.max()))
    left.plot(ends, ends, color=light('ink'), linewidth=1, linestyle=(0, (3, 3)))
  left.set_xlabel('target')
  left.set_ylabel('prediction')
  right.hist(yhat_N - y_N, bins=min(40, 5 + len(y_N) // 10), color=light('teal'), rwidth=0.92)
  right.locator_params(axis='x', nbins=6)
  right.axvline(0, color=light('ink'), linewidth=1, linestyle=(0, (3, 3)))
  right.set_xlabel('residual (prediction - target)')
  right.set_ylabel('examples')
  note = f'<p class="note bad">{lost:,} values are not finite.</p>' if lost else ''
  return f'{note}<figure>{figures.svg(figure, "predictions and residuals")}</figure>'


def _worst(x_NK: np.ndarray, y_ND: np.ndarray, yhat_ND: np.ndarray) -> str:
  residual_ND = yhat_ND - y_ND
  several = y_ND.shape[1] > 1
  rows = [
    (f'{n}, {d}' if several else int(n), y_ND[n, d], yhat_ND[n, d], residual_ND[n, d], *x_NK[n])
    for n, d in worst(residual_ND)[:WORST]
  ]
  features = [f'x{k}' for k in range(x_NK.shape[1])]
  head = (
    'example, output' if several else 'example',
    'target',
    'prediction',
    'residual',
    *features,
  )
  return markup.table(head, 'r' * len(head), rows)
