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
from nn_zoo.train.evaluation import evaluate, evaluation
from nn_zoo.train.loop import CALL_SECONDS
from nn_zoo.train.monitor import Monitor, metric_names
from nn_zoo.train.record import Record

LONGEST = 100  # steps in a call

Figures = dict[str, dict[str, np.ndarray]]  # split -> metric -> value


class Population(NamedTuple):
  """What a population has come to.

  states: of the step that `select` chose for each member; every leaf leads with the member.
  steps: which step that is, for each member.
  figures: at that step, for each member.
  """

  states: State
  steps: list[int]
  figures: list[Figures]


def fit_population(
  make: Callable[[Any], Task],
  values: Any,
  trains: Sequence[Any],
  evals: Mapping[str, Sequence[Any]],
  *,
  seeds: Sequence[int],
  steps: int,
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
    steps, eval_every, monitor, mode, patience: see `fit`.
    select: 'last' or 'best', see `Population`.
    record: takes the means over the members.
  """
  record = record or Record(show=False)
  eval_every = min(eval_every or steps, steps)
  crowd = _begin(make, values, trains, evals, seeds, min(LONGEST, eval_every))
  calls, compiled = (
    crowd.training,
    [crowd.training, *(calls for calls, _ in crowd.judging.values())],
  )
  record.timing['compile_seconds'] += sum(each.compile_seconds for each in compiled)
  monitors = [Monitor(monitor, mode, patience, [], crowd.metrics) for _ in seeds]
  states, at, count = crowd.states, 0, 1
  found = Population(_copied(states), [0] * len(seeds), [{} for _ in seeds])
  with record.progress(steps, 0):
    while at < steps and not all(one.exhausted for one in monitors):
      count = min(count, calls.size, eval_every - at % eval_every, steps - at)
      began = time.perf_counter()
      states, metrics = calls.run(states, (), at, count)
      seconds, at = time.perf_counter() - began, at + count
      record.timing['train_seconds'] += seconds
      record.timing['train_steps'] += count
      record.show(at, {name: _average(mean.value[-1]) for name, mean in metrics.items()})
      count = max(1, min(2 * count, round(count * CALL_SECONDS / max(seconds, 1e-9))))
      if at % eval_every == 0 or at == steps:
        found = _judged(found, crowd.judging, states, monitors, at, select, record)
  return found


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


def _judged(found, judging, states, monitors, at, select, record) -> Population:
  began = time.perf_counter()
  table = {split: evaluate(calls, states, length) for split, (calls, length) in judging.items()}
  record.timing['evaluate_seconds'] += time.perf_counter() - began
  for split, figures in table.items():
    record.write(at, split, {name: _average(v) for name, v in figures.items() if v.ndim == 1})
  taken = []
  for member, one in enumerate(monitors):
    figures = jax.tree.map(lambda array, m=member: array[m], table)
    better = not one.exhausted and (one.add(figures) or select == 'last')
    taken.append(better)
    if better:
      found.steps[member], found.figures[member] = at, figures
  return found._replace(states=_chosen(np.array(taken), states, found.states))


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
