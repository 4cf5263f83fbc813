"""An autoencoder with a code of 32 numbers on MNIST.

Paper: Hinton & Salakhutdinov 2006, https://doi.org/10.1126/science.1127647.
Split: the official test images; 5000 of the training images, by split_seed, for validation.
Command: python -m experiments.train --config=configs/autoencoder_mnist.py --config.seed=SEED
Test, seeds 0, 1, 2: a mean squared error of 0.0455, 0.0457, 0.0460 in units of the pixels' variance (PCA with
32 components: 0.177); 54 to 56 s as a whole process on one core of an AMD EPYC (seeds 1 and 2), jax 0.10.2.
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
