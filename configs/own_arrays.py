"""Your own arrays, `inputs` and `targets` in one .npz: --config.data.path=FILE.npz.

Paper: Rumelhart, Hinton & Williams 1986, https://doi.org/10.1038/323533a0.
"""

from configs import base


def get_config():
  config = base.supervised()
  config.data = {
    'name': 'arrays',
    'path': 'arrays.npz',
    'classes': 0,
    'validation': 0.15,
    'test': 0.15,
    'split_seed': 0,
  }
  config.model = {
    'name': 'mlp',
    'classes': 0,  # as many as the data has
    'widths': (128, 128),
    'activation': 'relu',
    'normalization': 'none',
    'dropout': 0.2,
    'dtype': 'float32',
  }
  config.optimizer.weight_decay = 1e-2
  config.optimizer.average = 0.99
  config.train.batch_size = 32
  return config
