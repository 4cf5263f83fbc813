"""WGAN with a gradient penalty on MNIST: five steps of a critic with layer normalization a step.

Paper: Gulrajani et al. 2017, "Improved training of Wasserstein GANs", https://arxiv.org/abs/1704.00028.
Split: the official test images; 5000 of the training images, by split_seed, for validation.
Command: python -m experiments.train --config=configs/wgan_gp_mnist.py --config.seed=SEED
Not measured yet.
"""

from configs import base


def get_config():
  config = base.adversarial('wasserstein')
  config.data = base.mnist()
  config.model = base.dcgan(normalization='layer')
  config.task.critic_steps = 5
  config.task.gradient_penalty = 10.0
  config.optimizer.learning_rate = 1e-4
  config.optimizer.b1 = 0.0
  config.task.critic_optimizer.learning_rate = 1e-4
  config.train.steps = 10_000
  config.train.batch_size = 320  # five slices of 64
  config.train.eval_every = 5000
  config.train.eval_batch_size = 1000
  return config
