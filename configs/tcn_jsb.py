"""A temporal convolutional network predicts the next chord of Bach's chorales, frame by frame.

Papers: Bai, Kolter & Koltun 2018, https://arxiv.org/abs/1803.01271 (8.10 nats per frame there); of the
task Boulanger-Lewandowski, Bengio & Vincent 2012, https://arxiv.org/abs/1206.6392.
Split: the published one; validation chooses the step.
Command: python -m experiments.train --config=configs/tcn_jsb.py --config.seed=SEED
Test NLL 8.36 nats per frame (validation 8.26), seed 0: 157 s of training on 2 busy cores of an Intel
Xeon, jax 0.10.2.
"""

from configs import base


def get_config():
  config = base.music()
  config.data = {'name': 'jsb_chorales', 'segment': 0}
  config.model = {
    'name': 'tcn',
    'classes': 88,
    'widths': (150, 150),
    'width': 1.0,
    'kernel_size': 3,
    'activation': 'relu',
    'dropout': 0.5,
    'every_position': True,
    'permutation': 0,
    'dtype': 'float32',
  }
  config.optimizer.learning_rate = 2e-3
  config.optimizer.weight_decay = 1e-2
  config.train.steps = 1200
  return config
