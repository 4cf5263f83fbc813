"""A GRU forecasts blood glucose two hours ahead, in quarters of an hour, with a band of 80 %.

Papers: Cho et al. 2014, https://arxiv.org/abs/1406.1078; of the loss Koenker & Bassett 1978,
https://doi.org/10.2307/1913643.
Split: the last 15 % of the 200 days are test, the 15 % before validation, which chooses the step.
Command: python -m experiments.train --config=configs/gru_glucose.py --config.seed=SEED
Test pinball loss, seeds 0, 1, 2: 8.69, 8.86, 8.72 mg/dl (naive 10.95, seasonal naive 16.15), MASE 0.477,
0.484, 0.479 (0.591, 0.923), coverage 0.75, 0.76, 0.75 (0.71, 0.82): 38-43 s as a whole process (seeds 1, 2)
on 2 cores of an Intel Xeon, jax 0.10.2.
"""

from configs import base


def get_config():
  config = base.forecasting(season=96)
  config.data = {
    'name': 'glucose',
    'every': 3,
    'window': 96,
    'horizon': 8,
    'stride': 1,
    'validation': 0.15,
    'test': 0.15,
  }
  config.model = base.recurrent('gru', classes=24, units=48, dropout=0.1)
  config.optimizer.learning_rate = 3e-3
  config.train.steps = 1000
  config.train.eval_every = 200
  return config
