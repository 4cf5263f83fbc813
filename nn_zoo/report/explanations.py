"""What a classifier of images looked at: Grad-CAM, saliency and feature maps.

Axis letters: N examples, H height, W width, C channels of an image (of logits: classes), K channels of a
convolution.
"""

from collections.abc import Callable, Sequence
from html import escape

import numpy as np

from nn_zoo.report import figures, markup
from nn_zoo.report.classification import log_softmax, worst
from nn_zoo.report.markup import Section

WORST = 12  # mistakes that are explained
MAPS = 16  # feature maps in a row
ROWS = 16  # convolutions that are shown
BRIGHTEST = (
  99.5  # percentile of the saliency that is drawn white: single pixels would leave the rest black
)
HEAT = 0.75  # share of the colour where Grad-CAM is largest


def sections(
  explain: Callable,
  inputs: np.ndarray,
  targets: np.ndarray,
  logits: np.ndarray,
  classes: Sequence[str],
) -> list[Section]:
  """The worst mistakes explained, and the feature maps of one image; none for a net without convolutions.

  Args:
    explain: (images [N, H, W, C], classes [2, N]) -> None, or an object with `layer`, `cam_LNHW`,
      `saliency_LNHW` and `maps`, as `nn_zoo.tasks.explain.explain` gives it.
    inputs: [N, H, W, 1 or 3].
    targets: [N] integers in [0, C).
    logits: [N, C].
    classes: C names.
  """
  targets_N, logp_NC = np.asarray(targets), log_softmax(np.asarray(logits))
  guess_N = logp_NC.argmax(1)
  wrong = worst(targets_N, logp_NC)[:WORST]
  chosen = int((guess_N == targets_N).argmax())  # the first that is right, if any is
  shown = np.append(wrong, chosen)
  found = explain(inputs[shown], np.stack([guess_N[shown], targets_N[shown]]))
  if found is None:
    return []
  images = figures.unit(inputs[shown])
  names = [[escape(str(classes[c[i]])) for i in shown] for c in (guess_N, targets_N)]
  drawn = [Section('Feature maps', _maps(found.maps, images[-1], chosen, names[1][-1]))]
  if len(wrong):
    p_N = np.exp(logp_NC[wrong].max(1))
    drawn.insert(
      0, Section('Worst mistakes: Grad-CAM and saliency', _mistakes(found, images, names, p_N))
    )
  return drawn


def overlay(x_HWC: np.ndarray, cam_HW: np.ndarray) -> np.ndarray:
  """The picture in grey with Grad-CAM as heat, from none where it is 0 to the most at its maximum."""
  from matplotlib import colormaps

  heat_HW = np.nan_to_num(cam_HW)
  heat_HW = heat_HW / (heat_HW.max() or 1)
  share_HW1 = HEAT * heat_HW[..., None] ** 0.75
  grey_HW1 = x_HWC.mean(-1, keepdims=True)
  return (1 - share_HW1) * grey_HW1 + share_HW1 * colormaps['autumn'](heat_HW)[..., :3]


def bright(saliency_HW: np.ndarray) -> np.ndarray:
  """Saliency as a picture [H, W, 1] in [0, 1]."""
  x_HW = np.nan_to_num(saliency_HW)
  return np.clip(x_HW / (np.percentile(x_HW, BRIGHTEST) or x_HW.max() or 1), 0, 1)[..., None]


def _mistakes(found, images: np.ndarray, names: list[list[str]], p_N: np.ndarray) -> str:
  note = (
    '<p class="note">Each mistake; Grad-CAM for the prediction and for the label, from red to yellow where '
    f'{escape(found.layer)} speaks for that class (no colour: nowhere); saliency, lighter where the logit of '
    'the prediction changes more with the pixel. Every map is scaled by itself.</p>'
  )
  strips = []
  for i, (p, x_HWC) in enumerate(zip(p_N, images, strict=False)):
    guess, label = names[0][i], names[1][i]
    cells = [
      (x_HWC, f'<b>{label}</b> → {guess} ({p:.2f})'),
      (overlay(x_HWC, found.cam_LNHW[0, i]), f'for {guess}'),
      (overlay(x_HWC, found.cam_LNHW[1, i]), f'for <b>{label}</b>'),
      (bright(found.saliency_LNHW[0, i]), 'saliency'),
    ]
    pictures = [(figures.png(picture), caption) for picture, caption in cells]
    strips.append(markup.tiles(pictures, columns=len(pictures)))
  return f'{note}<div class="charts">{"".join(strips)}</div>'


def _maps(
  maps: Sequence[tuple[str, np.ndarray]], x_HWC: np.ndarray, example: int, label: str
) -> str:
  wide = [(path, x_HWK) for path, x_HWK in maps if max(x_HWK.shape[:2]) > 1]
  kept = [wide[round(i)] for i in np.linspace(0, len(wide) - 1, min(ROWS, len(wide)))]
  few = f' {len(kept)} of {len(wide)} convolutions are shown.' if len(kept) < len(wide) else ''
  note = (
    f'<p class="note">Test image {example} (<b>{label}</b>) and what the convolutions make of it, in order '
    f'of use: the first {MAPS} channels, each from its lowest value (black) to its highest (white).{few}</p>'
  )
  rows = [markup.tiles([(figures.png(x_HWC), '')], columns=MAPS)]
  for path, x_HWK in kept:
    x_KHW = np.nan_to_num(np.moveaxis(x_HWK, -1, 0)[:MAPS])
    pictures = [(figures.png(_stretched(x_HW)[..., None]), '') for x_HW in x_KHW]
    size = ' × '.join(map(str, x_KHW.shape[1:]))
    rows.append(f'<p class="note">{escape(path)}, {size}</p>')
    rows.append(markup.tiles(pictures, columns=MAPS))
  return note + ''.join(rows)


def _stretched(x_HW: np.ndarray) -> np.ndarray:
  return (x_HW - x_HW.min()) / ((x_HW.max() - x_HW.min()) or 1)
