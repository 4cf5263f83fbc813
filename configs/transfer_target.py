"""The digits 5 to 9 of MNIST from 100 images, on the convolutions that configs/transfer_source.py learnt.

Paper: Yosinski, Clune, Bengio & Lipson 2014, "How transferable are features in deep neural networks?",
https://arxiv.org/abs/1411.1792.
Split: digits 5 to 9 of the official test images; of the training images 2500, by split_seed, for validation
and 100 others to train on. The inputs are standardised by the 100 images, not by those of the source.
Commands, the second after the first; the third begins anew and trains all layers, for comparison:
  python -m experiments.train --config=configs/transfer_source.py --workdir=runs/transfer_source
  python -m experiments.train --config=configs/transfer_target.py --workdir=runs/transfer_target
  python -m experiments.train --config=configs/transfer_target.py --workdir=runs/transfer_none \
    --config.train.start= "--config.optimizer.freeze=()"
Not measured yet.
"""

from configs import transfer_source


def get_config():
  config = transfer_source.get_config()
  config.data.update({'keep': (5, 6, 7, 8, 9), 'limit': 100})
  config.optimizer.freeze = ('Conv_*',)
  config.train.start = 'runs/transfer_source'
  config.train.start_keep = ('Conv_*', 'Dense_0/*', 'Dense_1/*')  # all but the head, Dense_2
  config.train.sampling = 'balanced'
  config.train.batch_size = 50
  config.train.steps = 600
  config.train.eval_every = 100
  return config
