"""Series of measurements, cut into windows of the past and what came after each.

Shapes: L rows, C columns, N windows, W steps of the past, H steps of the future.
"""

import math
from datetime import UTC, datetime

import numpy as np

from nn_zoo.data import published, table
from nn_zoo.data.dataset import Dataset, Split, at_least, count
from nn_zoo.errors import InputError
from nn_zoo.named import choose


def glucose(
  *, every: int, window: int, horizon: int, stride: int, validation: float, test: float
) -> Dataset:
  """Loads the blood glucose of a person over 200 days, in mg/dl every 5 minutes by a continuous monitor.

  Args:
    every: so many lines are averaged to a step.
    window: steps of the past.
    horizon: steps to forecast.
    stride: steps from window to window.
    validation: fraction or number of the lines, before the test part, held out to choose by.
    test: fraction or number of the lines, the last ones, held out to report.

  Raises:
    InputError: the file is missing or damaged, or too short for such windows.

  Source: the sample data of Bokeh, https://github.com/bokeh/bokeh_sampledata.
  """
  sizes = (every, window, horizon, stride, validation, test)
  return _series(_stored('CGM'), ('glucose',), 'datetime', *sizes)


def sea_temperature(
  *, every: int, window: int, horizon: int, stride: int, validation: float, test: float
) -> Dataset:
  """Loads the temperature of the sea off Massachusetts over 400 days, in °C every half hour.

  Args:
    every: so many lines are averaged to a step.
    window: steps of the past.
    horizon: steps to forecast.
    stride: steps from window to window.
    validation: fraction or number of the lines, before the test part, held out to choose by.
    test: fraction or number of the lines, the last ones, held out to report.

  Raises:
    InputError: the file is missing or damaged, or too short for such windows.

  Source: buoy B01 of NERACOOS, http://www.neracoos.org/erddap/info/B01_sbe37_all, in the sample data of
    Bokeh, https://github.com/bokeh/bokeh_sampledata.
  """
  path, sizes = (
    _stored('sea_surface_temperature'),
    (every, window, horizon, stride, validation, test),
  )
  return _series(path, ('temperature (celsius)',), 'time (UTC)', *sizes)


def series_table(
  *,
  path: str,
  columns: tuple[str, ...],
  time: str,
  every: int,
  window: int,
  horizon: int,
  stride: int,
  validation: float,
  test: float,
) -> Dataset:
  """Loads series side by side in a table, a line a time: the last part of it is test, that before validation.

  Inputs are windows [N, W, C] of the past, targets [N, H] the first column in the steps after each. No window
  reaches from one part into the next, nor across a gap in time.

  Args:
    path: a .csv or .csv.gz file with a header line.
    columns: names of the columns to read; the first is forecast. (): all but that of times.
    time: name of the column of times (such as 2026-01-31 12:00, or numbers), by which gaps are found: steps
      of more than one and a half times the median. '' for lines at even steps.
    every: so many lines are averaged to a step.
    window: steps of the past.
    horizon: steps to forecast.
    stride: steps from window to window.
    validation: fraction or number of the lines held out to choose by.
    test: fraction or number of the lines held out to report.

  Raises:
    InputError: the file cannot be read, a column is missing, a cell is no number or time, or a part is
      shorter than window + horizon.
  """
  return _series(path, columns, time, every, window, horizon, stride, validation, test)


def _stored(name: str) -> str:
  return str(published.path('timeseries', f'{name}.csv'))


def _series(path, columns, time, every, window, horizon, stride, validation, test) -> Dataset:
  for key, value in zip(
    ('every', 'window', 'horizon', 'stride'), (every, window, horizon, stride), strict=True
  ):
    at_least(f'data.{key}', value, 1)
  names, lines = table.read(path)
  columns = columns or tuple(name for name in names if name != time)
  if not columns:
    raise InputError(f"{path}: '{time}' is the only column; expected one to forecast beside it")
  places = {name: place for place, name in enumerate(names)}
  wanted = [choose(places, name, f'{path}: columns') for name in columns]
  values_LC = table.numbers(lines, names, wanted, path)
  starts = np.zeros(len(lines), bool)
  if time:
    starts = _after_gaps(_times(lines, choose(places, time, f'{path}: time'), time, path))
  held = [count('data.validation', validation, len(lines)), count('data.test', test, len(lines))]
  ends = np.array([len(lines) - sum(held), len(lines) - held[1], len(lines)])
  if ends[0] < 1:
    raise InputError(
      f'data.validation={validation} and data.test={test} leave no line to learn from'
    )
  parts, begin = {}, 0
  for name, end in zip(('train', 'validation', 'test'), ends, strict=True):
    stretches = _stretches(values_LC[begin:end], starts[begin:end], every)
    parts[name] = _windows(stretches, window, horizon, stride, values_LC.shape[1])
    if end > begin and not len(parts[name]['targets']):
      longest = max(map(len, stretches))
      raise InputError(
        f'{path}: the longest stretch without a gap of the {name} part has {longest} steps; expected '
        f'data.window + data.horizon = {window} + {horizon} or more'
      )
    begin = end
  return Dataset(**parts, classes=())


def _stretches(values_LC: np.ndarray, starts: np.ndarray, every: int) -> list[np.ndarray]:
  # Between gaps, lines averaged; what does not fill a step is left out where the stretch begins.
  stretches = np.split(values_LC, np.flatnonzero(starts[1:]) + 1)
  return [
    one[len(one) % every :].reshape(-1, every, one.shape[1]).mean(axis=1, dtype=np.float32)
    for one in stretches
  ]


def _windows(stretches, window: int, horizon: int, stride: int, columns: int) -> Split:
  inputs = [np.zeros((0, window, columns), np.float32)]
  targets = [np.zeros((0, horizon), np.float32)]
  for one in stretches:
    if len(one) >= window + horizon:
      cut = np.lib.stride_tricks.sliding_window_view(one, window + horizon, axis=0)[::stride]
      inputs.append(cut[:, :, :window].swapaxes(1, 2))
      targets.append(cut[:, 0, window:])
  return {'inputs': np.concatenate(inputs), 'targets': np.concatenate(targets)}


def _after_gaps(time_L: np.ndarray) -> np.ndarray:
  step_L = np.diff(time_L)
  gap_L = (step_L <= 0) | (step_L > 1.5 * np.median(step_L))
  return np.concatenate([[False], gap_L])


def _times(lines: table.Lines, at: int, column: str, path: str) -> np.ndarray:
  return np.array([_time(line, cells[at], column, path) for line, cells in lines])


def _seconds(text: str) -> float:
  # A time without a zone is one of UTC, whatever the machine's zone: that has hours twice and hours never.
  time = datetime.fromisoformat(text)
  return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _time(line: int, cell: str, column: str, path: str) -> float:
  for read in (float, _seconds):
    try:
      if math.isfinite(found := read(cell)):
        return found
    except ValueError:
      continue
  raise InputError(
    f"{path}: line {line}, column '{column}' holds '{cell}'; expected a time such as 2026-01-31 12:00"
  )
