"""Generated examples as files: a grid of images, and the arrays themselves."""

import io
from typing import NamedTuple

import numpy as np

from nn_zoo.data.dataset import Dataset, at_least
from nn_zoo.errors import InputError

EXAMPLES, COLUMNS = 64, 8


class Asked(NamedTuple):
  """So many examples of a seed, or as many as are usual; of one class, or of all in turn if label is None."""

  count: int | None = None
  seed: int = 0
  label: int | None = None


def latents(asked: Asked, data: Dataset) -> dict[str, np.ndarray]:
  """What a generator makes examples from.

  Args:
    asked: what for.
    data: as `nn_zoo.data.latents.from_latents` gives it.

  Raises:
    InputError: no example is asked for, or one of a class that there is not.
  """
  classes = len(data.classes)
  if asked.label is not None and not 0 <= asked.label < classes:
    raise InputError(f'--label={asked.label}: expected 0 to {classes - 1}')
  count = at_least('--count', EXAMPLES if asked.count is None else asked.count, 1)
  shape = (count, data.train['inputs']['latent'].shape[1])
  inputs = {'latent': np.random.default_rng(asked.seed).standard_normal(shape, np.float32)}
  if not classes:
    return inputs
  label_N = np.arange(count) % classes if asked.label is None else asked.label
  return inputs | {'label': np.broadcast_to(np.int32(label_N), shape[:1])}


def files(asked: Asked, outputs: np.ndarray, data: Dataset) -> dict[str, bytes]:
  """samples-SEED.npz, which holds latents and examples, and of images samples-SEED.png.

  Of one class the names are samples-SEED-LABEL.
  """
  name = f'samples-{asked.seed}' + ('' if asked.label is None else f'-{asked.label}')
  file = io.BytesIO()
  np.savez(file, examples=outputs, **latents(asked, data))
  written = {f'{name}.npz': file.getvalue()}
  if outputs.ndim == 4 and outputs.shape[-1] in (1, 3):
    white = 255 if data.train['targets'].max(initial=0) > 1 else 1
    written[f'{name}.png'] = _grid(outputs / np.float32(white))
  return written


def _grid(x_NHWC: np.ndarray) -> bytes:
  from PIL import Image

  columns = min(COLUMNS, len(x_NHWC))
  x_NHWC = np.uint8(np.rint(255 * np.clip(x_NHWC, 0, 1)))
  around = ((0, -len(x_NHWC) % columns), (1, 1), (1, 1), (0, 0))
  x_NHWC = np.pad(x_NHWC, around, constant_values=255)
  n, h, w, c = x_NHWC.shape
  rows = x_NHWC.reshape(n // columns, columns, h, w, c).swapaxes(1, 2)
  picture = rows.reshape(n // columns * h, columns * w, c)
  file = io.BytesIO()
  Image.fromarray(picture[..., 0] if c == 1 else picture).save(file, 'PNG')
  return file.getvalue()
