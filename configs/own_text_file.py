"""Your own text, one UTF-8 file: a language model of its characters, which writes more of the kind.

Set --config.data.path=FILE.txt --config.model.vocabulary=N, which is told where it is another; then
python -m experiments.sample --workdir=FOLDER --prompt="Once" writes.
Paper: Karpathy 2015, https://karpathy.github.io/2015/05/21/rnn-effectiveness/.
"""

from configs import base


def get_config():
  config = base.supervised()
  config.data = {'name': 'text_file', 'path': 'text.txt', 'validation': 0.1, 'test': 0.0}
  config.model = {
    'name': 'recurrent_lm',
    'vocabulary': 256,
    'cell': 'lstm',
    'units': 384,
    'layers': 1,
    'embedding': 0,
    'tied': False,
    'dropout': 0.2,
    'variational': False,
    'layer_norm': False,
    'dtype': 'float32',
  }
  config.task = {
    'name': 'language',
    'window': 64,
    'length': 1000,
    'temperature': 0.8,
    'top_k': 0,
    'top_p': 1.0,
    'min_p': 0.0,
  }
  config.optimizer.learning_rate = 4e-3
  config.optimizer.schedule.warmup = 100
  config.optimizer.clip_norm = 1.0
  config.train.steps = 5000
  config.train.batch_size = 32
  config.train.eval_batch_size = 1
  config.train.eval_every = 500
  config.train.select = 'best'
  return config
