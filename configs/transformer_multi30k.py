"""A Transformer translates captions of photographs from German to English.

Papers: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762; data of Elliott et al. 2016,
https://arxiv.org/abs/1605.00459.
Split: 29000 captions to learn from, 1014 to choose by, the 1000 of the test set of 2016.
Command: python -m experiments.train --config=configs/transformer_multi30k.py
Test, seed 0, last step (5000): BLEU 39.74 (sacreBLEU, cased), chrF 59.4; validation 40.88. Validation at
steps 1000, 2000, 3000, 4000: 24.2, 34.8, 38.1, 39.8. 2.3 to 2.8 steps a second on 2 cores of an AMD EPYC, jax
0.10.2: 2000 steps in a quarter of an hour; the rest went on one core, in all 72 min of training, in part held
up. The GRU of configs/gru_multi30k.py has 41.89 after as many steps, and is ahead from the first.
On a CPU, --config.train.steps=2500 has a test BLEU of 35.93, chrF 55.9 (validation at steps 500, 1000, 1500,
2000, 2500: 8.6, 24.2, 31.4, 34.4, 36.6) after 64 min of training on one core of an older AMD EPYC (Zen 3, no
AVX-512), in part held up: 1078 tokens a second. On its other core the GRU took 1955 a second and had 24.3,
34.6, 35.8 at steps 500, 1000, 1500, of the test set 37.20, after 21 min: of these two, on this data and
without a GPU, the recurrent one trains faster. (python -m experiments.compare draws it.)
"""

from configs import base, gru_multi30k


def get_config():
  config = gru_multi30k.get_config()
  config.model = base.transformer(vocabulary=8000, dropout=0.3)
  config.optimizer.learning_rate = 1.5e-3
  config.optimizer.b2 = 0.98
  config.optimizer.schedule = {'name': 'inverse_sqrt', 'warmup': 1000, 'timescale': 1000}
  return config
