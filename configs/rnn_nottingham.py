"""Elman's network predicts the next frame of folk tunes with chords: 88 keys.

Papers: Elman 1990, https://doi.org/10.1207/s15516709cog1402_1; of the task Boulanger-Lewandowski, Bengio &
Vincent 2012, https://arxiv.org/abs/1206.6392; of the way to count and of the figure to compare with,
4.05, Bai, Kolter & Koltun 2018, https://arxiv.org/abs/1803.01271.
Split: the published one; training pieces are cut into parts of 128 frames. Validation chooses the step.
Command: python -m experiments.train --config=configs/rnn_nottingham.py --config.seed=SEED
Test NLL, seeds 0, 1, 2: 3.62, 3.58, 3.58 nats per frame (validation 3.61, 3.57, 3.55). Seed 0: 166 s of
training on 2 busy cores of an Intel Xeon, jax 0.10.2.
"""

from configs import base, lstm_nottingham


def get_config():
  config = lstm_nottingham.get_config()
  config.model = base.recurrent('rnn', classes=88, units=500, every_position=True, dropout=0.5)
  config.optimizer.learning_rate = 2e-3
  return config
