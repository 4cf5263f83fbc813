"""Your own series, in a table (.csv or .csv.gz) with a line a time: the first column named is forecast.

Set --config.data.path=FILE --config.data.columns="('NAME',)", --config.task.season to the steps until the
series repeats itself (1 where it does not), and --config.data.time=NAME where lines may be missing.
--config.model.classes is the horizon times the number of quantiles.
Paper of the loss: Koenker & Bassett 1978, https://doi.org/10.2307/1913643.
"""

from configs import base


def get_config():
  config = base.supervised()
  config.data = {
    'name': 'series',
    'path': 'series.csv',
    'columns': ('y',),
    'time': '',
    'every': 1,
    'window': 48,
    'horizon': 12,
    'stride': 1,
    'validation': 0.15,
    'test': 0.15,
  }
  config.model = {
    'name': 'gru',
    'classes': 36,
    'cell': 'gru',
    'units': 48,
    'layers': 1,
    'bidirectional': False,
    'pool': 'last',
    'every_position': False,
    'vocabulary': 0,
    'embedding': 0,
    'reads': 'rows',
    'permutation': 0,
    'dropout': 0.1,
    'variational': False,
    'layer_norm': False,
    'dtype': 'float32',
  }
  config.task = {
    'name': 'forecasting',
    'season': 24,
    'quantiles': (0.1, 0.5, 0.9),
    'l1': 0.0,
    'l2': 0.0,
  }
  config.optimizer.learning_rate = 3e-3
  config.optimizer.weight_decay = 1e-2
  config.optimizer.clip_norm = 1.0
  config.optimizer.average = 0.99
  config.train.steps = 1000
  config.train.batch_size = 32
  config.train.eval_every = 200
  config.train.select = 'best'
  return config
