"""From a config to an experiment: the only file that imports every room."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from flax import linen as nn

from nn_zoo import data as data_room
from nn_zoo import named
from nn_zoo.data.augmentation import augmentation
from nn_zoo.data.dataset import Dataset
from nn_zoo.data.preprocess import moments, standardise
from nn_zoo.data.stream import InOrder, Shuffled
from nn_zoo.errors import InputError
from nn_zoo.models import MODELS
from nn_zoo.report import classification as classification_report
from nn_zoo.report import regression as regression_report
from nn_zoo.report.filters import section as first_filters
from nn_zoo.report.markup import Section
from nn_zoo.task import State, Task, averaged, descend
from nn_zoo.tasks import TASKS
from nn_zoo.train.optimizer import optimizer

Config = Mapping[str, Any]


class Experiment(NamedTuple):
  """A config made into things that run.

  model, task: as the config says, for `data`.
  train, evals: the training stream, and evaluation streams by split.
  measures: name -> (predictions, targets) -> float, for figures that are not means over examples.
  sections: (state, inputs, targets, predictions) -> what the report shows besides the curves.
  """

  model: nn.Module
  task: Task
  data: Dataset
  train: Shuffled
  evals: dict[str, InOrder]
  measures: dict[str, Callable[[np.ndarray, np.ndarray], float]]
  sections: Callable[[State, np.ndarray, np.ndarray, np.ndarray], list[Section]]


def build(config: Config) -> Experiment:
  """Makes an experiment; `config` has the sections seed, data, model, task, augment, optimizer, descend, train.

  Raises:
    InputError: anything in the config or the data that does not fit, in one line.
  """
  _check_sections(config)
  fields = {name: dict(config[name]) for name in _SECTIONS}
  data = data_room.load(**fields['data'])
  model = named.call(MODELS, 'model', **fields['model'])
  _check_classes(model, data)
  train_fields = fields['train']
  named.check(_train_schema, 'train', 'train', (), 0, train_fields)
  tx = optimizer(**fields['optimizer'], steps=train_fields['steps'])
  task_name = fields['task'].pop('name')
  given = _given(task_name, config, data)
  task = named.call(TASKS, 'task', task_name, model, tx, given=given, **fields['task'])
  train = Shuffled(data.train, train_fields['batch_size'], config['seed'])
  if train_fields['batch_size'] % given['descend'].keywords['accumulate']:
    raise InputError(
      f'descend.accumulate={given["descend"].keywords["accumulate"]} does not divide '
      f'train.batch_size={train_fields["batch_size"]}'
    )
  evals = {
    split: InOrder(arrays, train_fields['eval_batch_size'])
    for split, arrays in (('validation', data.validation), ('test', data.test))
    if len(arrays['targets'])
  }
  return Experiment(
    model, task, data, train, evals, _MEASURES[task_name], _sections(task_name, data)
  )


_SECTIONS = ('data', 'model', 'task', 'augment', 'optimizer', 'descend', 'train')


def _train_schema(
  *,
  steps: int,
  batch_size: int,
  eval_batch_size: int,
  log_every: int,
  eval_every: int,
  steps_per_call: int,
  monitor: str,
  mode: str,
  patience: int,
  select: str,
):
  """The keys of config.train and their types; `fit` explains them."""


def _check_sections(config: Config) -> None:
  for name in (*_SECTIONS, 'seed'):
    if name not in config:
      raise InputError(f'config.{name} is missing; a config has {", ".join(_SECTIONS)} and seed')
  for name in config:
    if name not in (*_SECTIONS, 'seed'):
      near = named.nearest(name, _SECTIONS)
      raise InputError(
        f'config.{name}: no such section.{near} A config has {", ".join(_SECTIONS)}, seed'
      )


def _check_classes(model: nn.Module, data: Dataset) -> None:
  targets = data.train['targets']
  needed = len(data.classes) or targets.shape[-1]
  if model.classes != needed:
    what = f'{needed} classes ({", ".join(data.classes[:5])}{", ..." if needed > 5 else ""})'
    raise InputError(
      f'config.model.classes={model.classes}, but the data has '
      f'{what if data.classes else f"{needed} target(s)"}; set config.model.classes={needed}'
    )


def _given(task_name: str, config: Config, data: Dataset) -> dict[str, Any]:
  # What a task is given besides its own fields: how its data is prepared, and how gradients are taken.
  named.check(descend, 'descend', 'descend', (), 2, config['descend'])
  if (task_name == 'classification') != bool(data.classes):
    kind = 'classes' if data.classes else 'real targets'
    raise InputError(f'task.name={task_name!r} does not fit the data, which has {kind}')
  given = {
    'prepare': standardise(*moments(data.train['inputs'])),
    'augment': augmentation(config['augment'], len(data.classes)),
    'descend': partial(descend, **config['descend']),
  }
  if task_name == 'regression':
    given['location'], given['scale'] = moments(data.train['targets'])
  return given


def _r2(predictions: np.ndarray, targets: np.ndarray) -> float:
  """1 - sum (y - p)^2 / sum (y - mean y)^2, the share of the variance that is explained."""
  from sklearn.metrics import r2_score

  return float(r2_score(targets, predictions))


_MEASURES = {'classification': {}, 'regression': {'r2': _r2}}


def _sections(task_name: str, data: Dataset):
  if task_name == 'classification':
    draw = partial(classification_report.sections, classes=data.classes)
  else:
    draw = regression_report.sections

  def sections(state, inputs, targets, predictions):
    drawn = draw(inputs, targets, predictions)
    if inputs.ndim == 4:
      filters = first_filters(jax.device_get(averaged(state)), inputs.shape[1:])
      drawn += [filters] if filters else []
    return drawn

  return sections
