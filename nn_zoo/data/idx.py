"""MNIST and its like: images and labels in idx files, below the folder that NN_ZOO_DATA names."""

import gzip
import hashlib
import math
import zlib

import numpy as np

from nn_zoo.data.dataset import Dataset, at_least, first, keep_classes, split
from nn_zoo.data.fetch import data_root, located
from nn_zoo.data.homes import FILES, File
from nn_zoo.errors import InputError

_SHAPES = {
  'train-images-idx3-ubyte.gz': (60000, 28, 28),
  'train-labels-idx1-ubyte.gz': (60000,),
  't10k-images-idx3-ubyte.gz': (10000, 28, 28),
  't10k-labels-idx1-ubyte.gz': (10000,),
}
_FASHION = ('t-shirt/top', 'trouser', 'pullover', 'dress', 'coat')
_FASHION += ('sandal', 'shirt', 'sneaker', 'bag', 'ankle boot')


def mnist(
  *,
  pad: int = 0,
  keep: tuple[int, ...] = (),
  limit: int = 0,
  validation: float,
  split_seed: int,
) -> Dataset:
  """Loads handwritten digits, 60000 to learn from and the official 10000 to report, 28 x 28.

  Args:
    pad: width in pixels of a border of zeros; 2 gives 32 x 32.
    keep: the classes to take, counted anew from 0 in this order; () for all.
    limit: training examples to take, drawn by split_seed; 0 for all.
    validation: fraction or number of the training images held out to choose by.
    split_seed: seed of that division.

  Raises:
    InputError: a file is missing or is not the published one.

  Source: Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998), Gradient-Based Learning Applied to
    Document Recognition, http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf.
  """
  return _published('mnist', tuple('0123456789'), pad, keep, limit, validation, split_seed)


def fashion_mnist(
  *,
  pad: int = 0,
  keep: tuple[int, ...] = (),
  limit: int = 0,
  validation: float,
  split_seed: int,
) -> Dataset:
  """Loads pictures of clothes, 60000 to learn from and the official 10000 to report, 28 x 28.

  Args:
    pad: width in pixels of a border of zeros; 2 gives 32 x 32.
    keep: the classes to take, counted anew from 0 in this order; () for all.
    limit: training examples to take, drawn by split_seed; 0 for all.
    validation: fraction or number of the training images held out to choose by.
    split_seed: seed of that division.

  Raises:
    InputError: a file is missing or is not the published one.

  Source: H. Xiao, K. Rasul and R. Vollgraf (2017), Fashion-MNIST: a Novel Image Dataset for
    Benchmarking Machine Learning Algorithms, https://arxiv.org/abs/1708.07747.
  """
  return _published('fashion_mnist', _FASHION, pad, keep, limit, validation, split_seed)


def _published(dataset, classes, pad, keep, limit, validation, split_seed) -> Dataset:
  border = (at_least('pad', pad, 0),) * 2
  train_images, train_labels, test_images, test_labels = (
    _read(dataset, file) for file in FILES[dataset]
  )
  parts = []
  for images, labels in ((train_images, train_labels), (test_images, test_labels)):
    rows, targets, names = keep_classes(labels.astype(np.int32), classes, keep)
    images = images[rows] if keep else images
    parts.append((np.pad(images, ((0, 0), border, border))[..., None], targets))
  train, validation, _ = split(*parts[0], validation=validation, test=0, seed=split_seed)
  test = dict(zip(('inputs', 'targets'), parts[1], strict=True))
  return Dataset(first(train, limit), validation, test, names)


def _read(dataset: str, file: File) -> np.ndarray:
  """Reads idx: the bytes 0, 0, 8 (unsigned byte) and the rank; the shape in big-endian uint32; the data."""
  shape = _SHAPES[file.name]
  path = located(data_root() / dataset / file.name)
  mend = f'`python -m experiments.fetch {dataset}` brings the right one'
  if not path.exists():
    raise InputError(
      f'{path} is missing: {mend}, or set NN_ZOO_DATA to the folder above {dataset}/'
    )
  try:
    content = gzip.decompress(path.read_bytes()) if path.suffix == '.gz' else path.read_bytes()
  except (OSError, EOFError, zlib.error) as error:
    raise InputError(f'{path}: truncated or corrupt ({error}): {mend}') from error
  magic, found = bytes((0, 0, 8, len(shape))), content[:4]
  if found != magic:
    raise InputError(
      f"{path}: begins with '{found.hex(' ')}', expected an idx file with '{magic.hex(' ')}': {mend}"
    )
  header = len(magic) + 4 * len(shape)
  size = header + math.prod(shape)
  if len(content) != size:
    raise InputError(f'{path}: {len(content)} bytes unzipped, expected {size}: {mend}')
  digest = hashlib.sha256(content).hexdigest()
  if digest != file.sha256:
    raise InputError(f'{path}: SHA-256 {digest} unzipped, expected {file.sha256}: {mend}')
  return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
