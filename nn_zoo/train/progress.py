"""How far a run is: one live line on a terminal, plain lines elsewhere."""

import math
import sys
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TextIO

WINDOW = 20.0  # seconds over which the speed is averaged
REDRAW = 0.2  # seconds between two drawings on a terminal


class Progress:
  """Shows step, scalars, speed and the time left while a run goes on.

  The speed is steps over seconds, both with exponential weights of `WINDOW` seconds, from the
  first update on: what the first call takes is mostly compilation and says nothing of the rest.
  """

  def __init__(
    self,
    steps: int,
    start: int = 0,
    file: TextIO | None = None,
    interval: float = 10.0,
    clock: Callable[[], float] = time.monotonic,
  ):
    """Args:
    steps: the step at which the run ends.
    start: the step at which it begins, above 0 when it is resumed.
    file: where to write; standard error if None.
    interval: least seconds between two plain lines.
    clock: seconds, for tests.
    """
    self.steps, self.start, self.clock = steps, start, clock
    self.file = sys.stderr if file is None else file
    self.live = self.file.isatty()
    self.interval = REDRAW if self.live else interval
    self.step, self.values = start, {}
    self.drawn_step, self.drawn = None, -math.inf  # the last drawing
    self.weighted_steps = self.weighted_seconds = 0.0

  def __enter__(self) -> 'Progress':
    self.began = self.clock()
    self.seen = None  # the time of the last update
    if self.live:
      self.bar = _bar(self.file, self.steps)
      fields = {'values': 'compiling', 'pace': ''}
      self.task = self.bar.add_task('', total=self.steps, completed=self.start, **fields)
      self.bar.start()
    return self

  def __exit__(self, kind, *rest) -> None:
    # After an error the values may be unreadable, and reading them would hide it.
    if kind is None and self.step != self.drawn_step and self.seen is not None:
      self._draw(self.clock())
    if self.live:
      self.bar.stop()

  def update(self, step: int, values: Mapping[str, float]) -> None:
    """Takes the state after a call; cheap, since most calls draw nothing.

    Args:
      step: steps done so far.
      values: scalars to show; read only when they are drawn, so they may be on a device.
    """
    now = self.clock()
    if self.seen is not None:
      decay = math.exp((self.seen - now) / WINDOW)
      self.weighted_steps = decay * self.weighted_steps + step - self.step
      self.weighted_seconds = decay * self.weighted_seconds + now - self.seen
    self.step, self.values, self.seen = step, values, now
    if now - self.drawn >= self.interval or step == self.steps:
      self._draw(now)

  def message(self, text: str) -> None:
    """Prints a line above the live one."""
    if self.live:
      self.bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
    else:
      print(text, file=self.file, flush=True)

  def speed(self) -> float | None:
    """Steps per second, None before the second update."""
    return self.weighted_steps / self.weighted_seconds if self.weighted_seconds > 0 else None

  def _draw(self, now: float) -> None:
    self.drawn_step, self.drawn = self.step, now
    shown = [f'{name} {float(value):.4g}' for name, value in self.values.items()]
    speed, elapsed = self.speed(), now - self.began
    if speed:
      pace = f'{speed:,.0f} steps/s' if speed >= 100 else f'{speed:.3g} steps/s'
      if self.step < self.steps:
        pace += f'  ETA {_clock((self.steps - self.step) / speed)}'
    else:
      pace = f'first call {elapsed:.1f} s'
    if self.live:
      self.bar.update(self.task, completed=self.step, values='  '.join(shown), pace=pace)
      return
    if self.step >= self.steps:
      pace += f'  elapsed {_clock(elapsed)}'
    line = '  '.join([f'step {self.step}/{self.steps}', *shown, pace])
    print(line, file=self.file, flush=True)


def _clock(seconds: float) -> str:
  return str(timedelta(seconds=round(seconds)))


def _bar(file: TextIO, steps: int):
  """The live line; on a narrow terminal the bar gives way first, then the values."""
  from rich.console import Console
  from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
  from rich.progress import Progress as Bar
  from rich.table import Column

  def text(field: str, least: int) -> TextColumn:
    column = Column(no_wrap=True, min_width=least)
    return TextColumn(f'{{task.fields[{field}]}}', markup=False, table_column=column)

  return Bar(
    BarColumn(bar_width=None, table_column=Column(ratio=1)),
    MofNCompleteColumn(table_column=Column(no_wrap=True, min_width=2 * len(str(steps)) + 1)),
    text('values', 0),
    text('pace', 26),
    TimeElapsedColumn(table_column=Column(no_wrap=True, min_width=7)),
    console=Console(file=file),
    refresh_per_second=5,
    expand=True,
  )
