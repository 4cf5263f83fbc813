"""A small GPT on pieces of words of Shakespeare's plays: pairs of bytes, merged.

Papers: as configs/gpt_shakespeare.py; Sennrich, Haddow & Birch 2016, https://arxiv.org/abs/1508.07909. Its
figure to compare with one of characters is that of bits per byte.
Command: python -m experiments.train --config=configs/gpt_shakespeare_bpe.py
Validation, seed 0, last step: 2.382 bits a byte, perplexity 40.6 (the GPT of characters: 1.697 nats, or 2.45
bits, a character); 109 s of training on one core of an AMD EPYC, jax 0.10.2.
"""

from configs import gpt_shakespeare


def get_config():
  config = gpt_shakespeare.get_config()
  config.data.update({'tokenizer': 'bpe', 'vocabulary': 1000})
  config.model.update({'vocabulary': 1000, 'dropout': 0.1})
  return config
