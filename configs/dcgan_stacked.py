"""DCGAN whose critic sees packs of two, on stacked MNIST: a thousand modes.

Papers: Lin et al. 2018, "PacGAN", https://arxiv.org/abs/1712.04086 (the packs; DCGAN finds 99.0 modes there,
PacDCGAN2 1000.0, of which KL 3.4 and 0.06); Radford, Metz & Chintala 2016, https://arxiv.org/abs/1511.06434.
Split: drawn triples of training digits, 128,000 to learn from, 2600 for validation; 26,000 of test digits.
Command: python -m experiments.train --config=configs/dcgan_stacked.py --config.seed=SEED
Not measured yet.
"""

from configs import base


def get_config():
  config = base.adversarial()
  config.data = {
    'name': 'stacked_mnist',
    'train': 128_000,
    'validation': 2600,
    'test': 26_000,
    'split_seed': 0,
  }
  config.model = base.dcgan(shape=(28, 28, 3))
  config.task.pack = 2
  config.train.steps = 10_000
  config.train.batch_size = 64
  config.train.eval_every = 5000
  config.train.eval_batch_size = 1000
  return config
