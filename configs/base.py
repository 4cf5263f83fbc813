"""What every config has: all sections with all keys, so that none is ever missing or parsed from a string."""

from typing import Any

from ml_collections import ConfigDict


def supervised() -> ConfigDict:
  """The sections of a supervised experiment, with the values most configs keep.

  `data`, `model` and `task` start empty of a choice; a config sets them whole.
  """
  config = ConfigDict()
  config.seed = 0
  config.data = ConfigDict()
  config.model = ConfigDict()
  config.task = ConfigDict(
    {'name': 'classification', 'loss': 'cross_entropy', 'l1': 0.0, 'l2': 0.0}
  )
  config.augment = ConfigDict()
  config.optimizer = ConfigDict(
    {
      'name': 'adamw',
      'learning_rate': 1e-3,
      'schedule': {'name': 'cosine', 'warmup': 0},
      'weight_decay': 0.0,
      'clip_norm': 0.0,
      'clip_value': 0.0,
      'average': 0.0,
      'freeze': (),
    }
  )
  config.descend = ConfigDict({'accumulate': 1, 'norms': True, 'example_norms': False})
  config.train = ConfigDict(
    {
      'steps': 1000,
      'batch_size': 128,
      'eval_batch_size': 500,
      'log_every': 100,
      'eval_every': 500,
      'steps_per_call': 0,
      'monitor': 'validation/loss',
      'mode': 'min',
      'patience': 0,
      'select': 'last',
      'sampling': 'shuffled',
      'start': '',
      'start_keep': ('*',),
    }
  )
  return config


def recurrent(name: str, **fields: Any) -> dict[str, Any]:
  """The section `model` of an 'rnn', 'lstm' or 'gru', with the values most configs keep but for `fields`."""
  model = {
    'name': name,
    'cell': {'rnn': 'rnn_tanh'}.get(name, name),
    'layers': 1,
    'bidirectional': False,
    'pool': 'last',
    'every_position': False,
    'vocabulary': 0,
    'embedding': 0,
    'reads': 'rows',
    'permutation': 0,
    'variational': False,
    'layer_norm': False,
    'dtype': 'float32',
  }
  if name == 'lstm':
    model |= {'peepholes': False, 'projection': 0, 'forget_bias': 1.0}
  return model | fields


def music() -> ConfigDict:
  """A `supervised` experiment on pieces of music, judged at the step that validation chooses."""
  config = supervised()
  config.task = {'name': 'music', 'transpose': 0, 'l1': 0.0, 'l2': 0.0}
  config.optimizer.clip_norm = 1.0
  config.optimizer.average = 0.99
  config.train.batch_size = 16
  config.train.eval_batch_size = 40
  config.train.eval_every = 100
  config.train.select = 'best'
  return config


def forecasting(season: int) -> ConfigDict:
  """A `supervised` experiment that forecasts a median and a band of 80 %; `season` is in steps."""
  config = supervised()
  config.task = {
    'name': 'forecasting',
    'season': season,
    'quantiles': (0.1, 0.5, 0.9),
    'l1': 0.0,
    'l2': 0.0,
  }
  config.optimizer.weight_decay = 1e-2
  config.optimizer.clip_norm = 1.0
  config.optimizer.average = 0.99
  config.train.batch_size = 128
  config.train.select = 'best'
  return config
