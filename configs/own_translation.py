"""Your own pairs of texts with a Transformer: as configs/own_pairs.py, which has a GRU.

python -m experiments.train --config=configs/own_translation.py --config.data.path=pairs.tsv

Papers: see configs/transformer_multi30k.py; byte pairs after https://arxiv.org/abs/1508.07909.
"""

from configs import own_pairs, transformer_multi30k


def get_config():
  own, config = own_pairs.get_config(), transformer_multi30k.get_config()
  config.data = own.data
  config.train = own.train
  config.model.vocabulary = 0  # as many as the texts give
  return config
