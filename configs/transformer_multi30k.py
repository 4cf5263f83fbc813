"""A Transformer translates captions of photographs from German to English.

Papers: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762; data of Elliott et al. 2016,
https://arxiv.org/abs/1605.00459.
Split: 29000 captions to learn from, 1014 to choose by, the 1000 of the test set of 2016.
Command: python -m experiments.train --config=configs/transformer_multi30k.py
Not measured yet.
"""

from configs import base, gru_multi30k


def get_config():
  config = gru_multi30k.get_config()
  config.model = base.transformer(vocabulary=8000, dropout=0.3)
  config.optimizer.learning_rate = 1.5e-3
  config.optimizer.b2 = 0.98
  config.optimizer.schedule = {'name': 'inverse_sqrt', 'warmup': 1000, 'timescale': 1000}
  return config
