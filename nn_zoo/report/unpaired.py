"""What a translator of images did: images, what became of them, and what those became again.

Axes: N images, H height, W width, C channels.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from nn_zoo.report import figures, markup
from nn_zoo.report.markup import Section

BESIDE = 32  # images of the second kind


def sections(
  inputs: np.ndarray,
  targets: Mapping[str, np.ndarray],
  outputs: np.ndarray,
  *,
  returned: np.ndarray,
  classes: Sequence[str] = (),
) -> list[Section]:
  """The sections of the report.

  Args:
    inputs: images of the first kind.
    targets: 'image', of the second kind; not those of the inputs.
    outputs: the inputs as images of the second kind.
    returned: the first inputs, made back from the outputs.
    classes: names; not shown.
  """
  del classes
  if targets['image'].shape[-1] not in (1, 3) or inputs.shape[-1] not in (1, 3):
    return []
  trips = zip(inputs, outputs, returned, strict=False)
  tiles = [(figures.png(_colour(image)), '') for trip in trips for image in trip]
  note = (
    '<p class="note">By threes: an image, its translation, and what that is translated back to.</p>'
  )
  real = [(figures.png(_colour(image)), '') for image in targets['image'][:BESIDE]]
  beside = '<p class="note">For comparison: images that belong to the second kind.</p>'
  return [
    Section('Translations', note + markup.tiles(tiles, True, 12)),
    Section('Images of the second kind', beside + markup.tiles(real, True, 8)),
  ]


def _colour(x_HWC):
  # Both kinds in one picture: grey images as colour ones.
  x_HWC = np.clip(np.asarray(x_HWC, np.float32) / 255, 0, 1)
  return np.broadcast_to(x_HWC, (*x_HWC.shape[:2], 3))
