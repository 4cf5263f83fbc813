"""Experiments: all sections with all keys, some of them still empty."""

from typing import Any

from ml_collections import ConfigDict

from configs.base.models import recurrent


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
      'watch': False,
      'matmul_precision': '',
    }
  )
  return config


def mnist(name: str = 'mnist', **fields: Any) -> dict[str, Any]:
  """The section `data` of 'mnist' or 'fashion_mnist', with `fields` instead of these."""
  data = {'name': name, 'pad': 0, 'keep': (), 'limit': 0, 'validation': 5000, 'split_seed': 0}
  return data | fields


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


def adding(name: str) -> ConfigDict:
  """A `supervised` experiment in which an 'rnn', 'lstm' or 'gru' adds two numbers far apart."""
  config = supervised()
  config.data = {'name': 'adding', 'length': 600, 'validation': 500, 'test': 1000, 'split_seed': 0}
  config.model = recurrent(name, classes=1, units=64, dropout=0.0)
  config.task = {'name': 'regression', 'loss': 'mse', 'l1': 0.0, 'l2': 0.0}
  config.optimizer.learning_rate = 2e-3
  config.optimizer.clip_norm = 1.0
  config.train.steps = 2000
  config.train.batch_size = 32
  config.train.eval_every = 500
  return config


def adversarial(loss: str = 'non_saturating') -> ConfigDict:
  """An experiment with a generator and a critic, every remedy off, judged at the last step."""
  config = supervised()
  config.task = {
    'name': 'adversarial',
    'loss': loss,
    'critic_steps': 1,
    'critic_optimizer': {'learning_rate': 2e-4},
    'label_smoothing': 0.0,
    'instance_noise': 0.0,
    'diffaugment': (),
    'gradient_penalty': 0.0,
    'r1': 0.0,
    'r2': 0.0,
    'clip_weights': 0.0,
    'pack': 1,
    'truncation': 0.0,
  }
  config.optimizer = {
    'name': 'adam',
    'learning_rate': 2e-4,
    'schedule': {'name': 'constant'},
    'weight_decay': 0.0,
    'clip_norm': 0.0,
    'clip_value': 0.0,
    'average': 0.999,
    'freeze': (),
    'b1': 0.5,
  }
  config.train.monitor = ''
  config.train.watch = True
  return config


def points() -> ConfigDict:
  """An `adversarial` experiment on points of the plane, with R1; `data` starts empty."""
  config = adversarial()
  config.model = {
    'name': 'gan_mlp',
    'shape': (2,),
    'latent': 2,
    'classes': 0,
    'widths': (128, 128),
    'activation': 'relu',
    'spectral': False,
    'batch_deviation': False,
    'dtype': 'float32',
  }
  config.task.r1 = 0.02
  config.optimizer.learning_rate = 1e-3
  config.task.critic_optimizer.learning_rate = 1e-3
  config.train.batch_size = 256
  return config


def translation() -> ConfigDict:
  """A `supervised` experiment on pairs of texts with a GRU encoder and decoder; `data` starts empty."""
  config = supervised()
  config.model = {
    'name': 'seq2seq',
    'vocabulary': 0,
    'source_vocabulary': 0,
    'cell': 'gru',
    'units': 256,
    'layers': 1,
    'embedding': 256,
    'attention': 'general',
    'tied': False,
    'dropout': 0.0,
    'dtype': 'float32',
  }
  config.task = {
    'name': 'translation',
    'label_smoothing': 0.0,
    'beam': 1,
    'length_penalty': 0.6,
    'best': 1,
    'length': 64,
  }
  return config
