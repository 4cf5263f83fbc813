import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nn_zoo.data.stream import InOrder, Shuffled
from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.tasks.forecasting import forecasting, pinball
from nn_zoo.tasks.naive import measured, naive
from nn_zoo.train.evaluation import evaluate, evaluation, predict
from nn_zoo.train.loop import fit
from nn_zoo.train.record import Record

W, H, SEASON = 6, 5, 3
QUANTILES = (0.2, 0.5, 0.9)


def windows(count=60):
  random = np.random.default_rng(0)
  y = 50 + np.cumsum(random.normal(size=count + W + H)) + 3 * (np.arange(count + W + H) % SEASON)
  cut = np.lib.stride_tricks.sliding_window_view(y.astype(np.float32), W + H)[:count]
  return {'inputs': cut[:, :W, None], 'targets': cut[:, W:]}


def facts_of(**fields):
  return measured(*windows().values(), **({'season': SEASON, 'quantiles': QUANTILES} | fields))


def task_of(tx=None, **fields):
  model = create_model('mlp', classes=H * len(QUANTILES), widths=(8,))
  fields = {'season': SEASON, 'quantiles': QUANTILES, 'examples': windows()} | fields
  return forecasting(model, tx or optax.adam(1e-2), **fields)


def by_the_book(forecast_NHQ, y_NH, unit):
  """Pinball loss, MASE and coverage in NumPy, loop by loop."""
  losses = []
  for q, f_NH in zip(QUANTILES, np.moveaxis(np.float64(forecast_NHQ), 2, 0), strict=True):
    losses.append(np.where(y_NH >= f_NH, q * (y_NH - f_NH), (1 - q) * (f_NH - y_NH)))
  inside = (y_NH >= forecast_NHQ[..., 0]) & (y_NH <= forecast_NHQ[..., -1])
  return np.mean(losses), np.abs(y_NH - forecast_NHQ[..., 1]).mean() / unit, inside.mean()


def test_naive_forecasts_repeat_the_last_value_and_the_last_season():
  past_1W1 = np.arange(W, dtype=np.float32)[None, :, None]
  last, seasonal = naive(past_1W1, H, SEASON)
  np.testing.assert_array_equal(last, [[5, 5, 5, 5, 5]])
  np.testing.assert_array_equal(seasonal, [[3, 4, 5, 3, 4]])


def test_figures_are_those_of_the_forecasts_and_of_the_naive_ones_with_their_bands():
  task, arrays, facts = task_of(), windows(), facts_of()
  state = jax.jit(task.init)(jax.random.key(0), Shuffled(arrays, 8)[0])
  stream = InOrder(arrays, 7)
  found = evaluate(evaluation(task, stream, state), state, len(stream))
  y, x = np.float64(arrays['targets']), np.float64(arrays['inputs'])
  unit = np.abs(y[:, 0] - x[:, -SEASON, 0]).mean()
  forecasts = {'': predict(task, state, stream)}
  for name, point in zip(('naive_', 'seasonal_'), naive(x, H, SEASON), strict=True):
    band = np.quantile(y - point, QUANTILES, axis=0).T
    forecasts[name] = point[..., None] + band[None]
  np.testing.assert_allclose(facts.unit, unit, rtol=1e-6)
  for name, forecast in forecasts.items():
    values = [found[name + figure] for figure in ('pinball', 'mase', 'coverage')]
    np.testing.assert_allclose(values, by_the_book(forecast, y, unit), rtol=1e-4, err_msg=name)
  # On the windows that it was measured on a band holds what it should, to a window's share at each end.
  assert abs(found['naive_coverage'] - 0.7) < 2 / len(y)


def test_forecast_quantiles_never_cross():
  task = task_of()
  state = jax.jit(task.init)(jax.random.key(0), Shuffled(windows(), 8)[0])
  forecast_NHQ = task.predict(state, windows()['inputs'], jax.random.key(0))
  assert forecast_NHQ.shape == (60, H, 3)
  assert (jnp.diff(forecast_NHQ, axis=-1) >= 0).all()


def test_a_series_moved_up_is_forecast_as_much_higher():
  task = task_of()
  state = jax.jit(task.init)(jax.random.key(0), Shuffled(windows(), 8)[0])
  inputs = windows()['inputs'] - 50
  prepared = task_of(prepare=lambda x: x - jnp.mean(x, axis=1, keepdims=True))
  low, high = (prepared.predict(state, x, jax.random.key(0)) for x in (inputs, inputs + 100))
  np.testing.assert_allclose(high - low, 100, atol=1e-3)


def test_it_learns_to_be_better_than_naive_where_there_is_something_to_learn():
  t = np.arange(400)
  y = (np.sin(t / 4) + 0.05 * np.random.default_rng(0).normal(size=400)).astype(np.float32)
  cut = np.lib.stride_tricks.sliding_window_view(y, 12 + H)
  arrays = {'inputs': cut[:, :12, None], 'targets': cut[:, 12:]}
  model = create_model('mlp', classes=H * 3, widths=(16,))
  task = forecasting(model, optax.adam(1e-2), season=1, quantiles=QUANTILES, examples=arrays)
  state = fit(task, Shuffled(arrays, 32), steps=200, record=Record(show=False))
  stream = InOrder(arrays, 400)
  found = evaluate(evaluation(task, stream, state), state, len(stream))
  assert found['pinball'] < 0.3 * found['naive_pinball']
  assert abs(found['coverage'] - 0.7) < 0.15


def test_the_mean_pinball_loss_is_smallest_at_the_quantile():
  y = np.random.default_rng(0).normal(size=(1001, 1)).astype(np.float32)
  grid = np.linspace(-3, 3, 601)
  loss = [pinball(np.full((1, 1, 1), level), y, (0.9,)).mean() for level in grid]
  assert abs(grid[np.argmin(loss)] - np.quantile(y, 0.9)) < 0.02


def test_a_series_that_never_changes_has_finite_figures():
  still = {'inputs': np.ones((4, W, 1), np.float32), 'targets': np.ones((4, H), np.float32)}
  facts = measured(*still.values(), season=1, quantiles=QUANTILES)
  assert facts.unit == 1
  np.testing.assert_array_equal(facts.scale_H, 1)


@pytest.mark.parametrize(
  ('fields', 'line'),
  [
    ({'season': W + 1}, r'task\.season=7: expected 1 to 6, the steps of a window'),
    ({'season': 0}, r'task\.season=0: expected 1 to 6'),
    ({'quantiles': (0.5, 0.1)}, r'task\.quantiles=\(0\.5, 0\.1\): expected rising'),
    ({'quantiles': (0.1, 0.9)}, r'0\.5 among them'),
    ({'quantiles': (0.0, 0.5)}, r'between 0 and 1'),
  ],
)
def test_settings_that_do_not_fit_are_one_line(fields, line):
  with pytest.raises(InputError, match=line):
    facts_of(**fields)


def test_a_table_of_examples_is_no_series():
  with pytest.raises(InputError, match=r"task\.name='forecasting' takes windows .* shape \[4\]"):
    measured(np.zeros((3, 4)), np.zeros((3, 1)), season=1, quantiles=QUANTILES)


def test_a_model_with_too_few_outputs_says_how_many():
  model = create_model('mlp', classes=H, widths=())
  with pytest.raises(InputError, match=r'3 quantiles of 5 steps .* --config\.model\.classes=15'):
    forecasting(model, optax.sgd(0.1), season=1, quantiles=QUANTILES, examples=windows())
