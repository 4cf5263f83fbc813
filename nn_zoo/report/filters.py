"""The first layer of a network as pictures.

Axis letters: H height, W width, I input channels, O filters, N inputs.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from nn_zoo.report import figures, markup
from nn_zoo.report.markup import Section

MOST = 64
LEAST = 5  # a dense layer's inputs make no picture below so many pixels along a side


def section(params: Mapping, image_shape: Sequence[int] | None = None) -> Section | None:
  """The first layer's filters, each scaled by itself with zero in mid-grey.

  Args:
    params: nested dict of arrays with leaves named `kernel`.
    image_shape: (H, W, I) of the network's input, if it is an image. Without it a dense layer
      is drawn when its number of inputs is a square.

  Returns:
    None where the first layer has no picture.
  """
  found = first(params, image_shape)
  if found is None:
    return None
  path, w_HWIO = found
  pictures = []
  for w_HWI in np.moveaxis(w_HWIO, -1, 0)[:MOST]:
    if w_HWI.shape[-1] not in (1, 3):
      w_HWI = w_HWI.mean(-1, keepdims=True)
    scale = np.abs(w_HWI).max(initial=0)
    pictures.append((figures.png(0.5 + w_HWI / (2 * scale or 1)), ''))
  h, w, i, o = w_HWIO.shape
  mean = '' if i in (1, 3) else f', mean over {i} input channels'
  few = f'{len(pictures)} of {o:,}' if o > len(pictures) else f'{o:,}'
  note = f'{few} filters of {markup.escape(path)}, {h} × {w}{mean}; grey is zero.'
  return Section(
    'First-layer filters', f'<p class="note">{note}</p>{markup.tiles(pictures, tight=True)}'
  )


def first(params: Mapping, image_shape: Sequence[int] | None) -> tuple[str, np.ndarray] | None:
  """Path and weights [H, W, I, O] of the layer that sees the image.

  Trees come sorted by name, not by use: the convolution with an image's channels goes first, then
  the one that lies least deep; a dense kernel is taken where there is no convolution.
  """
  channels = (image_shape[-1],) if image_shape else (3, 1)
  kernels = [
    (path, np.asarray(w, np.float32)) for path, w in leaves(params) if path.endswith('kernel')
  ]
  convolutions = [(p, w) for p, w in kernels if w.ndim == 4 and min(w.shape[:2]) > 1]

  def distance(pair) -> tuple:
    path, w_HWIO = pair
    i = w_HWIO.shape[2]
    return (channels.index(i) if i in channels else len(channels), path.count('/'))

  if convolutions:
    return min(convolutions, key=distance)
  dense = [(p, w) for p, w in kernels if w.ndim == 2]
  if not dense:
    return None
  path, w_NO = min(dense, key=lambda pair: pair[0].count('/'))
  side = round(len(w_NO) ** 0.5)
  shape = tuple(image_shape or (side, side, 1))
  if np.prod(shape) != len(w_NO) or min(shape[:2]) < LEAST:
    return None
  return path, w_NO.reshape(*shape, -1)


def leaves(tree: Mapping, path: str = '') -> Iterator[tuple[str, np.ndarray]]:
  """The arrays of a nested dict with their slashed paths, in order."""
  for key, value in tree.items():
    if isinstance(value, Mapping):
      yield from leaves(value, f'{path}{key}/')
    else:
      yield f'{path}{key}', value
