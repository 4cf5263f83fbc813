"""A GRU reads MNIST pixel by pixel: 784 steps.

Papers: Cho et al. 2014, https://arxiv.org/abs/1406.1078; of the task Le, Jaitly & Hinton 2015,
https://arxiv.org/abs/1504.00941; Bai, Kolter & Koltun 2018, https://arxiv.org/abs/1803.01271, have 96.2 %
for a GRU of some 70,000 parameters, 87.2 % for an LSTM and 21.5 % for Elman's network.
Split: the official test images; 5000 of the training images, by split_seed, for validation.
Command: python -m experiments.train --config=configs/gru_mnist_pixels.py --config.seed=SEED
With the pixels in another order: --config.model.permutation=1
Not measured yet.
"""

from configs import base, lstm_mnist_rows


def get_config():
  config = lstm_mnist_rows.get_config()
  config.model = base.recurrent('gru', classes=10, units=128, dropout=0.1, reads='pixels')
  return config
