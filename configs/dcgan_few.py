"""A conditional DCGAN from 500 labelled digits of MNIST, whose examples are to help a classifier of as few.

Papers: Radford, Metz & Chintala 2016, https://arxiv.org/abs/1511.06434; Miyato & Koyama 2018,
https://arxiv.org/abs/1802.05637; Zhao et al. 2020, https://arxiv.org/abs/2006.10738 (for so few images).
Split: the official test images; 500 of the training images, by split_seed, to train on, 500 for validation.
Commands: python -m experiments.train --config=configs/dcgan_few.py --workdir=runs/few
  python -m experiments.augment --workdir=runs/few --count=5000 --seeds=5 --config=configs/lenet_mnist.py
Not measured yet.
"""

from configs import base, dcgan_digits


def get_config():
  config = dcgan_digits.get_config()
  config.data = base.mnist(limit=500, validation=500)
  config.model.shape = (28, 28, 1)
  config.train.eval_batch_size = 1000
  return config
