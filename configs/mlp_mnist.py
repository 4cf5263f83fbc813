"""A multilayer perceptron, 784-512-512-10 with dropout, on MNIST.

Paper: Srivastava et al. 2014, "Dropout", https://jmlr.org/papers/v15/srivastava14a.html.
Split: the official test images; 5000 of the training images, by split_seed, for validation.
Command: python -m experiments.train --config=configs/mlp_mnist.py --config.seed=SEED
Test accuracy, seeds 0, 1, 2: 98.66, 98.50, 98.49 %; 58-76 s as a whole process, 44 s of them training
(2 busy cores of an Intel Xeon at 2.3 GHz, jax 0.10.2).
"""

from configs import base


def get_config():
  config = base.supervised()
  config.data = base.mnist()
  config.model = {
    'name': 'mlp',
    'classes': 10,
    'widths': (512, 512),
    'activation': 'relu',
    'normalization': 'none',
    'dropout': 0.35,
    'dtype': 'float32',
  }
  config.task.update({'label_smoothing': 0.0, 'top_k': 3, 'views': ()})
  config.optimizer.learning_rate = 1e-3
  config.optimizer.weight_decay = 1e-2
  config.optimizer.average = 0.999
  config.train.steps = 8600  # 20 epochs
  config.train.eval_every = 860
  config.train.eval_batch_size = 1000
  return config
