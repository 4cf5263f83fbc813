"""A bidirectional LSTM on embedded words tells positive film reviews from negative ones.

Paper of the network: Hochreiter & Schmidhuber 1997, https://doi.org/10.1162/neco.1997.9.8.1735; of the data:
Hutto & Gilbert 2014, https://doi.org/10.1609/icwsm.v8i1.14550.
Split: a tenth of the snippets for test and 500 for validation, by split_seed.
Command: python -m experiments.train --config=configs/lstm_reviews.py --config.seed=SEED
Test accuracy at the best validation loss, seed 0: 77.7 %. 45 s of training, 75 s as a whole process (2 cores
of an Intel Xeon with AVX-512 that had other work to do at the time, jax 0.10.2).
Ten folds side by side: python -m experiments.sweep --config=configs/lstm_reviews.py \\
  --config.data.test=0.0 --folds=10
Mean test accuracy of the ten, each at its own best validation loss of 900 steps: 78.2 %, deviation 2.2; one
vmapped program, 4 minutes (the same machine).
"""

from configs import base


def get_config():
  config = base.supervised()
  config.data = {
    'name': 'reviews',
    'validation': 500,
    'test': 0.1,
    'folds': 0,
    'fold': 0,
    'split_seed': 0,
    'min_count': 2,
    'vocabulary': 20000,
    'length': 0,
  }
  config.model = base.recurrent(
    'lstm',
    classes=2,
    units=64,
    bidirectional=True,
    pool='max',
    vocabulary=10000,
    embedding=100,
    dropout=0.5,
  )
  config.task.update({'label_smoothing': 0.0, 'top_k': 0, 'views': ()})
  config.optimizer.learning_rate = 2e-3
  config.optimizer.weight_decay = 1e-2
  config.optimizer.clip_norm = 1.0
  config.optimizer.average = 0.99
  config.train.steps = 900  # 6 epochs
  config.train.batch_size = 64
  config.train.eval_every = 150
  config.train.select = 'best'
  return config
