"""What a generative adversarial network did: its examples beside those of the data, and paths.

Axes: N examples, H height, W width, C channels, K classes or modes.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from nn_zoo.report import figures, markup
from nn_zoo.report.markup import Section
from nn_zoo.report.theme import light

SHOWN = 64  # examples
COMPARED = 8  # examples beside their nearest neighbours
POINTS = 2000  # of a scatter plot
ROWS = 10  # steps of which images are shown
NAMED = 100  # classes that have room for their names and bars


def sections(
  inputs: Mapping[str, np.ndarray],
  targets: np.ndarray,
  outputs: np.ndarray,
  *,
  paths: np.ndarray | None = None,
  neighbours: tuple[np.ndarray, np.ndarray] | None = None,
  field: tuple[np.ndarray, np.ndarray] | None = None,
  mode_shares: np.ndarray | None = None,
  classes: Sequence[str] = (),
) -> list[Section]:
  """The sections of the report.

  Args:
    inputs: 'latent', and 'label' where there are classes; the same for every run of a seed.
    targets: examples of the data, held out.
    outputs: one generated of each latent.
    paths: images, eight in a row, from one latent to another.
    neighbours: for the first outputs the nearest training example, and its distance.
    field: points [side, side, 2] and the critic's logits [side, side] there.
    mode_shares: of each mode among the good points, or of each class among the images.
    classes: names, for modes.
  """
  found = []
  if targets.ndim == 2 and targets.shape[1] == 2:
    found.append(Section('Samples over the data', _points(targets, outputs, field)))
    if mode_shares is not None:
      found.append(Section('Modes', _modes(mode_shares, classes, 'good points')))
    return found
  if targets.ndim != 4 or targets.shape[-1] not in (1, 3):
    return found
  white = _white(targets)
  found.append(
    Section(
      'Generated images',
      '<p class="note">Of the same latents in every run of a seed.</p>'
      + _grid(outputs[:SHOWN], white),
    )
  )
  if mode_shares is not None and classes:
    found.append(Section('Classes made', _modes(mode_shares, classes, 'generated images')))
  if paths is not None:
    note = '<p class="note">From one latent to another, along the sphere between them.</p>'
    found.append(Section('Interpolations', note + _grid(paths, white)))
  if neighbours is not None:
    found.append(Section('Nearest training images', _compared(outputs, *neighbours, white)))
  return found


def over_time(found: Sequence[tuple[int, np.ndarray]]) -> list[Section]:
  """Images that were made of the same inputs at several steps, a row a step; nothing if they are no images.

  Args:
    found: (step, outputs [N, H, W, C]), in order.
  """
  images = [(step, x) for step, x in found if x.ndim == 4 and x.shape[-1] in (1, 3)]
  if len(images) < 2:
    return []
  kept = [
    images[n] for n in np.linspace(0, len(images) - 1, min(len(images), ROWS)).round().astype(int)
  ]
  steps = ', '.join(f'{step:,}' for step, _ in kept)
  note = f'<p class="note">Of the same inputs, row by row after step {steps}.</p>'
  shown = np.concatenate([x[:8] for _, x in kept])
  return [Section('Over time', note + _grid(shown, _white(shown)))]


def reconstructions(
  inputs: np.ndarray,
  targets: np.ndarray,
  outputs: np.ndarray,
  *,
  drawn: np.ndarray | None = None,
  codes: np.ndarray | None = None,
  classes: Sequence[str] = (),
) -> list[Section]:
  """The sections of an autoencoder's report: images and their reconstructions, draws, the first two codes.

  Args:
    inputs, outputs: examples and what became of them.
    targets: class indices, which colour the codes.
    drawn: images of codes drawn from the prior.
    codes: [N, 2] of the examples.
    classes: names.
  """
  found = []
  if inputs.ndim == 4 and inputs.shape[-1] in (1, 3):
    white = _white(inputs)
    pairs = np.stack([inputs[:32], outputs[:32]], axis=1)
    note = '<p class="note">Each image with its reconstruction to the right.</p>'
    found.append(
      Section('Reconstructions', note + _grid(pairs.reshape(-1, *inputs.shape[1:]), white))
    )
    if drawn is not None:
      found.append(Section('Images drawn from the prior', _grid(drawn[:SHOWN], white)))
  if codes is not None and codes.shape[1] == 2:
    found.append(Section('Codes', _codes(codes, targets, classes)))
  return found


def _white(x_NHWC: np.ndarray) -> float:
  # Of images of the data, since generated ones can all be dark.
  return 255.0 if x_NHWC.max(initial=0) > 1 else 1.0


def _unit(x_NHWC: np.ndarray, white: float) -> np.ndarray:
  return np.clip(np.asarray(x_NHWC, np.float32) / white, 0, 1)


def _grid(x_NHWC: np.ndarray, white: float, columns: int = 8) -> str:
  return markup.tiles([(figures.png(x_HWC), '') for x_HWC in _unit(x_NHWC, white)], True, columns)


def _compared(outputs, near_NHWC, distance_N, white) -> str:
  pictures = []
  for x_HWC, y_HWC, distance in zip(
    _unit(outputs, white), _unit(near_NHWC, white), distance_N, strict=False
  ):
    both_HWC = np.concatenate([x_HWC, np.ones_like(x_HWC[:, :1]), y_HWC], axis=1)
    pictures.append((figures.png(both_HWC), f'{distance:.3g}'))
  note = (
    '<p class="note">Generated, and the nearest training image; its Euclidean distance, white being 1. '
    'A distance of nearly 0 is a copy.</p>'
  )
  return note + markup.tiles(pictures, columns=4)


def _points(targets, outputs, field) -> str:
  figure, axes = figures.canvas(8.4 if field else 4.2, 4.1, columns=2 if field else 1)
  axes[0].scatter(
    *targets[:POINTS].T, 5, light('muted'), linewidths=0, label='data', rasterized=True
  )
  axes[0].scatter(
    *outputs[:POINTS].T,
    5,
    light('blue'),
    linewidths=0,
    alpha=0.6,
    label='generated',
    rasterized=True,
  )
  reach = 1.25 * np.abs(targets).max()
  axes[0].legend(frameon=False, fontsize=figures.SMALL, loc='upper right', ncols=2)
  if field:
    at, logit = field
    limit = max(np.abs(logit).max(), 1e-9)
    axes[1].pcolormesh(
      at[..., 0], at[..., 1], logit, cmap='RdBu', vmin=-limit, vmax=limit, rasterized=True
    )
    axes[1].scatter(*targets[:300].T, 3, light('ink'), linewidths=0, rasterized=True)
    axes[1].set_xlabel("the critic's logit: blue is taken for real, red for generated")
  for axis in axes:
    axis.set_xlim(-reach, reach)
    axis.set_ylim(-reach, reach)
    axis.set_aspect('equal')
  outside = np.count_nonzero(np.abs(outputs).max(axis=1) > reach)
  note = (
    f'<p class="note">{outside:,} generated points lie outside the picture.</p>' if outside else ''
  )
  return f'{note}<figure>{figures.svg(figure, "samples and critic")}</figure>'


def _modes(share_K, classes, counted) -> str:
  named = len(share_K) <= NAMED
  share_K = np.asarray(share_K) if named else np.sort(share_K)[::-1]
  figure, (axis,) = figures.canvas(7.2, 2.4)
  if named:
    axis.bar(np.arange(len(share_K)), 100 * share_K, color=light('blue'), width=0.8)
    axis.set_xticks(np.arange(len(share_K)), classes, rotation=90 if len(share_K) > 10 else 0)
  else:
    axis.fill_between(np.arange(len(share_K)), 100 * share_K, color=light('blue'), linewidth=0)
    axis.set_xlabel('classes, the most frequent first')
  axis.axhline(100 / len(share_K), color=light('ink'), linewidth=1, linestyle=(0, (3, 3)))
  axis.set_ylabel(f'% of {counted}')
  note = '<p class="note">Dashed: the same share for every one.</p>'
  return f'{note}<figure>{figures.svg(figure, f"shares of {counted}")}</figure>'


def _codes(codes, targets, classes) -> str:
  from matplotlib import colormaps

  figure, (axis,) = figures.canvas(5.4, 4.6)
  for label, name in enumerate(classes or ('examples',)):
    rows = targets[:POINTS] == label if classes else slice(POINTS)
    axis.scatter(
      *codes[:POINTS][rows].T,
      6,
      [colormaps['tab10'](label % 10)],
      linewidths=0,
      label=name,
      rasterized=True,
    )
  axis.legend(frameon=False, fontsize=figures.SMALL, loc='center left', bbox_to_anchor=(1, 0.5))
  axis.set_xlabel('first code')
  axis.set_ylabel('second code')
  return f'<figure>{figures.svg(figure, "codes")}</figure>'
