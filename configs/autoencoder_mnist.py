"""An autoencoder with a code of 32 numbers on MNIST.

Paper: Hinton & Salakhutdinov 2006, https://doi.org/10.1126/science.1127647.
Split: the official test images; 5000 of the training images, by split_seed, for validation.
Command: python -m experiments.train --config=configs/autoencoder_mnist.py --config.seed=SEED
Not measured yet.
"""

from configs import base


def get_config():
  config = base.supervised()
  config.data = base.mnist()
  config.model = {
    'name': 'autoencoder',
    'shape': (28, 28, 1),
    'latent': 32,
    'widths': (512, 256),
    'activation': 'relu',
    'dtype': 'float32',
  }
  config.task = {'name': 'autoencoder', 'corruption': 0.0}
  config.optimizer.average = 0.999
  config.train.steps = 4300  # 10 epochs
  config.train.eval_every = 860
  config.train.eval_batch_size = 1000
  return config
