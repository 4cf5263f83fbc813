"""Your own table with a column of 0 (normal) and 1 (anomaly): --config.data.path=FILE.csv finds those.

Set --config.data.target=COLUMN, and --config.model.shape="(N,)" for N columns of inputs. Anomalies are not
learnt from: all of them are tested.
Paper: Hawkins et al. 2002, https://doi.org/10.1007/3-540-46145-0_17.
"""

from configs import base


def get_config():
  config = base.supervised()
  config.data = {
    'name': 'anomaly_table',
    'path': '',
    'target': 'anomaly',
    'validation': 0.1,
    'test': 0.3,
    'split_seed': 0,
  }
  config.model = {
    'name': 'autoencoder',
    'shape': (3,),
    'latent': 2,
    'widths': (64, 32),
    'activation': 'tanh',
    'dtype': 'float32',
  }
  config.task = {'name': 'anomaly', 'corruption': 0.0}
  config.optimizer.average = 0.99
  config.optimizer.learning_rate = 3e-3
  config.train.batch_size = 32
  return config
