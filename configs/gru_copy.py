"""A GRU copies ten symbols that it saw 100 steps ago.

Papers: Hochreiter & Schmidhuber 1997, https://doi.org/10.1162/neco.1997.9.8.1735; of this form Arjovsky,
Shah & Bengio 2016, https://arxiv.org/abs/1511.06464 (where the symbols are one-hot, here embedded); Bai,
Kolter & Koltun 2018, https://arxiv.org/abs/1803.01271, wait 1000 steps: --config.data.length=1000.
Data: drawn; every batch is new. Who waits rightly but remembers nothing has 10 ln 8 / (length + 20) = 0.1733
nats a step, and an accuracy on the symbols of 12.5 %.
Command: python -m experiments.train --config=configs/gru_copy.py
With an LSTM: --config.model.name=lstm --config.model.cell=lstm
Test, seeds 0, 1, 2: 0.106, 0.136, 0.110 nats a step, 48.3, 31.1, 46.9 % of the symbols; seed 0: 88 s as a
whole process (2 cores of an Intel Xeon with AVX-512, jax 0.10.2), 0.128 and 38.3 % at step 2000. Gates that
begin open for the whole length (--config.model.chrono=120) do not help: 0.135 and 32.9 %, an LSTM of the
same has 23.5 %.
"""

from configs import base


def get_config():
  config = base.supervised()
  config.data = {
    'name': 'copy_memory',
    'length': 100,
    'validation': 200,
    'test': 500,
    'split_seed': 0,
  }
  config.model = base.recurrent(
    'gru',
    classes=9,
    units=128,
    every_position=True,
    vocabulary=10,
    embedding=10,
    dropout=0.0,
  )
  config.task = {'name': 'labelling', 'background': 0, 'l1': 0.0, 'l2': 0.0}
  config.optimizer.learning_rate = 2e-3
  config.optimizer.clip_norm = 1.0
  config.train.steps = 4000
  config.train.batch_size = 32
  config.train.eval_every = 1000
  return config
