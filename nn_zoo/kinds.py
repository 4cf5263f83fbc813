"""What each task brings to an experiment besides its functions; KINDS is the table of all of it."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from nn_zoo.data.dataset import Split
from nn_zoo.data.preprocess import moments
from nn_zoo.report import classification as classification_report
from nn_zoo.report import diagnosis as diagnosis_report
from nn_zoo.report import forecasting as forecasting_report
from nn_zoo.report import language as language_report
from nn_zoo.report import music as music_report
from nn_zoo.report import regression as regression_report
from nn_zoo.report.markup import Section
from nn_zoo.tasks import decisions
from nn_zoo.tasks.music import composed


class Kind(NamedTuple):
  """What a task brings besides its functions: its targets, measures, and sections of the report."""

  targets: str  # 'classes', 'reals', 'notes', or 'tokens', those that come next
  measures: dict[str, Callable[..., float | dict[str, Any]]]
  sections: Callable[..., list[Section]]
  settle: Callable[..., Callable] | None = None  # (fields, validation targets) -> Experiment.settle
  outputs: bool = True  # one for each class or target; else the task checks the model's
  given: Callable[[Split], dict[str, Any]] = lambda train: {}  # what the task is given besides
  shown: Callable[..., dict[str, Any]] = (
    lambda *_: {}
  )  # (fields, model, state, inputs), to sections


def _r2(predictions: np.ndarray, targets: np.ndarray) -> float:
  """1 - sum (y - p)^2 / sum (y - mean y)^2, the share of the variance that is explained."""
  from sklearn.metrics import r2_score

  return float(r2_score(targets, predictions))


KINDS = {
  'classification': Kind('classes', {}, classification_report.sections),
  'diagnosis': Kind(
    'classes',
    {'diagnosis': decisions.measures},
    partial(diagnosis_report.sections, decisions.measures),
    decisions.operating_point,
  ),
  'forecasting': Kind(
    'reals',
    {},
    forecasting_report.sections,
    outputs=False,
    given=lambda train: {'examples': train},
    shown=lambda fields, *_: {key: fields[key] for key in ('quantiles', 'season')},
  ),
  'language': Kind('tokens', {}, language_report.sections, outputs=False),
  'music': Kind('notes', {}, music_report.sections, shown=composed),
  'regression': Kind(
    'reals',
    {'r2': _r2},
    regression_report.sections,
    given=lambda train: dict(zip(('location', 'scale'), moments(train['targets']), strict=True)),
  ),
}
