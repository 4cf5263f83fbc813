"""Your own text, one UTF-8 file: a language model of its characters, which writes more of the kind.

Set --config.data.path=FILE.txt; then python -m experiments.sample --workdir=FOLDER --prompt="Once" writes.
For pieces of words in place of characters: --config.data.tokenizer=bpe --config.data.vocabulary=2000
Paper: Karpathy 2015, https://karpathy.github.io/2015/05/21/rnn-effectiveness/.
"""

from configs import lstm_shakespeare


def get_config():
  config = lstm_shakespeare.get_config()
  config.data = {
    'name': 'text_file',
    'path': 'text.txt',
    'validation': 0.1,
    'test': 0.0,
    'tokenizer': 'characters',
    'vocabulary': 2000,
  }
  config.model.vocabulary = 0  # as many as the text has
  config.train.eval_every = 500
  return config
