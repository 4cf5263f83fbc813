"""Your own texts, one a line of a table with a header, .csv or .tsv: sentiment, topics, spam.

Set --config.data.path=FILE.csv --config.data.text=COLUMN --config.data.label=COLUMN.
Paper: Kim 2014, https://arxiv.org/abs/1408.5882.
"""

from configs import base


def get_config():
  config = base.supervised()
  config.data = {
    'name': 'text',
    'path': 'texts.csv',
    'text': 'text',
    'label': 'label',
    'validation': 0.1,
    'test': 0.1,
    'split_seed': 0,
    'min_count': 2,
    'vocabulary': 20000,
    'length': 256,
  }
  config.model = {
    'name': 'text_cnn',
    'classes': 0,  # as many as the data has
    'vocabulary': 0,  # as many as the data has, at most what data.vocabulary says
    'embedding': 128,
    'kernel_sizes': (3, 4, 5),
    'maps': 100,
    'width': 1.0,
    'activation': 'relu',
    'dropout': 0.5,
    'dtype': 'float32',
  }
  config.optimizer.weight_decay = 1e-2
  config.optimizer.average = 0.99
  config.train.batch_size = 32
  config.train.select = 'best'
  config.train.eval_every = 100
  return config
