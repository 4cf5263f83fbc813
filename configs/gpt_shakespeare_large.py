"""The GPT of six layers on the characters of Shakespeare's plays, on a CPU with a matrix unit.

Papers: as configs/gpt_shakespeare.py. Sizes are those of nanoGPT's run on a GPU,
https://github.com/karpathy/nanoGPT, which ends at 1.4697 nats.
Split: the last 111540 characters, a tenth, for validation, each read with the context that it has in a
window of 256 characters.
Command: python -m experiments.train --config=configs/gpt_shakespeare_large.py
Validation 1.427 nats a character, seed 0; 1 h 26 min of training (2 cores of an Intel Xeon with AMX, whose
unit rounds what products multiply; jax 0.10.2, memory kept, see `experiments.settings`; it stood still for 7
of these minutes, and for some of the others tests ran beside it). It was 1.529 after 4500 steps, 1.445 after
9000.
"""

from configs import gpt_shakespeare_gpu


def get_config():
  config = gpt_shakespeare_gpu.get_config()
  config.model.dtype = 'float32'
  config.train.matmul_precision = 'bfloat16'
  config.train.steps = 12_000  # 24 epochs
  config.train.batch_size = 8
  config.train.eval_every = 1500
  return config
