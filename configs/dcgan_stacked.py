"""DCGAN whose critic sees packs of two and is normalized by its spectrum, on stacked MNIST: a thousand modes.

Papers: Lin et al. 2018, "PacGAN", https://arxiv.org/abs/1712.04086 (the packs; DCGAN finds 99.0 modes there,
PacDCGAN2 1000.0, of which KL 3.4 and 0.06); Radford, Metz & Chintala 2016, https://arxiv.org/abs/1511.06434;
Miyato et al. 2018, https://arxiv.org/abs/1802.05957 (spectral normalization).
Split: drawn triples of training digits, 128,000 to learn from, 2600 for validation; 26,000 of test digits.
Command: python -m experiments.train --config=configs/dcgan_stacked.py --config.seed=SEED
Test, seed 0: 959 of 1000 modes, KL 0.76 nats; aim 990 and 0.2, not reached: validation had 589 modes and 1.02
after 5000 steps, 621 and 0.98 after 10,000 (of 2600 images). 635 s as a whole process on one core of an AMD
EPYC with other work beside it, jax 0.10.2.
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
  config.model = base.dcgan(shape=(28, 28, 3), normalization='none', spectral=True)
  config.task.critic_optimizer.learning_rate = 4e-4
  config.optimizer.schedule = {'name': 'cosine', 'warmup': 0}
  config.task.pack = 2
  config.train.steps = 10_000
  config.train.batch_size = 64
  config.train.eval_every = 5000
  config.train.eval_batch_size = 1000
  return config
