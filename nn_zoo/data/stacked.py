"""Stacked MNIST: a thousand modes on images, so that one can count which of them a generator finds."""

import numpy as np

from nn_zoo.data.dataset import Dataset, Split, at_least
from nn_zoo.data.idx import mnist


def stacked_mnist(*, train: int, validation: int, test: int, split_seed: int) -> Dataset:
  """Draws three digits of MNIST for the channels of each image; they name its class, 000 to 999.

  Training and validation images are made of the 60000 training digits, test images of the official 10000.

  Args:
    train: images to learn from; published: 128000.
    validation: images to choose by.
    test: images to report; published: 26000.
    split_seed: seed of the draws.

  Raises:
    InputError: a size below 0, or as in `mnist`.

  Sources: Metz, Poole, Pfau & Sohl-Dickstein 2017, "Unrolled GANs", https://arxiv.org/abs/1611.02163; in the
  form of Lin et al. 2018, "PacGAN", https://arxiv.org/abs/1712.04086.
  """
  digits = mnist(validation=0, split_seed=0)
  random = np.random.default_rng(at_least('data.split_seed', split_seed, 0))
  sizes = (('train', train, 1), ('validation', validation, 0), ('test', test, 0))
  parts: list[Split] = []
  for name, size, least in sizes:
    source = digits.test if name == 'test' else digits.train
    row_NC = random.integers(
      len(source['targets']), size=(at_least(f'data.{name}', size, least), 3)
    )
    inputs_NHWC = np.concatenate([source['inputs'][row_N] for row_N in row_NC.T], axis=-1)
    label_N = source['targets'][row_NC] @ np.int32([100, 10, 1])
    parts.append({'inputs': inputs_NHWC, 'targets': label_N.astype(np.int32)})
  return Dataset(*parts, classes=tuple(f'{label:03d}' for label in range(1000)), stacked=True)
