"""Forecasting: quantiles of what a series will be, many steps ahead, beside naive forecasts.

Axes: B batch (windows), W steps of the past, C series, H steps ahead, Q quantiles.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn

from nn_zoo import task as contract
from nn_zoo.errors import InputError
from nn_zoo.task import Batch, Key, Mean, Metrics, Task
from nn_zoo.tasks.naive import Known, measured, naive
from nn_zoo.tasks.supervised import not_augmented, supervised, unchanged


def forecasting(
  model: nn.Module,
  tx: optax.GradientTransformation,
  *,
  season: int,
  quantiles: tuple[float, ...],
  examples: Batch,
  l1: float = 0.0,
  l2: float = 0.0,
  prepare: Callable[[jax.Array], jax.Array] = unchanged,
  augment: Callable[[Key, Batch], Batch] = not_augmented,
  descend: Callable = contract.descend,
) -> Task:
  """Learns quantiles of each of the next steps; `predict` gives them in the series' unit, as [B, H, Q].

  forecast_hq = last value + location_h + scale_h model(window)_hq
  pinball_q(e) = max(q e, (q - 1) e),   e = y - forecast_q

  The loss is the pinball loss in units of scale_h, averaged over steps and quantiles. In prediction
  the quantiles of a step are sorted, which makes no loss larger.

  Reports at evaluation pinball (in the series' unit), MASE of the median (the absolute error by that of the
  seasonal naive forecast one step ahead in training), and coverage (how often y lies between the
  lowest and the highest quantile); and the same of two forecasts that learn little, on the same windows:
  naive_ (the last value) and seasonal_ (the last season again), each with a band from the
  quantiles of its errors in training.

  Args:
    model: gives outputs [B, H Q] for windows [B, W, C].
    tx: optimizer.
    season: steps until the series repeats itself, up to W; 1 where it does not.
    quantiles: rising, 0.5 among them.
    examples: the training windows, by which all is scaled, see `measured`.
    l1, l2, prepare, augment, descend: see `supervised`.

  Raises:
    InputError: quantiles do not rise from above 0 to below 1, or lack the median; examples are no windows or
      shorter than a season; the model has not H Q outputs.

  Sources: Koenker & Bassett 1978, "Regression quantiles", https://doi.org/10.2307/1913643; Hyndman & Koehler
  2006, "Another look at measures of forecast accuracy", https://doi.org/10.1016/j.ijforecast.2006.03.001;
  Chernozhukov, Fernández-Val & Galichon 2010, "Quantile and probability curves without crossing",
  https://doi.org/10.3982/ECTA7880; for changes from the last value Zeng et al. 2023, "Are transformers
  effective for time series forecasting?", https://arxiv.org/abs/2205.13504.
  """
  known = measured(examples['inputs'], examples['targets'], season=season, quantiles=quantiles)
  forecasts = _Forecasts(known, season, quantiles)
  outputs = len(known.scale_H) * len(quantiles)
  if model.classes != outputs:
    raise InputError(
      f'model.classes={model.classes}, but {len(quantiles)} quantiles of {len(known.scale_H)} steps are to '
      f'be forecast; set --config.model.classes={outputs}'
    )
  plain = supervised(
    model,
    tx,
    forecasts.objective,
    lambda outputs_BK, batch: forecasts.figures(forecasts.changes(outputs_BK), batch),
    forecasts.final_figures,
    l1=l1,
    l2=l2,
    prepare=prepare,
    augment=augment,
    descend=descend,
  )

  def from_last(batch: Batch) -> Batch:
    return batch | {'targets': batch['targets'] - batch['inputs'][:, -1:, 0]}

  def step(state, batch: Batch, key: Key):
    return plain.step(state, from_last(batch), key)

  def evaluate(state, batch: Batch, key: Key) -> Metrics:
    return plain.evaluate(state, from_last(batch), key)

  def predict(state, inputs_BWC: jax.Array, key: Key) -> jax.Array:
    return inputs_BWC[:, -1:, :1] + forecasts.changes(plain.predict(state, inputs_BWC, key))

  return Task(plain.init, step, evaluate, predict)


class _Forecasts(NamedTuple):
  """Outputs as quantiles of changes from the last value, and how good they are."""

  known: Known
  season: int
  quantiles: tuple[float, ...]

  def _by_step(self, outputs_BK: jax.Array) -> jax.Array:
    return outputs_BK.reshape(-1, len(self.known.scale_H), len(self.quantiles))

  def objective(self, outputs_BK: jax.Array, change_BH: jax.Array) -> jax.Array:
    change_BH = (change_BH - self.known.location_H[None]) / self.known.scale_H[None]
    return jnp.mean(pinball(self._by_step(outputs_BK), change_BH, self.quantiles), axis=(1, 2))

  def changes(self, outputs_BK: jax.Array) -> jax.Array:
    location_1H1, scale_1H1 = (
      self.known.location_H[None, :, None],
      self.known.scale_H[None, :, None],
    )
    return location_1H1 + scale_1H1 * jnp.sort(self._by_step(outputs_BK), axis=-1)

  def figures(self, forecast_BHQ: jax.Array, batch: Batch, name: str = '') -> Metrics:
    y_BH, weight_B = batch['targets'], batch['weight']
    inside_BH = (y_BH >= forecast_BHQ[..., 0]) & (y_BH <= forecast_BHQ[..., -1])
    error_BH = jnp.abs(y_BH - forecast_BHQ[..., self.quantiles.index(0.5)]) / self.known.unit
    loss_B = jnp.mean(pinball(forecast_BHQ, y_BH, self.quantiles), axis=(1, 2))
    return {
      f'{name}pinball': Mean.of(loss_B, weight_B),
      f'{name}mase': Mean.of(jnp.mean(error_BH, axis=1), weight_B),
      f'{name}coverage': Mean.of(jnp.mean(inside_BH, axis=1, dtype=jnp.float32), weight_B),
    }

  def final_figures(self, outputs_BK: jax.Array, batch: Batch) -> Metrics:
    # All in changes from the last value, which errors do not see.
    last_BH, seasonal_BH = naive(batch['inputs'], len(self.known.scale_H), self.season)
    seasonal_BHQ = (seasonal_BH - last_BH)[..., None] + self.known.seasonal_HQ[None]
    naive_BHQ = jnp.broadcast_to(self.known.naive_HQ[None], seasonal_BHQ.shape)
    return {
      'loss': Mean.of(self.objective(outputs_BK, batch['targets']), batch['weight']),
      **self.figures(self.changes(outputs_BK), batch),
      **self.figures(naive_BHQ, batch, 'naive_'),
      **self.figures(seasonal_BHQ, batch, 'seasonal_'),
    }


def pinball(forecast_BHQ: jax.Array, y_BH: jax.Array, quantiles: tuple[float, ...]) -> jax.Array:
  """max(q e, (q - 1) e), e = y - forecast: smallest in the mean at the quantile q."""
  q_11Q = np.float32(quantiles)[None, None]
  error_BHQ = y_BH[..., None] - forecast_BHQ
  return jnp.maximum(q_11Q * error_BHQ, (q_11Q - 1) * error_BHQ)
