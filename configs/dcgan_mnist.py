"""DCGAN on MNIST.

Paper: Radford, Metz & Chintala 2016, https://arxiv.org/abs/1511.06434.
Split: the official test images; 5000 of the training images, by split_seed, for validation.
Command: python -m experiments.train --config=configs/dcgan_mnist.py --config.seed=SEED
Not measured yet.
"""

from configs import base


def get_config():
  config = base.adversarial()
  config.data = base.mnist()
  config.model = base.dcgan()
  config.task.label_smoothing = 0.1
  config.train.steps = 8600  # 20 epochs
  config.train.batch_size = 128
  config.train.eval_every = 4300
  config.train.eval_batch_size = 1000
  config.train.watch = True
  return config
