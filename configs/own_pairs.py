"""Your own pairs of texts: two files of as many lines, or one with a tab in each; .gz or not.

python -m experiments.train --config=configs/own_pairs.py --config.data.path=a.txt
  --config.data.target_path=b.txt (on the same line)
python -m experiments.train --config=configs/own_pairs.py --config.data.path=pairs.tsv

Papers: see configs/gru_multi30k.py; byte pairs after https://arxiv.org/abs/1508.07909.
"""

from configs import gru_multi30k


def get_config():
  config = gru_multi30k.get_config()
  config.data = {
    'name': 'pairs',
    'path': '',
    'target_path': '',
    'validation': 0.05,
    'test': 0.05,
    'split_seed': 0,
    'tokenizer': 'bpe',
    'vocabulary': 8000,
    'shared': True,
    'length': 100,
    'too_long': 'cut',
    'tokens': 2048,
    'buckets': 6,
  }
  config.model.vocabulary = 0  # as many as the texts give
  config.train.monitor = 'validation/chrf'  # which texts of a few words have, too
  return config
