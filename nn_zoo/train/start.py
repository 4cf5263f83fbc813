"""Transfer: a run that begins with the parameters of another run."""

import fnmatch
import logging
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nn_zoo.errors import InputError
from nn_zoo.task import Batch, Key, Learner, Task, begin
from nn_zoo.train.checkpoint import Checkpoints
from nn_zoo.train.optimizer import path_name
from nn_zoo.train.workdir import read_config


class Source(NamedTuple):
  """What another run has learnt, by path: parameters ('Conv_0/kernel') and statistics ('batch_stats/...')."""

  params: dict[str, np.ndarray]
  stats: dict[str, np.ndarray]


def started(
  task: Task,
  tx: optax.GradientTransformation,
  learner: Learner,
  workdir: str,
  keep: tuple[str, ...],
) -> Task:
  """The task with an `init` that takes parameters and batch statistics over from a trained run.

  Taken is what has the same path and shape there and fits a pattern; everything else begins as always, the
  state of the optimizer too. One line of log says which is which.

  Args:
    task: its state is a `Learner`.
    tx: its optimizer.
    learner: the shapes of that state.
    workdir: the folder of the other run, which is only read. Taken are the parameters by which that run is
      judged: of its `train.select`, and averaged if it keeps an average.
    keep: path patterns such as 'Conv_*', of parameters and of the statistics beside them.

  Raises:
    InputError: the state is not one `Learner`, the workdir holds no run, or a pattern takes nothing over.
  """
  if not isinstance(learner, Learner):
    raise InputError(
      f'train.start={workdir!r}: this task has no single learner to begin with; set it to ""'
    )
  source = read_source(workdir)
  taken = Source(
    _fitting(learner.params, source.params, keep, str),
    _fitting(learner.stats, source.stats, keep, lambda path: path.partition('/')[2]),
  )
  paths = [path_name(path) for path, _ in jax.tree.leaves_with_path(learner.params)]
  _check(workdir, keep, paths, taken.params)
  _tell(workdir, paths, taken.params)

  def init(key: Key, batch: Batch) -> Learner:
    fresh = task.init(key, batch)
    params = _replaced(fresh.params, taken.params)
    return begin({'params': params, **_replaced(fresh.stats, taken.stats)}, tx)

  return task._replace(init=init)


def read_source(workdir: str) -> Source:
  """The parameters and statistics of a run, each array checked against its SHA-256.

  Raises:
    InputError: there is no run, or it has no checkpoint that is whole.
  """
  try:
    select = read_config(workdir)['train']['select']
    with closing(Checkpoints(Path(workdir) / 'checkpoints', read_only=True)) as checkpoints:
      arrays = checkpoints.arrays(select)
  except InputError as error:
    raise InputError(f'train.start: {error}') from error
  if not arrays:
    raise InputError(
      f'train.start={workdir!r}: that run has no {select} checkpoint; finish it first'
    )
  return Source(_below(arrays, _averages(arrays) or 'params'), _below(arrays, 'stats'))


def _averages(arrays):
  # Where the running average of `nn_zoo.train.optimizer` is: a `nn_zoo.task.Average`, by its fields.
  own = set(_below(arrays, 'params'))
  for path in arrays:
    place, field, _ = path.partition('/params/')
    if field and f'{place}/count' in arrays and own <= set(_below(arrays, f'{place}/params')):
      return f'{place}/params'
  return ''


def _below(arrays, place):
  return {
    path.removeprefix(f'{place}/'): array
    for path, array in arrays.items()
    if path.startswith(f'{place}/')
  }


def _fits(path, patterns):
  return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def _fitting(tree: Any, source: dict[str, np.ndarray], keep, short) -> dict[str, np.ndarray]:
  shapes = {path_name(path): leaf.shape for path, leaf in jax.tree.leaves_with_path(tree)}
  return {
    path: source[path]
    for path, shape in shapes.items()
    if path in source and source[path].shape == shape and _fits(short(path), keep)
  }


def _replaced(tree: Any, taken: dict[str, np.ndarray]) -> Any:
  def replace(path, leaf):
    name = path_name(path)
    return jnp.asarray(taken[name], leaf.dtype) if name in taken else leaf

  return jax.tree.map_with_path(replace, tree)


def _check(workdir, keep, paths, taken):
  if not keep:
    raise InputError("train.start_keep=(): expected patterns of what to take over, such as ('*',)")
  for pattern in keep:
    if not fnmatch.filter(paths, pattern):
      raise InputError(
        f'train.start_keep={pattern!r} fits no parameter. There are: {", ".join(paths)}'
      )
    if not fnmatch.filter(taken, pattern):
      raise InputError(
        f'train.start={workdir!r}: no parameter has the same path and shape there and fits '
        f'train.start_keep={pattern!r}; expected a run of a model like this one'
      )


def _tell(workdir, paths, taken):
  new = [path for path in paths if path not in taken]
  logging.getLogger(__name__).info(
    'from %s: %s; new: %s', workdir, ', '.join(taken), ', '.join(new) or 'nothing'
  )
