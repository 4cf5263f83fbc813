"""Your own sequences: `inputs` [N, T, C], `length` [N] and `targets` in one .npz file.

Set --config.data.path=FILE.npz. `length` may be left out where all have T steps;
what stands after the end of a sequence is not read. For real targets: --config.task.name=regression
--config.task.loss=mse
Paper: Cho et al. 2014, https://arxiv.org/abs/1406.1078.
"""

from configs import base


def get_config():
  config = base.supervised()
  config.data = {
    'name': 'sequences',
    'path': 'sequences.npz',
    'classes': 0,
    'validation': 0.15,
    'test': 0.15,
    'split_seed': 0,
  }
  config.model = base.recurrent(
    'gru', classes=0, units=64, bidirectional=True, pool='max', dropout=0.2
  )
  config.optimizer.learning_rate = 3e-3
  config.optimizer.weight_decay = 1e-2
  config.optimizer.clip_norm = 1.0
  config.optimizer.average = 0.99
  config.train.batch_size = 32
  return config
