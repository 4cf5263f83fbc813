"""The GPT of six layers on the characters of Shakespeare's plays, on a CPU with a matrix unit.

Papers: as configs/gpt_shakespeare.py. Sizes are those of nanoGPT's run on a GPU,
https://github.com/karpathy/nanoGPT, which ends at 1.4697 nats.
Command: python -m experiments.train --config=configs/gpt_shakespeare_large.py
Not measured yet.
"""

from configs import gpt_shakespeare_gpu


def get_config():
  config = gpt_shakespeare_gpu.get_config()
  config.model.dtype = 'float32'
  config.train.matmul_precision = 'bfloat16'
  config.train.steps = 12000
  config.train.batch_size = 8
  config.train.eval_every = 1500
  return config
