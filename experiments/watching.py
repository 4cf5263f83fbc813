"""What is looked at during a run besides its metrics: its trouble and, if asked for, all measures."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from experiments.outcome import measures
from nn_zoo.build import Experiment
from nn_zoo.task import State
from nn_zoo.train.evaluation import predict
from nn_zoo.train.record import Record

Watch = Callable[[int, State], dict[str, dict[str, float]]]

FOLDER, FIRST = 'watched', 8  # of the run; outputs that are kept
WATCHED = ('validation', 'test')  # the first of these that there is


def watching(experiment: Experiment, config: Mapping[str, Any], folder: Path) -> Watch | None:
  """A function for `fit` that measures at every evaluation, or None if that is not asked for.

  The measures are of the validation examples, or of the test examples if there are none. The outputs of the
  first eight go into watched/STEP.npz of the run's folder.
  """
  split = next((split for split in WATCHED if split in experiment.evals), None)
  if not config['train'].get('watch') or split is None or experiment.settle:
    return None
  stream = experiment.evals[split]
  (folder / FOLDER).mkdir(exist_ok=True)

  def watch(step: int, state: State) -> dict[str, dict[str, float]]:
    outputs = predict(experiment.task, state, stream, config['seed'])
    if isinstance(outputs, np.ndarray):
      np.savez(folder / FOLDER / f'{step:08d}.npz', outputs=outputs[:FIRST])
    found = measures(experiment, state, split, outputs, config['seed'], f'step {step},')
    return {split: {name: value for name, value in found.items() if isinstance(value, float)}}

  return watch


def alert(experiment: Experiment, record: Record, watch: Watch | None) -> Watch:
  """The function `watch`, or one that measures nothing, which logs what has gone wrong once it has."""
  logged: list[str] = []

  def observe(step: int, state: State) -> dict[str, dict[str, float]]:
    trouble = experiment.trouble(record.rows)
    if trouble and not logged:
      logging.getLogger(__name__).warning(trouble)
      logged.append(trouble)
    return watch(step, state) if watch else {}

  return observe


def watched(folder: Path) -> list[tuple[int, np.ndarray]]:
  """(step, first outputs) of every evaluation of a run that was watched, in order."""
  files = sorted((folder / FOLDER).glob('*.npz'))
  found = []
  for file in files:
    with np.load(file, allow_pickle=False) as archive:
      found.append((int(file.stem), archive['outputs']))
  return found
