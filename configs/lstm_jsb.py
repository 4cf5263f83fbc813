"""An LSTM predicts the next chord of Bach's chorales: 88 keys, a frame a quarter note.

Papers: Hochreiter & Schmidhuber 1997, https://doi.org/10.1162/neco.1997.9.8.1735; of the task
Boulanger-Lewandowski, Bengio & Vincent 2012, https://arxiv.org/abs/1206.6392; of the way to count and of
the figure to compare with, 8.45, Bai, Kolter & Koltun 2018, https://arxiv.org/abs/1803.01271.
Split: the published one; validation chooses the step.
Command: python -m experiments.train --config=configs/lstm_jsb.py --config.seed=SEED
Test NLL, seeds 0, 1, 2: 8.29, 8.31, 8.29 nats per frame (validation 8.23, 8.29, 8.25): 35 to 40 s of
training on 2 busy cores of an Intel Xeon, jax 0.10.2.
"""

from configs import base


def get_config():
  config = base.music()
  config.data = {'name': 'jsb_chorales', 'segment': 0}
  config.model = base.recurrent('lstm', classes=88, units=200, every_position=True, dropout=0.5)
  config.optimizer.learning_rate = 5e-3
  config.optimizer.weight_decay = 0.1
  config.optimizer.average = 0.998
  config.train.batch_size = 4
  config.train.steps = 4000
  config.train.eval_every = 400
  return config
