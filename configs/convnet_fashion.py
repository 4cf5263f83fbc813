"""A convolutional net of 77,786 parameters on Fashion-MNIST.

Paper of the data: Xiao, Rasul & Vollgraf 2017, "Fashion-MNIST", https://arxiv.org/abs/1708.07747.
Split: the official test images; 5000 of the training images, by split_seed, for validation.
Not measured yet in this form. Widths (32, 64, 64) with a hidden layer of 64, shifts of 2 pixels, dropout 0.3,
label smoothing 0.05 and 6450 steps gave 92.02 % (seed 0).
"""

from configs import base


def get_config():
  config = base.supervised()
  config.data = {'name': 'fashion_mnist', 'pad': 0, 'validation': 5000, 'split_seed': 0}
  config.model = {
    'name': 'convnet',
    'classes': 10,
    'widths': (16, 32, 64),
    'depth': 2,
    'hidden': 0,
    'activation': 'relu',
    'normalization': 'batch',
    'dropout': 0.2,
    'dtype': 'float32',
  }
  config.task.update({'label_smoothing': 0.0, 'top_k': 3})
  config.augment = {'shift': {'pixels': 1}, 'flip': {'probability': 0.5}}
  config.optimizer.learning_rate = 3e-3
  config.optimizer.weight_decay = 1e-2
  config.optimizer.average = 0.999
  config.train.steps = 6880  # 16 epochs
  config.train.eval_every = 860
  config.train.eval_batch_size = 1000
  return config
