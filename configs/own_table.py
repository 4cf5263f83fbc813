"""Your own numeric table with a header: --config.data.path=FILE.csv --config.data.target=COLUMN.

For real targets: --config.data.classification=false --config.task.name=regression --config.task.loss=mse
"""

from configs import base


def get_config():
  config = base.supervised()
  config.data = {
    'name': 'csv',
    'path': 'table.csv',
    'target': 'target',
    'classification': True,
    'validation': 0.15,
    'test': 0.15,
    'split_seed': 0,
  }
  config.model = {
    'name': 'mlp',
    'classes': 0,  # as many as the data has
    'widths': (64, 64),
    'activation': 'relu',
    'normalization': 'none',
    'dropout': 0.2,
    'dtype': 'float32',
  }
  config.optimizer.weight_decay = 1e-2
  config.optimizer.average = 0.99
  config.train.batch_size = 32
  config.train.select = 'best'
  config.train.eval_every = 100
  return config
