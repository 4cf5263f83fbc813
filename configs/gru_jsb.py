"""A GRU predicts the next chord of Bach's chorales: 88 keys, a frame a quarter note.

Papers: Cho et al. 2014, https://arxiv.org/abs/1406.1078; of the task Boulanger-Lewandowski, Bengio &
Vincent 2012, https://arxiv.org/abs/1206.6392; of the way to count and of the figure to compare with,
8.43, Bai, Kolter & Koltun 2018, https://arxiv.org/abs/1803.01271.
Split: the published one; validation chooses the step.
Command: python -m experiments.train --config=configs/gru_jsb.py --config.seed=SEED
Test NLL, seeds 0, 1, 2: 8.37, 8.39, 8.36 nats per frame (validation 8.33, 8.37, 8.33): 33 s of training
on 2 busy cores of an Intel Xeon, jax 0.10.2. A batch of 16 in place of 4 gave 8.47 and more.
"""

from configs import base


def get_config():
  config = base.music()
  config.data = {'name': 'jsb_chorales', 'segment': 0}
  config.model = base.recurrent('gru', classes=88, units=200, every_position=True, dropout=0.5)
  config.optimizer.learning_rate = 5e-3
  config.optimizer.weight_decay = 0.1
  config.optimizer.average = 0.998
  config.train.batch_size = 4
  config.train.steps = 4000
  config.train.eval_every = 400
  return config
