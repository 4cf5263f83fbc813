"""A Transformer reads dates in 20 written forms and writes them as ISO 8601 has them: no file needed.

Paper: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762.
Data: 20000 dates drawn; no tested text is trained on.
Command: python -m experiments.train --config=configs/transformer_dates.py
Test, seed 0: 99.4 % of 2000 texts exact; 25 s of training, 44 s as a whole process (2 cores of an AMD EPYC,
jax 0.10.2).
"""

from configs import base


def get_config():
  config = base.translation()
  config.data = {
    'name': 'dates',
    'examples': 20000,
    'validation': 1000,
    'test': 2000,
    'split_seed': 0,
  }
  config.model = base.transformer(
    vocabulary=49, width=64, hidden=128, heads=4, encoder_layers=2, decoder_layers=2, length=40
  )
  config.task.length = 12
  config.optimizer.learning_rate = 2e-3
  config.optimizer.schedule.warmup = 200
  config.optimizer.clip_norm = 1.0
  config.train.steps = 2000
  config.train.batch_size = 64
  config.train.eval_every = 500
  return config
