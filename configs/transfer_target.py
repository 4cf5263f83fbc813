"""The digits 5 to 9 of MNIST from 100 images, on the convolutions that configs/transfer_source.py learnt.

Paper: Yosinski, Clune, Bengio & Lipson 2014, "How transferable are features in deep neural networks?",
https://arxiv.org/abs/1411.1792.
Split: digits 5 to 9 of the official test images; of the training images 2500, by split_seed, for validation
and 100 others to train on. The inputs are standardised by the 100 images, not by those of the source.
Commands, the second after the first. For comparison the third begins with the source, too, but trains all
layers, and the fourth begins anew:
  python -m experiments.train --config=configs/transfer_source.py --workdir=runs/transfer_source
  python -m experiments.train --config=configs/transfer_target.py --workdir=runs/transfer_target
  python -m experiments.train --config=configs/transfer_target.py --workdir=runs/transfer_all \
    "--config.optimizer.freeze=()"
  python -m experiments.train --config=configs/transfer_target.py --workdir=runs/transfer_none \
    --config.train.start= "--config.optimizer.freeze=()"
Test accuracy, seeds 0, 1, 2 (of initialization and order; the 100 images and the source stay the same):
frozen convolutions 96.01, 95.43, 95.35 %; all layers trained 96.07, 95.76, 95.89 %; begun anew 94.47, 95.21,
94.86 %. 14-35 s as a whole process on a busy machine with 2 cores (jax 0.10.2, CPU).
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
