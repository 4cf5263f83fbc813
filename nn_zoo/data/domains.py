"""Images of two kinds that do not belong together in pairs, for translation from one kind to the other."""

import numpy as np

from nn_zoo.data.dataset import Dataset, Split, count, take
from nn_zoo.data.folder import image_folder
from nn_zoo.data.idx import fashion_mnist, mnist
from nn_zoo.errors import InputError

CLOTH = (2, 4)  # pullovers and coats, whose middle is all cloth


def digits_on_cloth(*, limit: int = 0, validation: float, split_seed: int) -> Dataset:
  """Makes two kinds of real images: MNIST's digits, and other ones printed dark on cloth of Fashion-MNIST.

  The second kind is 100 + 0.6 cloth, less where the digit is. Either kind has its own half of the digits, so
  that no digit is seen in both; cloth is the middle of a pullover or a coat, twice as large.

  Args:
    limit: images of either kind to learn from, at most; 0 for all.
    validation: fraction or number of the training images held out to choose by.
    split_seed: seed of the division and of the cloth.

  Raises:
    InputError: as in `mnist` and `fashion_mnist`.
  """
  digits = mnist(validation=0, split_seed=0)
  clothes = fashion_mnist(keep=CLOTH, validation=0, split_seed=0)
  random = np.random.default_rng(split_seed)
  parts = [
    _printed(getattr(digits, name), getattr(clothes, name)['inputs'], random)
    for name in ('train', 'test')
  ]
  train, held = _divided(parts[0], count('validation', validation, len(parts[0]['inputs'])))
  train = take(train, slice(limit or None))
  return Dataset(train, held, parts[1], classes=digits.classes)


def image_domains(
  *, path: str, size: int, channels: int, validation: float, test: float, split_seed: int
) -> Dataset:
  """Loads two folders of images, path/<first>/<image> and path/<second>/<image>, in the order of their names.

  If there are fewer of one kind, they are used more often in training; of the other parts, as many are
  reported as there are of both.

  Args:
    path: the folder that holds the two.
    size: of both sides in pixels, see `image_folder`.
    channels: 1 for grey, 3 for colour.
    validation: fraction or number of all images held out to choose by.
    test: fraction or number of all images held out to report.
    split_seed: seed of the division.

  Raises:
    InputError: there are not two folders, one has no image to learn from, or as in `image_folder`.
  """
  options = {'validation': validation, 'test': test, 'split_seed': split_seed}
  data = image_folder(path=path, size=size, channels=channels, **options)
  if len(data.classes) != 2:
    raise InputError(f'{path}: expected two folders of images, found {len(data.classes)}')
  parts = []
  for part in data[:3]:
    kinds = [part['inputs'][part['targets'] == label] for label in (0, 1)]
    sizes = [len(kind) for kind in kinds]
    rows = min(sizes) if parts else max(sizes)
    if not parts and not min(sizes):
      raise InputError(f'{path}: no image of one folder is left to learn from; hold fewer out')
    first, second = (kind[np.arange(rows) % max(len(kind), 1)] for kind in kinds)
    parts.append({'inputs': first, 'targets': {'image': second}})
  return Dataset(*parts, classes=())


def _printed(digits, cloth_NHWC, random) -> Split:
  rows = random.permutation(len(digits['targets']))
  first, second = np.split(rows[: len(rows) // 2 * 2], 2)
  middle_NHWC = cloth_NHWC[:, 7:21, 7:21].repeat(2, axis=1).repeat(2, axis=2)
  cloth_NHWC = middle_NHWC[random.integers(len(middle_NHWC), size=len(second))]
  left_NHWC = 1 - np.float32(digits['inputs'][second]) / 255
  image_NHWC = (100 + np.float32(0.6) * cloth_NHWC) * left_NHWC
  labels = {'label': digits['targets'][second], 'source': digits['targets'][first]}
  targets = {'image': np.uint8(image_NHWC), **labels}
  return {'inputs': digits['inputs'][first], 'targets': targets}


def _divided(part, held):
  return take(part, slice(held, None)), take(part, slice(held))
