"""Whether data, task and model of a config fit one another; what does not is said in one line."""

import inspect
from collections.abc import Mapping
from typing import Any

from flax import linen as nn

from nn_zoo.config import Config
from nn_zoo.data import SOURCES
from nn_zoo.data.dataset import Dataset
from nn_zoo.errors import InputError
from nn_zoo.kinds import KINDS
from nn_zoo.models import create_model


def targets_of(data: Dataset) -> str:
  """What kind the targets of some data are, in the words of `nn_zoo.kinds.Kind`."""
  kinds = {'b': 'notes', 'i': 'tokens', 'f': 'reals', 'u': 'images'}
  if isinstance(data.train['targets'], Mapping):
    return 'texts' if data.tokenizers else 'domains'
  if data.classes:
    return 'classes' if data.train['targets'].ndim == 1 else 'labels'
  return kinds[data.train['targets'].dtype.kind]


def sized(config: Config, data: Dataset) -> dict[str, Any]:
  """The section `model`, where a vocabulary or a number of classes of 0 is as many as the data has.

  Classes are so only for tasks with an output for each; a generator with none is told none.
  """
  model, found, kind = dict(config['model']), targets_of(data), KINDS[config['task']['name']]
  known = {'vocabulary': len(data.vocabulary)}
  if data.tokenizers:
    known = dict(_token_ids(data)) if found == 'texts' else {'vocabulary': data.tokenizers[0].size}
  if kind.outputs and kind.targets in (found, 'any'):
    known['classes'] = _outputs(data)
  return model | {key: count for key, count in known.items() if model.get(key) == 0}


def positions(model: Any) -> int:
  """Tokens of a text that a model reads at most; 0 for any number, as with rotary positions."""
  return 0 if getattr(model, 'positions', '') == 'rotary' else getattr(model, 'length', 0)


def data_of(config: Config) -> Config:
  """The section `data` for `load`, with the tokens that the model reads at most where the source asks."""
  source = SOURCES.get(config['data']['name'])
  if source is None or 'positions' not in inspect.signature(source).parameters:
    return config['data']
  return {**config['data'], 'positions': positions(create_model(**config['model']))}


def _outputs(data):
  return len(data.classes) or data.train['targets'].shape[-1]


def _token_ids(data):
  source, target = data.tokenizers
  own = 0 if source.state == target.state else source.size
  return ('vocabulary', target.size), ('source_vocabulary', own)


def check_targets(config: Config, model: nn.Module, data: Dataset) -> None:
  """Raises InputError unless the task takes targets of this kind, and the model has as many outputs.

  A generator that is told classes must know as many as the data has.
  """
  name, found = config['task']['name'], targets_of(data)
  if KINDS[name].targets != found and (KINDS[name].targets != 'any' or found == 'domains'):
    fitting = ', '.join(task for task, kind in KINDS.items() if kind.targets == found)
    raise InputError(
      f'task.name={name!r} does not fit the data, whose targets are {found}; try {fitting}'
    )
  wanted = {'tokens': 'read', 'texts': 'begin'}
  if any((found == kind) != hasattr(model, method) for kind, method in wanted.items()):
    fitting = {'tokens': 'recurrent_lm', 'texts': 'seq2seq'}.get(found, 'mlp, lstm or gru')
    raise InputError(
      f'model.name={config["model"]["name"]!r} does not fit task.name={name!r}; try {fitting}'
    )
  if KINDS[name].targets == 'classes' and not KINDS[name].outputs:  # all to learn from are of one
    if classes := getattr(model, 'classes', 0):
      raise InputError(
        f'model.classes={classes}: task.name={name!r} learns from normal examples alone; expected 0'
      )
    return
  if not KINDS[name].outputs and not (data.classes and getattr(model, 'classes', 0)):
    return
  needed = _outputs(data)
  if model.classes != needed:
    shown = ', '.join(data.classes[:5]) + (', ...' if needed > 5 else '')
    what = f'{needed} classes ({shown})' if data.classes else f'{needed} target(s)'
    raise InputError(
      f'model.classes={model.classes}, but the data has {what}; set --config.model.classes={needed}'
    )


def check_vocabulary(name: str, model: nn.Module, data: Dataset) -> None:
  """Raises InputError unless the model reads as many tokens as the data has."""
  if targets_of(data) == 'texts':
    return _check_tokenizers(model, data)
  needed, taken = len(data.vocabulary), getattr(model, 'vocabulary', None)
  if data.tokenizers:
    needed = data.tokenizers[0].size
  if needed and taken is None:
    raise InputError(
      f'model.name={name!r} reads no tokens, which the data has; try text_cnn, lstm, gru or rnn'
    )
  exact = hasattr(model, 'read')  # it writes tokens, too
  if (taken or 0) < needed or (taken and not needed) or (exact and taken != needed):
    what = f'{needed} token ids' if needed else 'no tokens'
    raise InputError(
      f'model.vocabulary={taken}, but the data has {what}; set --config.model.vocabulary={needed}'
    )


def _check_tokenizers(model: nn.Module, data: Dataset) -> None:
  for key, needed in _token_ids(data):
    if (taken := getattr(model, key)) != needed:
      what = f'{needed} token ids' if needed else 'one tokenizer for both texts'
      raise InputError(
        f'model.{key}={taken}, but the data has {what}; set --config.model.{key}={needed}'
      )
