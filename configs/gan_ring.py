"""A generator and a critic of dense layers on eight Gaussians around a circle.

Paper: Metz et al. 2017, "Unrolled GANs", https://arxiv.org/abs/1611.02163.
Split: drawn points by split_seed: 20,000 to train on, 2000 for validation, 2000 for test.
Command: python -m experiments.train --config=configs/gan_ring.py --config.seed=SEED
Test, seeds 0, 1, 2: 8 of 8 modes each, 94.4, 94.8, 92.5 % of the points within 3 standard deviations of one,
KL 0.0019, 0.0026, 0.0014 nats; 28 to 30 s as a whole process on one core of an AMD EPYC (Zen 4), jax 0.10.2.
"""

from configs import base


def get_config():
  config = base.points()
  config.data = {
    'name': 'gaussians_ring',
    'modes': 8,
    'radius': 2.0,
    'deviation': 0.02,
    'train': 20_000,
    'validation': 2000,
    'test': 2000,
    'split_seed': 0,
  }
  config.model.widths = (128, 128)
  config.train.steps = 10_000
  config.train.eval_every = 2500
  return config
