"""The figures of a finished run, computed in the one way that training and evaluation share."""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from nn_zoo.build import Experiment
from nn_zoo.data.dataset import take
from nn_zoo.errors import InputError
from nn_zoo.task import State
from nn_zoo.train.checkpoint import Checkpoints, Saved
from nn_zoo.train.evaluation import evaluate, evaluation, predict


class Finished(NamedTuple):
  """What a run left: its name, results.json, and the rows of metrics.jsonl."""

  name: str
  results: Mapping[str, Any]
  rows: Sequence[Mapping[str, Any]]


def finished(folder: Path) -> Finished:
  """Reads what a finished run left in its folder.

  Raises:
    InputError: there is none.
  """
  try:
    results = json.loads((folder / 'results.json').read_text())
    lines = (folder / 'metrics.jsonl').read_text().splitlines()
  except (OSError, ValueError) as error:
    raise InputError(
      f'workdir {folder}: there is no finished run; expected results.json and metrics.jsonl'
    ) from error
  return Finished(f'{results["name"]} ({folder.name})', results, [*map(json.loads, lines)])


def selected(experiment: Experiment, workdir: Path, select: str, seed: int) -> Saved:
  """The checkpoint that a run is judged by: 'last' or 'best'.

  Raises:
    InputError: the workdir has none, or `select` is another word.
  """
  if select not in ('last', 'best'):
    raise InputError(f"train.select={select!r}: expected 'last' or 'best'")
  like = jax.eval_shape(experiment.task.init, jax.random.key(seed), experiment.train[0])
  checkpoints = Checkpoints(workdir / 'checkpoints', read_only=True)
  saved = (checkpoints.best if select == 'best' else checkpoints.latest)(like)
  checkpoints.close()
  if saved is None:
    hint = ' (train.monitor decides which is best)' if select == 'best' else ''
    raise InputError(f'workdir {workdir}: it has no {select} checkpoint{hint}')
  return saved


def figures(experiment: Experiment, state: State, seed: int) -> dict[str, dict[str, Any]]:
  """Every metric and measure by split, as plain numbers and lists."""
  table = {}
  for split, stream in experiment.evals.items():
    calls = evaluation(experiment.task, stream, state, seed)
    table[split] = evaluate(calls, state, len(stream))
  return measured(experiment, state, seed, table)


def measured(
  experiment: Experiment,
  state: State,
  seed: int,
  metrics: Mapping[str, Mapping[str, np.ndarray]],
  about: str = '',
) -> dict[str, dict[str, Any]]:
  """Metrics by split, and every measure with them, as plain numbers and lists.

  A verdict on them is logged, with the words `about` before it.
  """
  table, given = {}, settled(experiment, state, seed)
  for split, stream in experiment.evals.items():
    values = {name: _plain(value) for name, value in metrics[split].items()}
    values |= experiment.derived(values)
    predictions = predict(experiment.task, state, stream, seed) if experiment.measures else None
    values |= measures(experiment, state, split, predictions, seed, about, **given)
    table[split] = values
  return table


def measures(
  experiment: Experiment,
  state: State,
  split: str,
  predictions: Any,
  seed: int,
  about: str = '',
  **given: Any,
) -> dict[str, Any]:
  """What is measured of all predictions for a split, and of examples that are made beside them.

  A verdict on that is logged, see `measured`.
  """
  stream, values = experiment.evals[split], {}
  arrays = take(stream.arrays, slice(stream.examples))
  for name, measure in experiment.measures.items():
    value = measure(predictions, arrays['targets'], **given)
    values |= value if isinstance(value, dict) else {name: value}
  if experiment.judged:
    values |= experiment.judged(state, arrays, seed)
  if verdict := experiment.verdict(values):
    logging.getLogger(__name__).warning('%s: %s', f'{about} {split}'.strip(), verdict)
  return values


def settled(experiment: Experiment, state: State, seed: int) -> dict[str, Any]:
  """What measures and sections are given besides predictions, chosen on the validation examples."""
  if experiment.settle is None:
    return {}
  stream = experiment.evals.get('validation')
  return experiment.settle(predict(experiment.task, state, stream, seed) if stream else None)


def lines(table: dict[str, dict[str, Any]]) -> str:
  """The scalar figures as text, a split a line."""
  rows = []
  for split, values in table.items():
    scalars = [f'{name} {value:.6g}' for name, value in values.items() if isinstance(value, float)]
    rows.append(f'{split}: ' + '  '.join(scalars))
  return '\n'.join(rows)


def _plain(value: np.ndarray) -> Any:
  # JSON has no NaN: the precision of a class that was never predicted is null.
  array = np.asarray(value, np.float64)
  return np.where(np.isfinite(array), array.astype(object), None).tolist()
