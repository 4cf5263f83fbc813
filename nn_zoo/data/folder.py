"""The user's own images: one folder a class."""

import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from nn_zoo.data.dataset import Dataset, at_least, split
from nn_zoo.errors import InputError

_SUFFIXES = ('.png', '.jpg', '.jpeg', '.bmp', '.gif', '.webp')
_MODES = {1: 'L', 3: 'RGB'}


def image_folder(
  *, path: str, size: int, channels: int, validation: float, test: float, split_seed: int
) -> Dataset:
  """Loads path/<class>/<image>; classes and images in the order of their names, hidden files left out.

  Args:
    path: the folder that holds a folder a class. Images are png, jpg, jpeg, bmp, gif or webp.
    size: both sides in pixels, to which every image is resized (bicubic) after its EXIF orientation
      has been applied. The aspect is not kept.
    channels: 1 for grey, 3 for colour.
    validation: fraction or number of examples held out to choose by.
    test: fraction or number of examples held out to report.
    split_seed: seed of the division.

  Raises:
    InputError: the folder or a class's folder holds no images, or an image cannot be read.
  """
  at_least('size', size, 1)
  if channels not in _MODES:
    raise InputError(f'channels={channels}: expected 1 (grey) or 3 (colour)')
  root = Path(path).expanduser()
  if not root.is_dir():
    raise InputError(f'path={path}: there is no such folder')
  folders = [folder for folder in _visible(root) if folder.is_dir()]
  if not folders:
    raise InputError(f'{root}: empty; expected one folder of images a class')
  files = [_images(folder) for folder in folders]
  with ThreadPoolExecutor() as pool:
    read = partial(_read, size=size, channels=channels)
    images = list(pool.map(read, chain.from_iterable(files)))
  targets = np.repeat(np.arange(len(files), dtype=np.int32), [len(of_class) for of_class in files])
  parts = split(np.stack(images), targets, validation=validation, test=test, seed=split_seed)
  return Dataset(*parts, classes=tuple(folder.name for folder in folders))


def _visible(folder: Path) -> list[Path]:
  return sorted(entry for entry in folder.iterdir() if not entry.name.startswith('.'))


def _images(folder: Path) -> list[Path]:
  images = [file for file in _visible(folder) if file.suffix.lower() in _SUFFIXES]
  if not images:
    raise InputError(f'{folder}: no images; expected files that end in {", ".join(_SUFFIXES)}')
  return images


def read_image(file: Path, size: int, channels: int) -> np.ndarray:
  """An image as uint8 [H, W, channels] in its own proportions, `size` pixels along the longer side.

  Args:
    file: of the image.
    size: in pixels.
    channels: 1 for grey, 3 for red, green, blue.

  Raises:
    InputError: it cannot be read.
  """
  return _scaled(file, channels, lambda sides: [max(1, size * s // max(sides)) for s in sides])


def _read(file: Path, size: int, channels: int) -> np.ndarray:
  return _scaled(file, channels, lambda _: (size, size))


def _scaled(file: Path, channels: int, sides: Callable) -> np.ndarray:
  from PIL import Image, ImageOps

  try:
    with Image.open(file) as image:
      upright = ImageOps.exif_transpose(image)
      if upright.mode.startswith('I;16'):  # Pillow would clip 16 bits to 255, not scale them
        upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
      grey_or_colour = upright.convert(_MODES[channels])
      small = grey_or_colour.resize(sides(upright.size), Image.Resampling.BICUBIC)
  except (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError) as error:
    raise InputError(f'{file}: not a readable image ({error})') from error
  return np.asarray(small).reshape(small.height, small.width, channels)
