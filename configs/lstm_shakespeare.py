"""A character language model of Shakespeare's plays: one LSTM, its state carried through the text.

Paper: Karpathy 2015, "The unreasonable effectiveness of recurrent neural networks",
https://karpathy.github.io/2015/05/21/rnn-effectiveness/ (data and idea).
Split: the last 111540 characters, a tenth, for validation, as is customary; they are read from their
beginning to their end.
Command: python -m experiments.train --config=configs/lstm_shakespeare.py
Validation 1.526 nats a character (2.202 bits), seed 0: 947 s of training on 2 cores of an Intel Xeon with
AVX-512 that had much other work to do at the time, jax 0.10.2.
"""

from configs import base


def get_config():
  config = base.supervised()
  config.data = {'name': 'tiny_shakespeare', 'validation': 111540, 'test': 0}
  config.model = {
    'name': 'recurrent_lm',
    'vocabulary': 66,
    'cell': 'lstm',
    'units': 384,
    'layers': 1,
    'embedding': 0,
    'tied': False,
    'dropout': 0.2,
    'variational': False,
    'layer_norm': False,
    'dtype': 'float32',
  }
  config.task = {
    'name': 'language',
    'window': 64,
    'length': 1000,
    'temperature': 0.8,
    'top_k': 0,
    'top_p': 1.0,
    'min_p': 0.0,
  }
  config.optimizer.learning_rate = 4e-3
  config.optimizer.schedule.warmup = 100
  config.optimizer.clip_norm = 1.0
  config.train.steps = 5000  # 10 epochs
  config.train.batch_size = 32
  config.train.eval_batch_size = 1
  config.train.eval_every = 1000
  config.train.select = 'best'
  return config
