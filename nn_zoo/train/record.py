"""The record of a run: metrics.jsonl (the source of truth), TensorBoard events, and the progress line."""

import collections
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nn_zoo.train.progress import Progress


class Record:
  """Takes the figures of a run; with a folder they are kept there, without one they are only shown.

  A row is {'step', 'split', metric: number, ...}; only scalars are kept. `timing` collects seconds and is
  not part of the rows, which hold nothing that differs between two runs of one config.
  """

  def __init__(self, folder: Path | None = None, show: bool = True):
    """Args: folder for metrics.jsonl and events; show the progress line."""
    self.rows: list[dict[str, Any]] = []
    self.timing: dict[str, float] = collections.defaultdict(float)
    self._shown = show
    self._progress: Progress | None = None
    self._path = folder and folder / 'metrics.jsonl'
    self._folder = folder
    self._events = None
    if self._path and self._path.exists():
      self.rows = list(_readable(self._path.read_text().splitlines()))

  def rewind(self, count: int) -> None:
    """Keeps the first `count` rows: those that a restored checkpoint has behind it."""
    self.rows = self.rows[:count]
    if self._path:
      temporary = self._path.with_suffix('.tmp')
      temporary.write_text(''.join(_line(row) for row in self.rows))
      os.replace(temporary, self._path)

  def write(self, step: int, split: str, values: Mapping[str, np.ndarray]) -> None:
    """Adds a row."""
    scalars = {name: float(value) for name, value in values.items() if np.ndim(value) == 0}
    # JSON has no NaN: a figure without examples behind it is null.
    row = {name: value if np.isfinite(value) else None for name, value in scalars.items()}
    self.rows.append({'step': step, 'split': split, **row})
    if self._path:
      with self._path.open('a') as file:
        file.write(_line(self.rows[-1]))
      self._write_events(step, split, scalars)
    if self._progress and split != 'train':
      figures = '  '.join(f'{name} {value:.4g}' for name, value in scalars.items())
      self._progress.message(f'step {step}  {split}: {figures}')

  def flush(self) -> int:
    """Brings the rows to the disk; returns how many there are."""
    if self._path and self._path.exists():
      with self._path.open('a') as file:
        os.fsync(file.fileno())
    return len(self.rows)

  def progress(self, steps: int, start: int) -> Any:
    """The context in which `show` draws the progress line."""
    if not self._shown:
      return _Quiet()
    self._progress = Progress(steps, start)
    return self._progress

  def show(self, step: int, values: Mapping[str, np.ndarray]) -> None:
    """Draws the progress line."""
    if self._progress:
      scalars = {name: value for name, value in values.items() if np.ndim(value) == 0}
      self._progress.update(step, scalars)

  def _write_events(self, step, split, scalars):
    if self._events is None:
      self._events = _summary_writer()(str(self._folder / 'events'), purge_step=step)
    for name, value in scalars.items():
      self._events.add_scalar(f'{name}/{split}', value, step)

  def close(self) -> None:
    """Closes the event file."""
    if self._events is not None:
      self._events.close()


def _summary_writer():
  # tensorboardX imports PyTorch where there is one, which takes seconds, and uses it for tensors alone.
  absent = 'torch' not in sys.modules
  if absent:
    sys.modules['torch'] = None  # so that to import it is an ImportError
  try:
    from tensorboardX import SummaryWriter
  finally:
    if absent:
      del sys.modules['torch']
  return SummaryWriter


class _Quiet:
  def __enter__(self):
    return self

  def __exit__(self, *_):
    return None


def _readable(lines):
  # A line that was being written when the machine stopped ends what can be relied on.
  for line in lines:
    try:
      yield json.loads(line)
    except ValueError:
      return


def _line(row: Mapping) -> str:
  return json.dumps(row) + '\n'
