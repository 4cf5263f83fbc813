"""A small GPT on the characters of Shakespeare's plays.

Papers: Radford et al. 2019,
https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf; Su et
al. 2021, https://arxiv.org/abs/2104.09864, for its rotary positions. Sizes are those of nanoGPT's run on a
CPU, https://github.com/karpathy/nanoGPT, which ends at about 1.88 nats.
Split: the last 111540 characters, a tenth, for validation, each read with the context that it has in a
window of 64 characters.
Command: python -m experiments.train --config=configs/gpt_shakespeare.py
Validation 1.697 nats a character, seed 0; 265 s of training (2 busy cores of an Intel Xeon with AVX-512, jax
0.10.2).
"""

from configs import base


def get_config():
  config = base.supervised()
  config.data = {'name': 'tiny_shakespeare', 'validation': 111540, 'test': 0}
  config.model = base.gpt(vocabulary=66)
  config.task = {
    'name': 'language',
    'window': 64,
    'length': 1000,
    'temperature': 0.8,
    'top_k': 0,
    'top_p': 1.0,
    'min_p': 0.0,
  }
  config.optimizer.learning_rate = 3e-3
  config.optimizer.schedule.warmup = 100
  config.optimizer.weight_decay = 0.1
  config.optimizer.clip_norm = 1.0
  config.train.steps = 2000
  config.train.batch_size = 12
  config.train.eval_batch_size = 1
  config.train.eval_every = 1000
  return config
