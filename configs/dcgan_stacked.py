"""DCGAN whose critic compares pairs, its slopes penalized, on stacked MNIST: a thousand modes.

Papers: Huang et al. 2024, "The GAN is dead; long live the GAN!", https://arxiv.org/abs/2501.05441 (the loss
of Jolicoeur-Martineau 2018, https://arxiv.org/abs/1807.00734, with R1 and R2); Radford, Metz & Chintala
2016, https://arxiv.org/abs/1511.06434; of the data Lin et al. 2018, "PacGAN",
https://arxiv.org/abs/1712.04086 (DCGAN finds 99.0 modes there, PacDCGAN2 1000.0, of which KL 3.4 and 0.06).
Split: drawn triples of training digits, 128,000 to learn from, 2600 for validation; 26,000 of test digits.
Command: python -m experiments.train --config=configs/dcgan_stacked.py --config.seed=SEED
Test, seed 0: 1000 of 1000 modes, KL 0.137 nats (aim 990 and 0.2); validation 864 modes and 0.32, of 2600
images; 1040 s of training, 1495 s as a whole process, on one core of an AMD EPYC (Zen 3) with other work
beside it, jax 0.10.2.
Without pairs, validation and test: packs of two and a critic normalized by its spectrum, 10,000 steps, 621
modes and 0.98, 959 and 0.76; packs of two and a critic with batch normalization, 20,000 steps, 766 and 0.56,
997 and 0.35 (with packs of four no better after 5000 steps). Digits come unevenly there: from 3 to 20 %.
With pairs and rates of 2e-4, 6000 steps: 737 and 0.64, 988 and 0.46.
"""

from configs import base


def get_config():
  config = base.adversarial('relativistic')
  config.data = {
    'name': 'stacked_mnist',
    'train': 128_000,
    'validation': 2600,
    'test': 26_000,
    'split_seed': 0,
  }
  config.model = base.dcgan(shape=(28, 28, 3), normalization='none')
  config.task.r1 = config.task.r2 = 1.0
  config.task.critic_optimizer.learning_rate = 8e-4
  config.optimizer.learning_rate = 8e-4
  config.optimizer.b1 = 0.0
  config.optimizer.schedule = {'name': 'cosine', 'warmup': 0}
  config.train.steps = 6000
  config.train.batch_size = 64
  config.train.eval_every = 3000
  config.train.eval_batch_size = 1000
  return config
