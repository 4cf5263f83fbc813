"""A temporal convolutional network predicts the next chord of Bach's chorales, frame by frame.

Papers: Bai, Kolter & Koltun 2018, https://arxiv.org/abs/1803.01271 (8.10 nats per frame there); of the
task Boulanger-Lewandowski, Bengio & Vincent 2012, https://arxiv.org/abs/1206.6392.
Split: the published one; validation chooses the step.
Command: python -m experiments.train --config=configs/tcn_jsb.py --config.seed=SEED
Test NLL, seeds 0, 1, 2: 8.08, 8.10, 8.07 nats per frame, mean 8.084 (validation 8.08, 8.03, 8.01; aim 8.10);
566 s side by side (python -m experiments.sweep --config=configs/tcn_jsb.py --seeds=3) on one busy core of
an AMD EPYC (Zen 4), jax 0.10.2.
Means of three seeds with widths of 150, validation and test: 8.06 and 8.110; 10,000 steps 8.112 in test;
dropout of 0.65 8.165; batches of 4 and 4000 steps 8.12, with kernels of 5 and an average of 0.999 8.18.
Single runs: with dropout of 0.5 8.17; batches of 16 at a rate of 2e-3 8.37.
"""

from configs import base


def get_config():
  config = base.music()
  config.data = {'name': 'jsb_chorales', 'segment': 0}
  config.model = {
    'name': 'tcn',
    'classes': 88,
    'widths': (200, 200),
    'width': 1.5,
    'kernel_size': 3,
    'activation': 'relu',
    'dropout': 0.6,
    'every_position': True,
    'permutation': 0,
    'dtype': 'float32',
  }
  config.optimizer.learning_rate = 8e-3
  config.optimizer.weight_decay = 0.15
  config.optimizer.average = 0.998
  config.train.batch_size = 2
  config.train.steps = 6000
  config.train.eval_every = 400
  return config
