"""DCGAN on MNIST, its critic with spectral normalization in place of batch normalization.

Papers: Radford, Metz & Chintala 2016, https://arxiv.org/abs/1511.06434; Miyato et al. 2018,
https://arxiv.org/abs/1802.05957 (spectral normalization); Heusel et al. 2017,
https://arxiv.org/abs/1706.08500 (two rates).
Split: the official test images; 5000 of the training images, by split_seed, for validation.
Command: python -m experiments.train --config=configs/dcgan_mnist.py --config.seed=SEED
Not measured yet.
"""

from configs import base


def get_config():
  config = base.adversarial()
  config.data = base.mnist()
  config.model = base.dcgan(width=48, normalization='none', spectral=True)
  config.task.critic_optimizer.learning_rate = 4e-4
  config.optimizer.schedule = {'name': 'cosine', 'warmup': 0}
  config.train.steps = 20_000  # 23 epochs
  config.train.batch_size = 64
  config.train.eval_every = 5000
  config.train.eval_batch_size = 1000
  return config
