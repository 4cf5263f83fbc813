"""DCGAN on scikit-learn's embedded digits at 16 x 16 pixels, conditional on the digit: no file needed.

Papers: Radford, Metz & Chintala 2016, https://arxiv.org/abs/1511.06434 (the nets);
Miyato & Koyama 2018, https://arxiv.org/abs/1802.05637 (projection of the class);
Zhao et al. 2020, https://arxiv.org/abs/2006.10738 (differentiable augmentation, as there are 1258 images).
Split: one permutation of the 1797 images by split_seed; 359 test, 180 validation, 1258 to train on.
Command: python -m experiments.train --config=configs/dcgan_digits.py --config.seed=SEED
Test, seed 0: precision 0.944, recall 0.819, density 1.06, coverage 0.939, Frechet distance 5.99, in the
features of a classifier trained on the same images, which sees all ten digits at 7.8 to 11.7 % each
(jax 0.10.2, CPU).
Measured by a classifier of 1500 steps, of the generator with its latest, not its averaged statistics; not
since.
"""

from configs import base


def get_config():
  config = base.adversarial()
  config.data = {
    'name': 'digits',
    'scale': 2,
    'keep': (),
    'limit': 0,
    'validation': 0.1,
    'test': 0.2,
    'split_seed': 0,
  }
  config.model = base.dcgan(
    shape=(16, 16, 1), latent=32, classes=10, normalization='none', spectral=True
  )
  config.task.diffaugment = ('translation',)
  config.optimizer.average = 0.995
  config.task.critic_optimizer.learning_rate = 4e-4
  config.train.steps = 4000
  config.train.batch_size = 64
  config.train.eval_every = 1000
  return config
