"""A multilayer perceptron on scikit-learn's diabetes table: regression, R² beside a ridge regression.

Paper of the data: Efron et al. 2004, "Least angle regression", https://arxiv.org/abs/math/0406456.
"""

from configs import base


def get_config():
  config = base.supervised()
  config.data = {'name': 'diabetes', 'validation': 0.15, 'test': 0.25, 'split_seed': 0}
  config.model = {
    'name': 'mlp',
    'classes': 1,
    'widths': (32,),
    'activation': 'silu',
    'normalization': 'none',
    'dropout': 0.2,
    'dtype': 'float32',
  }
  config.task = {'name': 'regression', 'loss': 'mse', 'l1': 0.0, 'l2': 0.0}
  config.optimizer.learning_rate = 3e-3
  config.optimizer.weight_decay = 0.3
  config.optimizer.average = 0.99
  config.train.steps = 600
  config.train.batch_size = 64
  config.train.eval_every = 50
  config.train.log_every = 50
  config.train.select = 'best'
  return config
