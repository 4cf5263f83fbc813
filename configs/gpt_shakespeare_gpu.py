"""A GPT of six layers on the characters of Shakespeare's plays, for a GPU.

Papers: as configs/gpt_shakespeare.py. Sizes are those of nanoGPT's run on a GPU,
https://github.com/karpathy/nanoGPT, which ends at 1.4697 nats.
Command: python -m experiments.train --config=configs/gpt_shakespeare_gpu.py
Not measured yet.
"""

from configs import base, gpt_shakespeare


def get_config():
  config = gpt_shakespeare.get_config()
  config.model = base.gpt(
    vocabulary=66, context=256, width=384, layers=6, heads=6, dropout=0.2, dtype='bfloat16'
  )
  config.task.window = 256
  config.optimizer.learning_rate = 1e-3
  config.train.steps = 5000
  config.train.batch_size = 64
  config.train.eval_every = 250
  config.train.select = 'best'
  return config
