"""An LSTM adds two numbers that it saw up to 600 steps ago.

Papers: Hochreiter & Schmidhuber 1997, https://doi.org/10.1162/neco.1997.9.8.1735; of this form Arjovsky,
Shah & Bengio 2016, https://arxiv.org/abs/1511.06464; of this length Bai, Kolter & Koltun 2018,
https://arxiv.org/abs/1803.01271 (with 130 units).
Data: drawn; every batch is new. Who always says 1 has a mean squared error of 0.167. Departure: numbers and
marks are standardised.
Command: python -m experiments.train --config=configs/lstm_adding.py
Test MSE, seed 0: 4.8e-3 at step 2500, 6.7e-4 at 3000, 3.1e-4 at 3500; the last step is not measured yet (2
cores of an Intel Xeon with AVX-512 that had much other work to do at the time, jax 0.10.2).
"""

from configs import base


def get_config():
  config = base.adding('lstm')
  config.train.steps = 5000
  return config
