"""A temporal convolutional network predicts the next chord of Bach's chorales, frame by frame.

Papers: Bai, Kolter & Koltun 2018, https://arxiv.org/abs/1803.01271 (8.10 nats per frame there); of the
task Boulanger-Lewandowski, Bengio & Vincent 2012, https://arxiv.org/abs/1206.6392.
Split: the published one; validation chooses the step.
Command: python -m experiments.train --config=configs/tcn_jsb.py --config.seed=SEED
Test NLL, seeds 0, 1, 2: 8.09, 8.14, 8.13 nats per frame (validation 8.06, 8.04, 8.07), 289 s side by side
(python -m experiments.sweep --config=configs/tcn_jsb.py --seeds=3) on 2 busy cores of an Intel Xeon, jax
0.10.2. Seed 0 by itself, earlier: 8.12 (8.08), 101 s; with 150 channels and dropout of 0.5 8.17. Batches of
16 at a rate of 2e-3 gave 8.37.
"""

from configs import base


def get_config():
  config = base.music()
  config.data = {'name': 'jsb_chorales', 'segment': 0}
  config.model = {
    'name': 'tcn',
    'classes': 88,
    'widths': (150, 150),
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
  config.train.batch_size = 4
  config.train.steps = 4000
  config.train.eval_every = 300
  return config
