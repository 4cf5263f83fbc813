"""From a config to an experiment: the only file that imports every room."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from flax import errors as flax_errors
from flax import linen as nn

from nn_zoo import data as data_room
from nn_zoo import named
from nn_zoo.config import Config, check_config
from nn_zoo.data.augmentation import augmentation
from nn_zoo.data.bucketed import Bucketed
from nn_zoo.data.dataset import Dataset
from nn_zoo.data.kept import check, with_kept
from nn_zoo.data.preprocess import as_they_are, preparation
from nn_zoo.data.stream import Balanced, InOrder, Shuffled
from nn_zoo.data.text_file import written
from nn_zoo.data.windows import Windows
from nn_zoo.drawing import TRANSFORMERS, drawn, with_heads, with_memory
from nn_zoo.errors import InputError
from nn_zoo.fitting import check_targets, check_vocabulary, data_of, sized, targets_of
from nn_zoo.kinds import KINDS
from nn_zoo.layers.still import with_still_normalization
from nn_zoo.models import create_model
from nn_zoo.models.recurrent import RNN
from nn_zoo.report.markup import Section
from nn_zoo.task import Key, State, Task, descend
from nn_zoo.tasks import TASKS
from nn_zoo.tasks.bucketed import bucketed
from nn_zoo.tasks.precise import precise, precisely
from nn_zoo.train.evaluation import predict
from nn_zoo.train.monitor import Monitor, metric_names
from nn_zoo.train.optimizer import optimizer
from nn_zoo.train.start import started

# Data that is not augmented, and what it is.
PLAIN = {'tokens': 'a text', 'texts': 'a text', 'domains': 'images of two kinds'}


class Experiment(NamedTuple):
  """A config made into things that run.

  model, task: as the config says, for `data`.
  train, evals: the training stream, and evaluation streams by split.
  measures: name -> (predictions, targets, **settled) -> float, for figures that are not means over examples;
    several figures at once are a dictionary.
  sections: (state, inputs, targets, predictions, **settled) -> what the report shows besides the curves.
  settle: predictions for the validation examples -> settled, what measures and sections are given besides,
    such as a threshold; None if that is nothing.
  watched: 'split/figure' of the measures that are taken at every evaluation, see `train.watch`.
  at_rate: the task at a learning rate, which may be traced.
  derived: figures of a whole split -> others that follow from them.
  trouble: rows of the record -> what has gone wrong in training, in a line; '' for nothing.
  verdict: figures of a whole split -> the same of what has come out.
  draw: (state, what examples are made of, key) -> examples; None for a task that makes none.
  judged: (state, arrays of a split, seed) -> figures of examples that are not the task's outputs; or None.
  """

  model: nn.Module
  task: Task
  data: Dataset
  train: Shuffled | Balanced | Windows | Bucketed
  evals: dict[str, InOrder]
  measures: dict[str, Callable[..., float | dict[str, Any]]]
  sections: Callable[..., list[Section]]
  settle: Callable[[np.ndarray | None], dict[str, Any]] | None = None
  watched: tuple[str, ...] = ()
  at_rate: Callable[[Any], Task] | None = None
  derived: Callable[[dict[str, Any]], dict[str, Any]] = lambda values: {}
  trouble: Callable[[Sequence[Mapping[str, Any]]], str] = lambda rows: ''
  verdict: Callable[[Mapping[str, Any]], str] = lambda values: ''
  draw: Callable[[State, Any, Key], Any] | None = None
  judged: Callable[[State, Mapping[str, Any], int], dict[str, Any]] | None = None


def build(
  config: Config, fresh: bool = True, data: Dataset | None = None, folder: Path | None = None
) -> Experiment:
  """Makes an experiment, and traces its functions once, so that what cannot run is found before a run begins.

  Args:
    config: the sections data, model, task, augment, optimizer, descend and train, and seed.
    fresh: False for a run that has a checkpoint of its own, so that train.start is not read again.
    data: what config.data stands for, where it has been loaded already.
    folder: of the run, if it has been begun: its tokenizers are used as they are, its vocabulary must be
      the data's.

  Raises:
    InputError: anything in the config or the data that does not fit, in one line.
  """
  check_config(config)
  named.choose(TASKS, config['task']['name'], 'task.name')
  train = config['train']
  data = data or data_room.load(**with_kept(data_of(config), folder))
  check(folder, data)
  model = create_model(**sized(config, data))
  check_targets(config, model, data)
  check_vocabulary(config['model']['name'], model, data)
  named.check(optimizer, 'optimizer', 'optimizer', ('steps', 'factor'), 0, config['optimizer'])
  tx = optimizer(**config['optimizer'], steps=train['steps'])
  given = _given(config, data)
  name, fields = config['task']['name'], _unnamed(config['task'])
  kind = KINDS[name]
  if kind.posed:
    data = kind.posed(data, model.latent, config['seed'])
  if 'critic_optimizer' in fields:
    own = config['optimizer'] | {'average': 0.0} | fields.pop('critic_optimizer')
    given['critic_tx'] = optimizer(**own, steps=train['steps'] * fields.get('critic_steps', 1))

  stream, precision = _stream(config, data), train.get('matmul_precision', '')

  def task_of(model, tx=tx):
    task = named.call(TASKS, 'task', name, model, tx, given=given, **fields)
    task = task._replace(step=with_still_normalization(task.step, config['optimizer']['freeze']))
    task = bucketed(task, stream.shapes) if isinstance(stream, Bucketed) else task
    return precise(task, precision)

  task = task_of(model)
  evals = {
    split: InOrder(arrays, train['eval_batch_size'])
    for split, arrays in (('validation', data.validation), ('test', data.test))
    if len(jax.tree.leaves(arrays['targets'])[0])
  }
  measures = kind.measured(data) if kind.measured else kind.measures
  prepare = given.get('prepare', as_they_are)
  made = config['task'] | task._asdict() | {'data': data, 'prepare': prepare, 'measures': measures}
  made['draw'] = draw = kind.draw and precisely(partial(kind.draw, made, model), precision)
  settle = kind.settle and kind.settle(config['task'], data.validation['targets'])
  sections = _sections(config, made, model, task_of)
  split = next(iter(evals), None)  # validation, if there is any
  watched = tuple(f'{split}/{name}' for name in kind.watched if train['watch'] and split)
  experiment = Experiment(
    model,
    task,
    data,
    stream,
    evals,
    measures,
    sections,
    settle,
    watched,
    derived=kind.derived,
    trouble=kind.trouble,
    verdict=kind.verdict,
    draw=draw,
    judged=kind.beside and partial(_judged, kind.beside, kind.likeness(data), task, draw, train),
  )
  state = _rehearse(config, experiment)

  def begun(task, tx):
    kept = state, train['start'], train['start_keep']
    return started(task, tx, *kept) if fresh and train['start'] else task

  def at_rate(rate):
    unit = {**config['optimizer'], 'learning_rate': 1.0}
    scaled = optimizer(**unit, steps=train['steps'], factor=rate)
    return begun(task_of(model, scaled), scaled)

  return experiment._replace(task=begun(task, tx), at_rate=at_rate)


def _sections(config, made, model, task_of):
  kind, data, prepare = KINDS[config['task']['name']], made['data'], made['prepare']
  if kind.targets == 'tokens':
    sections = partial(kind.sections, text=partial(written, data=data))
  else:
    shown = partial(kind.shown, made, model)
    sections = partial(drawn, kind.sections, data, model, prepare, shown=shown)
    if isinstance(model, RNN) and not model.bidirectional:
      sections = partial(with_memory, sections, task_of, model, config)
  if isinstance(model, TRANSFORMERS):
    sections = partial(with_heads, sections, data, model, prepare)
  return sections


def _judged(beside, likeness, task, draw, train, state, arrays, seed):
  latents, real = beside(arrays)
  if not len(real):
    return {}
  stream = InOrder({'inputs': latents, 'targets': real}, train['eval_batch_size'])
  return likeness(predict(task._replace(predict=draw), state, stream, seed), real)


def _unnamed(section: Config) -> dict[str, Any]:
  return {key: value for key, value in section.items() if key != 'name'}


def _given(config: Config, data: Dataset) -> dict[str, Any]:
  # What a task is given besides its own fields: how its data is prepared, and how gradients are taken.
  named.check(descend, 'descend', 'descend', (), 2, config['descend'])
  given, found = {'descend': partial(descend, **config['descend'])}, targets_of(data)
  if found in PLAIN:
    if config['augment']:
      raise InputError(
        f'augment: there is none for {PLAIN[found]}; expected no keys in this section'
      )
  else:
    given['prepare'] = preparation(data.train['inputs'])
    given['augment'] = augmentation(config['augment'], len(data.classes))
  return given | KINDS[config['task']['name']].given(data)


def _stream(config: Config, data: Dataset) -> Shuffled | Balanced | Windows | Bucketed:
  batch_size, seed = config['train']['batch_size'], config['seed']
  if targets_of(data) == 'tokens':
    return Windows(data.train, batch_size, config['task']['window'], seed)
  if data.fresh:
    return data.fresh(batch_size, seed)
  if config['train']['sampling'] == 'balanced':
    return Balanced(data.train, batch_size, seed, len(data.classes))
  return Shuffled(data.train, batch_size, seed)


def _rehearse(config: Config, experiment: Experiment) -> State:
  task, key, batch = experiment.task, jax.random.key(0), experiment.train[0]
  train = config['train']
  try:
    state = jax.eval_shape(task.init, key, batch)
    jax.eval_shape(task.step, state, batch, key)
    if targets_of(experiment.data) in PLAIN:  # what writes can lack the room
      jax.eval_shape(task.predict, state, batch['inputs'], key)
    known = [*metric_names(task, experiment.evals, state), *experiment.watched]
  except InputError:
    raise
  except (TypeError, ValueError, ZeroDivisionError, flax_errors.FlaxError) as error:
    reason = str(error).strip().splitlines()[0]
    shapes = jax.tree.map(lambda array: array.shape[1:], batch['inputs'])
    raise InputError(
      f'{config["model"]["name"]} does not run on inputs of shape {shapes} with these settings: {reason}'
    ) from error
  except AttributeError as error:
    if not isinstance(batch['inputs'], Mapping):
      raise
    raise InputError(
      f'model.name={config["model"]["name"]!r} takes no sequences of unequal length, which the data has; '
      'try lstm, gru, rnn, tcn or text_cnn'
    ) from error
  Monitor(train['monitor'], train['mode'], train['patience'], [], known)
  return state
