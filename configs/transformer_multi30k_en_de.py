"""A Transformer translates captions of photographs from English to German.

Papers: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762; data of Elliott et al. 2016,
https://arxiv.org/abs/1605.00459. Split: as configs/transformer_multi30k.py.
Command: python -m experiments.train --config=configs/transformer_multi30k_en_de.py
Not measured yet.
"""

from configs import transformer_multi30k


def get_config():
  config = transformer_multi30k.get_config()
  config.data.update({'source': 'en', 'target': 'de'})
  return config
