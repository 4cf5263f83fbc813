"""Progress is shown seldom enough, always at the end, and the time left is right."""

import io
import subprocess
import sys

import pytest

from nn_zoo.train.progress import Progress


class Clock:
  """Seconds that pass only when told."""

  def __init__(self):
    self.now = 100.0

  def __call__(self) -> float:
    return self.now


class Terminal(io.StringIO):
  def isatty(self) -> bool:
    return True


class Unread:
  """A scalar that counts how often it is read, as a value on a device would be."""

  reads = 0

  def __float__(self) -> float:
    Unread.reads += 1
    return 0.5


def run(steps, seconds, *, start=0, compile_seconds=50.0, every=1, values=None, **fields) -> list:
  """Lines of a run whose first call takes long and every other one `seconds`."""
  clock, file = Clock(), io.StringIO()
  with Progress(steps, start, file, clock=clock, **fields) as progress:
    for step in range(start + every, steps + 1, every):
      clock.now += seconds if step > start + every else compile_seconds
      progress.update(step, values or {'loss': 0.123456, 'accuracy': 0.961})
  return file.getvalue().splitlines()


def test_plain_lines_are_throttled_and_the_last_is_there():
  lines = run(2000, 1 / 64)  # 31 seconds
  assert [line.split()[1] for line in lines] == [
    '1/2000',
    '641/2000',
    '1281/2000',
    '1921/2000',
    '2000/2000',
  ]
  assert lines[1] == 'step 641/2000  loss 0.1235  accuracy 0.961  64 steps/s  ETA 0:00:21'
  assert lines[-1] == ('step 2000/2000  loss 0.1235  accuracy 0.961  64 steps/s  elapsed 0:01:21')


def test_the_first_call_does_not_slow_the_estimate():
  lines = run(100, 2.0, compile_seconds=600.0)
  assert lines[0] == 'step 1/100  loss 0.1235  accuracy 0.961  first call 600.0 s'
  assert lines[1].endswith('0.5 steps/s  ETA 0:03:08')


def test_the_estimate_follows_a_change_of_speed():
  clock, file = Clock(), io.StringIO()
  with Progress(10_000, file=file, clock=clock) as progress:
    for step in range(1, 501):
      clock.now += 1.0 if step < 100 else 0.5
      progress.update(step, {})
    assert progress.speed() == pytest.approx(2.0, rel=1e-3)


def test_several_steps_in_a_call_and_a_resumed_run_count_right():
  lines = run(1000, 5.0, start=500, every=50, interval=10.0)
  assert lines[1] == 'step 650/1000  loss 0.1235  accuracy 0.961  10 steps/s  ETA 0:00:35'
  assert lines[-1].startswith('step 1000/1000')


def test_a_run_that_stops_early_shows_where():
  clock, file = Clock(), io.StringIO()
  with Progress(100, file=file, clock=clock) as progress:
    for step in range(1, 8):
      clock.now += 1
      progress.update(step, {'loss': 1.0})
  assert file.getvalue().splitlines()[-1].startswith('step 7/100  loss 1  1 steps/s  ETA 0:01:33')


def test_the_last_step_is_shown_at_once_and_not_at_the_exit():
  clock, file = Clock(), io.StringIO()
  with Progress(3, file=file, clock=clock) as progress:
    for step in range(1, 4):
      clock.now += 1
      progress.update(step, {})
    assert file.getvalue().splitlines()[-1] == 'step 3/3  1 steps/s  elapsed 0:00:03'


def test_nothing_is_drawn_twice_or_without_an_update():
  assert len(run(1, 1.0)) == 1
  assert run(5, 1.0, start=5) == []


def test_an_error_is_not_hidden_by_the_last_line():
  file = io.StringIO()

  def fail():
    with Progress(10, file=file, clock=Clock()) as progress:
      progress.update(1, {})
      progress.update(2, {'loss': None})
      raise ZeroDivisionError

  with pytest.raises(ZeroDivisionError):
    fail()
  assert len(file.getvalue().splitlines()) == 1


def test_values_are_read_only_when_drawn():
  Unread.reads = 0
  lines = run(2000, 1 / 64, values={'loss': Unread()})
  assert Unread.reads == len(lines) == 5


def test_messages_are_lines_of_their_own():
  file = io.StringIO()
  with Progress(2, file=file, clock=Clock()) as progress:
    progress.message('saved [step 1]')
  assert file.getvalue() == 'saved [step 1]\n'


def test_a_terminal_shows_a_bar_with_the_values_and_messages(monkeypatch):
  monkeypatch.setenv('COLUMNS', '100')
  monkeypatch.setenv('TERM', 'xterm')
  clock, file = Clock(), Terminal()
  with Progress(40, file=file, clock=clock) as progress:
    for step in range(1, 41):
      clock.now += 0.5
      progress.update(step, {'loss': 0.123456})
      progress.bar.refresh()
      if step == 20:
        progress.message('saved [step 20]')
  text = file.getvalue()
  assert 'loss 0.1235' in text
  assert '2 steps/s  ETA 0:00:10' in text
  assert '40/40' in text
  assert 'saved [step 20]' in text


def test_rich_is_imported_only_for_a_terminal():
  code = (
    'import io, sys; from nn_zoo.train.progress import Progress\n'
    'with Progress(1, file=io.StringIO()) as p: p.update(1, {})\n'
    'sys.exit("rich.progress" in sys.modules)'
  )
  assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0


def test_events_are_written_without_pytorch_even_where_there_is_one(tmp_path):
  # A module of that name that ends the process stands for it.
  (tmp_path / 'torch.py').write_text('raise SystemExit("PyTorch is imported")')
  code = (
    'import pathlib, sys\n'
    f'sys.path.insert(0, {str(tmp_path)!r})\n'
    'from nn_zoo.train.record import Record\n'
    f'record = Record(pathlib.Path({str(tmp_path)!r}), show=False)\n'
    'record.write(1, "train", {"loss": 0.5})\n'
    'record.close()\n'
    'sys.exit("torch" in sys.modules)'
  )
  assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0
  assert next((tmp_path / 'events').iterdir()).stat().st_size > 0
