"""An LSTM predicts the next frame of folk tunes with chords: 88 keys.

Papers: Hochreiter & Schmidhuber 1997, https://doi.org/10.1162/neco.1997.9.8.1735; of the task
Boulanger-Lewandowski, Bengio & Vincent 2012, https://arxiv.org/abs/1206.6392; of the way to count and of
the figure to compare with, 3.29, Bai, Kolter & Koltun 2018, https://arxiv.org/abs/1803.01271.
Split: the published one; training pieces are cut into parts of 128 frames. Validation chooses the step.
Command: python -m experiments.train --config=configs/lstm_nottingham.py --config.seed=SEED
Test NLL, seeds 0, 1, 2: 3.16, 3.20, 3.21 nats per frame (validation 3.17, 3.18, 3.20). Seed 0: 170 s of
training on 2 busy cores of an Intel Xeon; the others, side by side: 236 s on one core of an AMD EPYC, jax
0.10.2.
"""

from configs import base


def get_config():
  config = base.music()
  config.data = {'name': 'nottingham', 'segment': 128}
  config.model = base.recurrent('lstm', classes=88, units=300, every_position=True, dropout=0.5)
  config.optimizer.learning_rate = 5e-3
  config.optimizer.weight_decay = 0.1
  config.optimizer.average = 0.998
  config.train.batch_size = 8
  config.train.steps = 6000
  config.train.eval_batch_size = 16
  config.train.eval_every = 500
  return config
