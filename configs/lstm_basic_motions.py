"""An LSTM tells what a person does from what a smart watch measures: 4 motions, 6 channels, 100 steps.

Paper of the network: Hochreiter & Schmidhuber 1997, https://doi.org/10.1162/neco.1997.9.8.1735; of the data:
Bagnall et al. 2018, https://arxiv.org/abs/1811.00075.
Split: the official test recordings; 8 of the 40 training recordings, by split_seed, for validation.
Command: python -m experiments.train --config=configs/lstm_basic_motions.py --config.seed=SEED
Test accuracy at the last step, seeds 0, 1, 2: 100, 100, 82.5 % of 40 (the last at a training accuracy of
99.6 %: 32 recordings do not settle it). 0.6-0.9 s of training, 21-24 s as a whole process (2 cores of an
Intel Xeon with AVX-512, jax 0.10.2).
"""

from configs import base


def get_config():
  config = base.supervised()
  config.data = {'name': 'basic_motions', 'validation': 8, 'split_seed': 0}
  config.model = base.recurrent('lstm', classes=4, units=32, pool='max', dropout=0.5)
  config.task.update({'label_smoothing': 0.0, 'top_k': 0, 'views': ()})
  config.optimizer.learning_rate = 5e-3
  config.optimizer.weight_decay = 1e-2
  config.optimizer.clip_norm = 1.0
  config.train.steps = 400
  config.train.batch_size = 16
  config.train.eval_every = 100
  return config
