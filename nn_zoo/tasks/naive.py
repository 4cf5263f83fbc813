"""Forecasts that learn little, and what the training windows of a series say.

Axes: N windows, B batch of them, W steps of the past, C series, H steps ahead, Q quantiles.
"""

from typing import NamedTuple

import numpy as np

from nn_zoo.errors import InputError


class Known(NamedTuple):
  """What the training windows say of a series; changes are from the last value of the past.

  Args:
    location_H: mean change.
    scale_H: standard deviation of the change, 1 where there is none.
    unit: mean |y_t - y_{t - season}|, by which MASE divides.
    naive_HQ: quantiles of the errors of the naive forecast.
    seasonal_HQ: quantiles of the errors of the seasonal naive forecast.
  """

  location_H: np.ndarray
  scale_H: np.ndarray
  unit: float
  naive_HQ: np.ndarray
  seasonal_HQ: np.ndarray


def measured(
  inputs_NWC: np.ndarray,
  targets_NH: np.ndarray,
  *,
  season: int,
  quantiles: tuple[float, ...],
) -> Known:
  """Measures the training windows; `season` and `quantiles` are those of `forecasting`.

  Raises:
    InputError: inputs are no windows, or shorter than a season; quantiles are not as they should be.
  """
  if np.ndim(inputs_NWC) != 3:
    raise InputError(
      f"task.name='forecasting' takes windows [steps, series], got inputs of shape "
      f'{list(np.shape(inputs_NWC)[1:])}; try data.name series, glucose or sea_temperature'
    )
  _check(quantiles)
  if not 1 <= season <= inputs_NWC.shape[1]:
    raise InputError(
      f'task.season={season}: expected 1 to {inputs_NWC.shape[1]}, the steps of a window'
    )
  naive_NH, seasonal_NH = naive(inputs_NWC, targets_NH.shape[1], season)
  change_NH = np.float64(targets_NH) - naive_NH
  scale_H = change_NH.std(axis=0)
  unit = np.abs(targets_NH[:, 0] - inputs_NWC[:, -season, 0]).mean(dtype=np.float64)
  errors = (change_NH, np.float64(targets_NH) - seasonal_NH)
  return Known(
    change_NH.mean(axis=0).astype(np.float32),
    np.where(scale_H > 0, scale_H, 1).astype(np.float32),
    float(unit) or 1.0,
    *(np.quantile(error, quantiles, axis=0).T.astype(np.float32) for error in errors),
  )


def naive(inputs_BWC, horizon: int, season: int):
  """Two forecasts [B, H]: the last value, and that of the same place in the last season."""
  past_BW = inputs_BWC[..., 0]
  rows = past_BW.shape[1] - season + np.arange(horizon) % season
  return past_BW[:, np.full(horizon, -1)], past_BW[:, rows]


def _check(quantiles: tuple[float, ...]) -> None:
  within = all(0 < q < 1 for q in quantiles)
  if not within or list(quantiles) != sorted(set(quantiles)) or 0.5 not in quantiles:
    raise InputError(
      f'task.quantiles={tuple(quantiles)}: expected rising numbers between 0 and 1, 0.5 among them'
    )
