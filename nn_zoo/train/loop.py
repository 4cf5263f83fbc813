"""The training loop: the same few lines for every task. It never looks into the state."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from nn_zoo.errors import InputError
from nn_zoo.task import State, Task
from nn_zoo.train.compiled import Calls, compile_steps
from nn_zoo.train.evaluation import Sums, add, evaluate, evaluation, means
from nn_zoo.train.monitor import Monitor, metric_names
from nn_zoo.train.record import Record

# How long a compiled call should last: short enough to stop and to show progress, and long enough for what a
# call costs. On a CPU its intermediate arrays are mapped anew: 60 ms, a third of a step of ResNet-20.
CALL_SECONDS = 1.0


class Stopped(Exception):
  """The run was asked to stop; everything is saved, and the same command goes on from `step`."""

  def __init__(self, step: int):
    super().__init__(f'stopped at step {step}')
    self.step = step


class Diverged(InputError):
  """The loss is no longer finite; what was saved before stays, and the record says where."""


def fit(
  task: Task,
  train: Any,
  evals: Mapping[str, Any] | None = None,
  *,
  steps: int,
  seed: int = 0,
  log_every: int = 100,
  eval_every: int = 0,
  steps_per_call: int = 0,
  monitor: str = '',
  mode: str = 'min',
  patience: int = 0,
  checkpoint: Any = None,
  record: Record | None = None,
  stop: Callable[[], bool] = lambda: False,
  observe: Callable[[int, State], Mapping[str, Mapping[str, Any]]] | None = None,
  observed: Sequence[str] = (),
) -> State:
  """Trains a task and returns its state.

  Step i sees batch train[i] and key fold_in(key(seed), i), so that the result depends on nothing else: not on
  how often the run was stopped and started again, nor on `steps_per_call`.

  Args:
    task: what is trained.
    train: batches, indexable by step.
    evals: name -> evaluation stream, evaluated every `eval_every` steps and after the last.
    steps: length of the run.
    seed: of the initial state and of everything random in the steps.
    log_every: training metrics are means over this many steps.
    eval_every: steps between evaluations, each followed by a checkpoint; 0 for only after the last step.
    steps_per_call: steps in one call of the compiled program, up to log_every; 0: about 0.3 s' worth.
    monitor: 'split/metric', such as 'validation/loss', that decides the best checkpoint and early stopping.
    mode: 'min' or 'max', what is better for `monitor`.
    patience: evaluations without a better `monitor` after which to stop; 0 for never.
    checkpoint: a `nn_zoo.train.checkpoint.Checkpoints`, or None to save nothing.
    record: where metrics go; by default only a progress line is shown.
    stop: polled between calls, in training and in evaluation.
    observe: (step, state) -> further figures by split, called at every evaluation and written beside its own.
    observed: 'split/figure' of those among them that `monitor` may name.

  Raises:
    Stopped: `stop` said so; the state is saved if there is a checkpoint.
    Diverged: the loss is no longer finite.
    InputError: `monitor` names a metric that there is not.
  """
  run = _Run(task, train, evals or {}, seed, record or Record(), checkpoint, stop, observe)
  run.begin(min(steps_per_call, steps), min(log_every, steps))
  known = [*metric_names(task, run.evals, run.state), *observed]
  best = Monitor(monitor, mode, patience, run.history, known)
  eval_every = eval_every or steps
  with run.record.progress(steps, run.step):
    while True:
      if run.step and (run.step == steps or run.step % eval_every == 0):
        run.save()
        run.evaluate(best)
      if run.step >= steps or best.exhausted:
        break
      log_at = min(steps, _after(run.step, log_every))
      run.advance(min(log_at, _after(run.step, eval_every)), log_at)
  run.finish()
  return run.state


class _Run:
  """What moves during `fit`: the state, the step it is at, and the metrics since the last line of log."""

  def __init__(self, task, train, evals, seed, record, checkpoint, stop, observe):
    self.task, self.train, self.evals, self.seed = task, train, evals, seed
    self.record, self.checkpoint, self.stop, self.observe = record, checkpoint, stop, observe
    self.step, self.window, self.history = 0, {}, []
    self.evaluations: dict[str, Calls] = {}
    self.count = 1

  def begin(self, fixed, longest):
    batch = self.train[0]
    init = jax.jit(lambda key, batch: self.task.init(jax.random.fold_in(key, 0), batch))
    init = init.trace(jax.random.key(self.seed), batch)

    def step(state, _, batch, key):
      return self.task.step(state, batch, key)

    def start():
      # It runs once, so that time spent on making it fast is lost: seconds for LeNet.
      quick = {'xla_backend_optimization_level': 0} if jax.default_backend() == 'cpu' else None
      self.state = init.lower().compile(quick)(jax.random.key(self.seed), batch)

    # One size whatever `steps_per_call` is: another one would be another program, with other rounding.
    self.calls = compile_steps(
      step, self.train, init.out_info, (), self.seed, 1, longest, meanwhile=start
    )
    self.fixed = fixed
    saved = self.checkpoint.latest(self.state) if self.checkpoint else None
    if saved:
      # Through a program of its own, so that the arrays can be donated like any other's.
      self.step, self.state = saved.step, jax.jit(lambda state: state)(saved.state)
      self.window = {
        name: tuple(np.asarray(x, np.float64) for x in sums)
        for name, sums in saved.extra['window'].items()
      }
      self.history += saved.extra['history']
      self.record.timing.update(saved.extra['timing'])
    self.record.rewind(saved.extra['rows'] if saved else 0)
    self.record.timing['compile_seconds'] += self.calls.compile_seconds

  def advance(self, boundary, log_at):
    """One call of the compiled program, up to the boundary at most."""
    if self.stop():
      self.save()
      self.finish()
      raise Stopped(self.step)
    count = min(self.fixed or self.count, self.calls.size, boundary - self.step)
    started = time.perf_counter()
    self.state, metrics = self.calls.run(self.state, (), self.step, count)
    seconds = time.perf_counter() - started
    self.count = max(1, min(2 * count, round(count * CALL_SECONDS / max(seconds, 1e-9))))
    self.record.timing['train_seconds'] += seconds
    self.record.timing['train_steps'] += count
    self.step += count
    self.window = add(self.window, metrics)
    self.check_finite()
    values = means(self.window)
    self.record.show(self.step, values)
    if self.step == log_at:
      self.record.write(self.step, 'train', values)
      self.window = {}

  def check_finite(self):
    last = self.checkpoint.last if self.checkpoint else None
    saved = 'nothing was saved' if last is None else f'step {last} is saved'
    if line := divergence(self.window, self.step, f' ({saved})'):
      self.record.write(self.step, 'train', means(self.window))
      self.finish()
      raise Diverged(line)

  def evaluate(self, best):
    started = time.perf_counter()
    figures = {}
    for split, stream in self.evals.items():
      if split not in self.evaluations:
        self.evaluations[split] = evaluation(self.task, stream, self.state, self.seed)
        self.record.timing['compile_seconds'] += self.evaluations[split].compile_seconds
      values = evaluate(self.evaluations[split], self.state, len(stream), self.stop)
      if values is None:
        self.finish()
        raise Stopped(self.step)
      figures[split] = values
    observed = self.observe(self.step, self.state) if self.observe else {}
    figures = {split: {**values, **observed.get(split, {})} for split, values in figures.items()}
    for split, values in figures.items():
      self.record.write(self.step, split, values)
    self.record.timing['evaluate_seconds'] += time.perf_counter() - started
    if best.add(figures) and self.checkpoint:
      self.checkpoint.keep_best(self.step, self.state, {'history': list(self.history)})

  def save(self):
    if self.checkpoint:
      window = {name: [np.asarray(x).tolist() for x in sums] for name, sums in self.window.items()}
      extra = {
        'window': window,
        'history': list(self.history),
        'rows': self.record.flush(),
        'timing': dict(self.record.timing),
      }
      self.checkpoint.save(self.step, self.state, extra)

  def finish(self):
    if self.checkpoint:
      self.checkpoint.wait()


def divergence(sums: Sums, step: int, saved: str = '') -> str:
  """A line that says so if a sum of metrics is no longer finite at a step, else ''.

  Args:
    sums: metric -> total and weight, see `nn_zoo.train.evaluation.add`.
    step: of the latest of them.
    saved: what there is to go back to, in words that follow the step.
  """
  for name, (total, _) in sums.items():
    if not np.all(np.isfinite(total)):
      return (
        f'training diverged: {name} is no longer finite at step {step}{saved}; lower '
        'optimizer.learning_rate or set optimizer.clip_norm'
      )
  return ''


def _after(step: int, every: int) -> int:
  return (step // every + 1) * every
