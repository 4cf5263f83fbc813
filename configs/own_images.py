"""Your own images, one folder a class: --config.data.path=FOLDER.

Paper: Simonyan & Zisserman 2014, https://arxiv.org/abs/1409.1556 (the model, much smaller).
"""

from configs import base


def get_config():
  config = base.supervised()
  config.data = {
    'name': 'image_folder',
    'path': 'images',
    'size': 64,
    'channels': 3,
    'validation': 0.1,
    'test': 0.2,
    'split_seed': 0,
  }
  config.model = {
    'name': 'convnet',
    'classes': 0,  # as many as there are folders
    'widths': (32, 64, 64, 64),
    'depth': 1,
    'hidden': 64,
    'activation': 'relu',
    'normalization': 'batch',
    'dropout': 0.3,
    'dtype': 'float32',
  }
  config.task.update({'label_smoothing': 0.05, 'top_k': 0, 'views': ()})
  config.augment = {'shift': {'pixels': 4}, 'flip': {'probability': 0.5}}
  config.optimizer.learning_rate = 3e-3
  config.optimizer.weight_decay = 1e-2
  config.optimizer.average = 0.99
  config.train.batch_size = 32
  config.train.eval_batch_size = 64
  return config
