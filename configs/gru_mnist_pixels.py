"""A GRU reads MNIST pixel by pixel: 784 steps.

Papers: Cho et al. 2014, https://arxiv.org/abs/1406.1078; of the task Le, Jaitly & Hinton 2015,
https://arxiv.org/abs/1504.00941; Bai, Kolter & Koltun 2018, https://arxiv.org/abs/1803.01271, have 96.2 %
for a GRU of some 70,000 parameters, 87.2 % for an LSTM and 21.5 % for Elman's network.
Split: the official test images; 5000 of the training images, by split_seed, for validation.
Command: python -m experiments.train --config=configs/gru_mnist_pixels.py --config.seed=SEED
With the pixels in another order: --config.model.permutation=1
Test accuracy 97.85 % at the last step, seed 0, after 10 epochs (validation 97.82 %; after 2, 4, 6 and 8
epochs 82.6, 95.9, 97.4 and 97.6 %); 3291 s of training on one core of an AMD EPYC (Zen 4) with other work
beside it, jax 0.10.2.
"""

from configs import base, lstm_mnist_rows


def get_config():
  config = lstm_mnist_rows.get_config()
  config.model = base.recurrent('gru', classes=10, units=128, dropout=0.1, reads='pixels')
  return config
