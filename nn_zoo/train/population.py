"""Many runs of one task in one compiled program: seeds, folds of a cross-validation, values of a number.

Every member has its own state, training rows, evaluation rows and random numbers, and does what `fit` would
do with it alone; what differs is the order of sums inside vmapped operations, that is rounding.

Axes: M members.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nn_zoo.task import Mean, State, Task
from nn_zoo.train.abreast import Abreast, InOrderAbreast
from nn_zoo.train.compiled import Calls, compile_steps
from nn_zoo.train.evaluation import add, evaluate, evaluation, means
from nn_zoo.train.loop import CALL_SECONDS, divergence
from nn_zoo.train.monitor import Monitor, metric_names
from nn_zoo.train.record import Record

LONGEST = 100  # steps in a call

Figures = dict[str, dict[str, np.ndarray]]  # split -> metric -> value


class Population(NamedTuple):
  """What a population has come to.

  states: of the step that `select` chose for each member; every leaf leads with the member.
  steps: which step that is, for each member.
  figures: at that step, for each member.
  rows: of each member's training and evaluations, as a `nn_zoo.train.record.Record` of its own has them.
  diverged: for each member a line that says so if its loss is no longer finite, else ''.
  """

  states: State
  steps: list[int]
  figures: list[Figures]
  rows: list[list[dict[str, Any]]]
  diverged: list[str]


def fit_population(
  make: Callable[[Any], Task],
  values: Any,
  trains: Sequence[Any],
  evals: Mapping[str, Sequence[Any]],
  *,
  seeds: Sequence[int],
  steps: int,
  log_every: int = 100,
  eval_every: int = 0,
  monitor: str = '',
  mode: str = 'min',
  patience: int = 0,
  select: str = 'last',
  record: Record | None = None,
) -> Population:
  """Trains all members side by side; nothing is saved on the way.

  Folds of unequal size are no matter: a step takes batch_size rows of each member's own examples, and an
  evaluation goes on with rows of weight 0 for those that have fewer. A member whose `patience` is at an end
  is computed on, but nothing of it is taken any more; one that diverges leaves the others alone.

  Args:
    make: values of a member -> its task, traced once for all.
    values: a tree of arrays that lead with the member, such as learning rates; () if members differ in seed
      and data alone.
    trains: a training stream for each member, of one batch size.
    evals: split -> an evaluation stream for each member.
    seeds: of each member, see `fit`.
    steps, log_every, eval_every, monitor, mode, patience: see `fit`.
    select: 'last' or 'best', see `Population`.
    record: takes the means over the members.
  """
  record = record or Record(show=False)
  eval_every, log_every = min(eval_every or steps, steps), min(log_every, steps)
  crowd = _begin(make, values, trains, evals, seeds, min(LONGEST, eval_every))
  calls, compiled = (
    crowd.training,
    [crowd.training, *(calls for calls, _ in crowd.judging.values())],
  )
  record.timing['compile_seconds'] += sum(each.compile_seconds for each in compiled)
  members = [_Member(Monitor(monitor, mode, patience, [], crowd.metrics)) for _ in seeds]
  states, at, count, window = crowd.states, 0, 1, {}
  found = _copied(states)
  with record.progress(steps, 0):
    while at < steps and not all(one.monitor.exhausted for one in members):
      until = min(steps, *(at + every - at % every for every in (log_every, eval_every)))
      count = min(count, calls.size, until - at)
      began = time.perf_counter()
      states, metrics = calls.run(states, (), at, count)
      seconds, at = time.perf_counter() - began, at + count
      record.timing['train_seconds'] += seconds
      record.timing['train_steps'] += count
      record.show(at, {name: _average(mean.value[-1]) for name, mean in metrics.items()})
      count = max(1, min(2 * count, round(count * CALL_SECONDS / max(seconds, 1e-9))))
      window = add(window, metrics)
      logs = at % log_every == 0 or at == steps
      _watched(members, window, at, logs)
      window = {} if logs else window
      if at % eval_every == 0 or at == steps:
        found = _judged(found, crowd.judging, states, members, at, select, record)
  own = [one.record.rows for one in members], [one.diverged for one in members]
  return Population(found, [one.step for one in members], [one.figures for one in members], *own)


class _Member:
  """What is known of one member: its metrics, its best evaluation so far, and whether it has diverged."""

  def __init__(self, monitor):
    self.monitor, self.record = monitor, Record(show=False)
    self.step, self.figures, self.diverged = 0, {}, ''


class _Crowd(NamedTuple):
  states: State
  training: Calls
  judging: dict[str, tuple[Calls, int]]  # with the length of the stream
  metrics: list[str]


def _begin(make, values, trains, evals, seeds, longest) -> _Crowd:
  # The members' first states, and the programs that train and evaluate them.
  task, train = _abreast(make, values), Abreast(trains)
  keys = jnp.stack([jax.random.fold_in(jax.random.key(seed), 0) for seed in seeds])
  # One after the other: jaxlib's batched QR, of orthogonal weights, can wait for its own threads for ever.
  init = jax.jit(lambda *many: jax.lax.map(lambda one: make(one[0]).init(*one[1:]), many))
  states = init(values, keys, train[0])
  first = jax.tree.map(lambda array: array[0], (values, states))
  names = metric_names(make(first[0]), {split: each[0] for split, each in evals.items()}, first[1])

  def step(states, _, batch, keys):
    return task.step(states, batch, keys)

  training = compile_steps(step, train, states, (), seeds, 1, longest)
  judging = {}
  for split, streams in evals.items():
    exam = InOrderAbreast(streams)
    judging[split] = evaluation(task, exam, states, seeds), len(exam)
  return _Crowd(states, training, judging, names)


def _abreast(make, values) -> Task:
  # A task whose states, batches and keys lead with the member, and its metrics too.
  def lifted(name):
    each = jax.vmap(lambda mine, *arguments: _shaped(getattr(make(mine), name)(*arguments)))
    return lambda *arguments: each(values, *arguments)

  return Task(*map(lifted, Task._fields))


def _shaped(tree):
  # The weight of a vector may be a scalar, which could not be told from one for each member.
  def shape(node):
    if not isinstance(node, Mean):
      return node
    return Mean(node.total, jnp.broadcast_to(node.weight, node.total.shape))

  return jax.tree.map(shape, tree, is_leaf=lambda node: isinstance(node, Mean))


def _watched(members, window, at, logs):
  # Each member's metrics of training since the last row, and whether they are finite.
  for index, one in enumerate(members):
    own = {name: (total[index], weight[index]) for name, (total, weight) in window.items()}
    if one.monitor.exhausted:  # it would have taken no such step
      continue
    one.diverged = one.diverged or divergence(own, at)
    if logs:
      one.record.write(at, 'train', means(own))


def _judged(found, judging, states, members, at, select, record) -> State:
  began = time.perf_counter()
  table = {split: evaluate(calls, states, length) for split, (calls, length) in judging.items()}
  record.timing['evaluate_seconds'] += time.perf_counter() - began
  for split, figures in table.items():
    record.write(at, split, {name: _average(v) for name, v in figures.items() if v.ndim == 1})
  taken = []
  for index, one in enumerate(members):
    figures = jax.tree.map(lambda array, m=index: array[m], table)
    going = not one.monitor.exhausted
    better = going and (one.monitor.add(figures) or select == 'last')
    taken.append(better)
    if better:
      one.step, one.figures = at, figures
    for split, values in figures.items() if going else ():
      one.record.write(at, split, values)
  return _chosen(np.array(taken), states, found)


def _average(values):
  return np.mean(values, axis=0)


@jax.jit
def _chosen(taken_M, new, old):
  def choose(new, old):
    return jnp.where(taken_M.reshape(-1, *[1] * (new.ndim - 1)), new, old)

  return jax.tree.map(choose, new, old)


@jax.jit
def _copied(states):
  return jax.tree.map(jnp.copy, states)  # those that are trained are donated
