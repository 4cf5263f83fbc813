"""Your own series, in a table (.csv or .csv.gz) with a line a time: the first column is forecast.

Set --config.data.path=FILE, --config.task.season to the steps until the series repeats itself (1 where it
does not), --config.data.time=NAME if there is a column of times, by which gaps are found, and
--config.data.columns="('NAME',)" to read some columns only, the first to be forecast.
--config.model.classes is the horizon times the number of quantiles.
Paper of the loss: Koenker & Bassett 1978, https://doi.org/10.2307/1913643.
"""

from configs import base


def get_config():
  config = base.forecasting(season=24)
  config.data = {
    'name': 'series',
    'path': 'series.csv',
    'columns': (),
    'time': '',
    'every': 1,
    'window': 48,
    'horizon': 12,
    'stride': 1,
    'validation': 0.15,
    'test': 0.15,
  }
  config.model = base.recurrent('gru', classes=36, units=48, dropout=0.1)
  config.optimizer.learning_rate = 3e-3
  config.train.steps = 1000
  config.train.batch_size = 32
  config.train.eval_every = 200
  return config
