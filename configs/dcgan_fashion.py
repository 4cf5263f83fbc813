"""DCGAN on Fashion-MNIST, conditional on the kind of clothes.

Papers: Radford, Metz & Chintala 2016, https://arxiv.org/abs/1511.06434; of the data: Xiao, Rasul & Vollgraf
2017, https://arxiv.org/abs/1708.07747.
Split: the official test images; 5000 of the training images, by split_seed, for validation.
Command: python -m experiments.train --config=configs/dcgan_fashion.py --config.seed=SEED
Not measured yet.
"""

from configs import base, dcgan_mnist


def get_config():
  config = dcgan_mnist.get_config()
  config.data = base.mnist('fashion_mnist')
  return config
