"""A conditional DCGAN from 500 labelled digits of MNIST, whose examples are to help a classifier of as few.

Papers: Radford, Metz & Chintala 2016, https://arxiv.org/abs/1511.06434; Miyato & Koyama 2018,
https://arxiv.org/abs/1802.05637; Zhao et al. 2020, https://arxiv.org/abs/2006.10738 (for so few images).
Split: the official test images; 500 of the training images, by split_seed, to train on, 500 for validation.
Commands: python -m experiments.train --config=configs/dcgan_few.py --workdir=runs/few
  python -m experiments.augment --workdir=runs/few --count=5000 --seeds=5 --config=configs/lenet_mnist.py \
    --config.train.steps=1500 --config.train.eval_every=500
Test, seed 0: all ten digits at 8.9 to 11.4 % each, precision 0.867, recall 0.468, density 0.715, coverage
0.562, Frechet distance 19.7, as a classifier that has learnt from the same 500 images, right about 92.9 % of
the test images, sees them; 179 s of training on one busy core of an AMD EPYC (Zen 4), jax 0.10.2.
The generated digits do not help: LeNet's test accuracy over five seeds is 96.09 % on average without them
(95.93-96.48), 95.73 % with 500 of them (95.56-95.96) and 94.83 % with 5000 (94.47-95.13), a loss of 0.36 and
1.26, whose deviations over seeds are 0.25 and 0.22.
"""

from configs import base, dcgan_digits


def get_config():
  config = dcgan_digits.get_config()
  config.data = base.mnist(limit=500, validation=500)
  config.model.shape = (28, 28, 1)
  config.train.eval_batch_size = 1000
  return config
