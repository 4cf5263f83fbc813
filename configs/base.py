"""What every config has: all sections with all keys, so that none is ever missing or parsed from a string."""

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
