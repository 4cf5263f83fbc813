"""CycleGAN between two kinds of your own images: --config.data.path=FOLDER, with a folder of each in it.

Paper: Zhu, Park, Isola & Efros 2017, https://arxiv.org/abs/1703.10593.
Split: by split_seed; a tenth of all images for validation and a tenth for test.
Command: python -m experiments.train --config=configs/own_domains.py --config.data.path=FOLDER
"""

from configs import cyclegan_cloth


def get_config():
  config = cyclegan_cloth.get_config()
  config.data = {
    'name': 'image_domains',
    'path': 'images',
    'size': 64,
    'channels': 3,
    'validation': 0.1,
    'test': 0.1,
    'split_seed': 0,
  }
  config.model.update({'shape': (64, 64, 3), 'other': 3})
  config.train.batch_size = 8
  return config
