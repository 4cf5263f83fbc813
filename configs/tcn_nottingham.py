"""A temporal convolutional network predicts the next frame of folk tunes with chords: 88 keys.

Papers: Bai, Kolter & Koltun 2018, https://arxiv.org/abs/1803.01271 (3.07 nats per frame there); of the
task Boulanger-Lewandowski, Bengio & Vincent 2012, https://arxiv.org/abs/1206.6392.
Split: the published one; training pieces are cut into parts of 128 frames. Validation chooses the step.
Command: python -m experiments.train --config=configs/tcn_nottingham.py --config.seed=SEED
Test NLL, seeds 0, 1, 2: 3.05, 3.03, 2.99 nats per frame (validation 3.02, 3.01, 2.96; best steps 9000, 8000,
8000). Seed 0: 397 s of training on one core of an AMD EPYC, jax 0.10.2. With dropout of 0.4, kernels of 6 and
half the steps it is 3.25, in parts of 512 frames 3.27; with dropout of 0.25, kernels of 5 and half the steps
3.15.
"""

from configs import lstm_nottingham, tcn_jsb


def get_config():
  config = lstm_nottingham.get_config()
  config.model = tcn_jsb.get_config().model
  config.model.update({'widths': (150,) * 4, 'width': 1.0, 'kernel_size': 5, 'dropout': 0.2})
  config.train.steps = 12_000
  config.train.eval_every = 1000
  return config
