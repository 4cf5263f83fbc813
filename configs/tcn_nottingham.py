"""A temporal convolutional network predicts the next frame of folk tunes with chords: 88 keys.

Papers: Bai, Kolter & Koltun 2018, https://arxiv.org/abs/1803.01271 (3.07 nats per frame there); of the
task Boulanger-Lewandowski, Bengio & Vincent 2012, https://arxiv.org/abs/1206.6392.
Split: the published one; training pieces are cut into parts of 128 frames. Validation chooses the step.
Command: python -m experiments.train --config=configs/tcn_nottingham.py --config.seed=SEED
Test NLL 3.25 nats per frame (validation 3.25), seed 0: 459 s of training on 2 busy cores of an Intel
Xeon, jax 0.10.2. With parts of 512 frames, four at a time, it is 3.27 (3.27): what lacks is not a longer
past.
"""

from configs import lstm_nottingham, tcn_jsb


def get_config():
  config = lstm_nottingham.get_config()
  config.model = tcn_jsb.get_config().model
  config.model.update({'widths': (150,) * 4, 'width': 1.0, 'kernel_size': 6, 'dropout': 0.4})
  return config
