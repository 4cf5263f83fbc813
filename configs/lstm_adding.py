"""An LSTM adds two numbers that it saw up to 600 steps ago.

Papers: Hochreiter & Schmidhuber 1997, https://doi.org/10.1162/neco.1997.9.8.1735; of this form Arjovsky,
Shah & Bengio 2016, https://arxiv.org/abs/1511.06464; of this length Bai, Kolter & Koltun 2018,
https://arxiv.org/abs/1803.01271 (with 130 units); of how the gates begin Tallec & Ollivier 2018,
https://arxiv.org/abs/1804.11188.
Data: drawn; every batch is new. Who always says 1 has a mean squared error of 0.167. Departure: numbers and
marks are standardised.
Command: python -m experiments.train --config=configs/lstm_adding.py --config.seed=SEED
Test MSE at the last step, seeds 0, 1, 2: 5.1e-5, 4.2e-5, 3.2e-5 (aim: below 1e-3); 332 to 350 s as a whole
process on one core of an AMD EPYC (Zen 3) with other work beside it, jax 0.10.2. With gates that begin as
they come (--config.model.chrono=0) seed 1 stays at 0.167 for 3000 steps and has 1.5e-2 after 5000; with a
forget gate's bias of 5 and a rate of 1e-3, 6.6e-4 after 8000.
"""

from configs import base


def get_config():
  config = base.adding('lstm')
  config.model.chrono = config.data.get_oneway_ref('length')
  return config
