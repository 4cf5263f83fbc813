"""Generated examples as files: a grid of images, and the arrays themselves."""

import io
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from flax import linen as nn

from nn_zoo.build import Experiment
from nn_zoo.data.dataset import Dataset, at_least
from nn_zoo.errors import InputError
from nn_zoo.task import State

EXAMPLES, COLUMNS = 64, 8


class Asked(NamedTuple):
  """So many examples of a seed, or as many as are usual; of one class, or of all in turn if label is None."""

  count: int | None = None
  seed: int = 0
  label: int | None = None


def latents(asked: Asked, model: nn.Module) -> dict[str, np.ndarray]:
  """What a generator makes examples from: 'latent', and 'label' of a conditional one.

  Args:
    asked: what for.
    model: has `latent` and, if it can be conditional, `classes`.

  Raises:
    InputError: no example is asked for, or one of a class that there is not.
  """
  classes = getattr(model, 'classes', 0)
  if asked.label is not None and not 0 <= asked.label < classes:
    raise InputError(f'--label={asked.label}: expected 0 to {classes - 1}')
  count = at_least('--count', EXAMPLES if asked.count is None else asked.count, 1)
  shape = (count, model.latent)
  inputs = {'latent': np.random.default_rng(asked.seed).standard_normal(shape, np.float32)}
  if not classes:
    return inputs
  label_N = np.arange(count) % classes if asked.label is None else asked.label
  return inputs | {'label': np.broadcast_to(np.int32(label_N), shape[:1])}


def images(asked: Asked, data: Dataset) -> dict[str, np.ndarray]:
  """What a translator makes examples from: 'image', test images of the first kind (else those of validation).

  Raises:
    InputError: no example is asked for, or more than there are.
  """
  image_NHWC = next((x for x in (data.test['inputs'], data.validation['inputs']) if len(x)), ())
  if not len(image_NHWC):
    raise InputError('data.test=0 and data.validation=0: expected held-out images to translate')
  count = min(EXAMPLES, len(image_NHWC)) if asked.count is None else asked.count
  if not 1 <= count <= len(image_NHWC):
    raise InputError(
      f'--count={count}: expected 1 to {len(image_NHWC)}, the number of held-out images'
    )
  rows = np.random.default_rng(asked.seed).permutation(len(image_NHWC))[:count]
  return {'image': image_NHWC[rows]}


def drawn(
  experiment: Experiment,
  state: State,
  inputs: Mapping[str, np.ndarray],
  key: jax.Array,
  settings: Mapping[str, Any],
) -> dict[str, Any]:
  """The inputs and, as 'examples', what is made of them; settings are the config's by now."""
  del settings
  return {**inputs, 'examples': jax.jit(experiment.draw)(state, inputs, key)}


def files(asked: Asked, made: Mapping[str, np.ndarray], data: Dataset) -> dict[str, bytes]:
  """samples-SEED.npz, which holds what `drawn` gives, and of images samples-SEED.png.

  Of one class the names are samples-SEED-LABEL.
  """
  name = f'samples-{asked.seed}' + ('' if asked.label is None else f'-{asked.label}')
  file = io.BytesIO()
  np.savez(file, **made)
  written = {f'{name}.npz': file.getvalue()}
  examples = made['examples']
  if examples.ndim == 4 and examples.shape[-1] in (1, 3):
    known = next(array for array in jax.tree.leaves(data.train) if array.ndim == 4)
    white = 255 if known.max(initial=0) > 1 else 1
    written[f'{name}.png'] = _grid(examples / np.float32(white))
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
