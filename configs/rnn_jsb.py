"""Elman's network predicts the next chord of Bach's chorales: 88 keys, a frame a quarter note.

Papers: Elman 1990, https://doi.org/10.1207/s15516709cog1402_1; of the task Boulanger-Lewandowski, Bengio
& Vincent 2012, https://arxiv.org/abs/1206.6392; of the way to count and of the figure to compare with,
8.91, Bai, Kolter & Koltun 2018, https://arxiv.org/abs/1803.01271.
Split: the published one; validation chooses the step.
Command: python -m experiments.train --config=configs/rnn_jsb.py --config.seed=SEED
Test NLL, seeds 0, 1, 2: 8.82, 8.80, 8.82 nats per frame (validation 8.72, 8.70, 8.72): 42 s of training
on 2 busy cores of an Intel Xeon, jax 0.10.2.
"""

from configs import base


def get_config():
  config = base.supervised()
  config.data = {'name': 'jsb_chorales', 'segment': 0}
  config.model = {
    'name': 'rnn',
    'classes': 88,
    'cell': 'rnn_tanh',
    'units': 200,
    'layers': 1,
    'bidirectional': False,
    'pool': 'last',
    'every_position': True,
    'vocabulary': 0,
    'embedding': 0,
    'reads': 'rows',
    'permutation': 0,
    'dropout': 0.5,
    'variational': False,
    'layer_norm': False,
    'dtype': 'float32',
  }
  config.task = {'name': 'music', 'transpose': 0, 'l1': 0.0, 'l2': 0.0}
  config.optimizer.learning_rate = 2e-3
  config.optimizer.weight_decay = 1e-2
  config.optimizer.clip_norm = 1.0
  config.optimizer.average = 0.99
  config.train.steps = 1200
  config.train.batch_size = 16
  config.train.eval_batch_size = 40
  config.train.eval_every = 100
  config.train.select = 'best'
  return config
