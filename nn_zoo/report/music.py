"""What a network of music did: predicted frames, hard pieces, pieces of its own as pictures and MIDI.

Axis letters: N pieces, T frames, K keys.
"""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from nn_zoo.errors import InputError
from nn_zoo.report import markup
from nn_zoo.report.markup import Section
from nn_zoo.report.midi import LOWEST, midi_file

PIECES = 3  # predictions drawn
FRAMES = 96  # of a piece that are drawn
HARDEST = 12
FAINT = 0.05  # probabilities below are not drawn
NAMES = ('C', 'C♯', 'D', 'E♭', 'E', 'F', 'F♯', 'G', 'G♯', 'A', 'B♭', 'B')


def sections(
  inputs: Mapping[str, Any],
  targets: np.ndarray,
  logits: np.ndarray,
  composed: Sequence[tuple[np.ndarray, int]] = (),
) -> list[Section]:
  """The sections of a music network's report.

  Args:
    inputs: {'values': [N, T, K], 'length': [N]}.
    targets: [N, T, K], the frame after each.
    logits: [N, T, K].
    composed: pieces [T, K] of the network's own, and how many frames of each are of a real one.

  Raises:
    InputError: sizes do not match, or there are no pieces.
  """
  length_N = np.asarray(inputs['length'])
  if not len(length_N) or np.shape(logits) != np.shape(targets):
    raise InputError(
      f'report: logits {np.shape(logits)} were expected as targets {np.shape(targets)}, one piece or more'
    )
  pieces = [
    (np.asarray(targets[n, :end], bool), np.asarray(logits[n, :end], np.float64))
    for n, end in enumerate(length_N)
  ]
  loss_N = np.array([nats(*piece).mean() for piece in pieces])
  shown = [
    Section('Composed', _composed(composed)),
    Section('Predicted frames', _predicted(pieces[:PIECES], loss_N)),
    Section('Hardest pieces', _hardest(pieces, loss_N)),
  ]
  return shown if composed else shown[1:]


def nats(notes_TK: np.ndarray, logits_TK: np.ndarray) -> np.ndarray:
  """Negative log-likelihood of each frame, summed over the keys."""
  return (np.logaddexp(0, logits_TK) - notes_TK * logits_TK).sum(axis=1)


def runs(notes_TK: np.ndarray) -> list[tuple[int, int, int]]:
  """(key, first frame, frame after the last) of every note, a key that stays on being one."""
  change_KT = np.diff(np.asarray(notes_TK).T.astype(np.int8), axis=1, prepend=0, append=0)
  return [
    (key, int(first), int(end))
    for key, change_T in enumerate(change_KT)
    for first, end in zip(np.flatnonzero(change_T > 0), np.flatnonzero(change_T < 0), strict=True)
  ]


def roll(
  notes_TK: np.ndarray, given: int = 0, probability_TK: np.ndarray | None = None, title: str = ''
) -> str:
  """A piano roll as inline SVG: time to the right, high keys on top, a line at every C.

  Args:
    notes_TK: the notes; in orange up to frame `given`, or if there are probabilities, then in outline.
    given: frames that were given.
    probability_TK: of each key, drawn as the darkness of a cell.
    title: for readers that do not see it.
  """
  seen_TK = notes_TK if probability_TK is None else notes_TK | (probability_TK > FAINT)
  keys = np.flatnonzero(seen_TK.any(axis=0))
  low, high = (keys[0] - 1, keys[-1] + 1) if len(keys) else (27, 63)
  width, height = len(notes_TK), high - low + 1
  drawn = []
  for key in range(low, high + 1):
    if (key + LOWEST) % 12 == 0:
      y = high - key + 1
      drawn.append(f'<path d="M0 {y}H{width}" stroke="var(--line)" stroke-width=".15"/>')
  if probability_TK is not None:
    for t, k in np.argwhere(probability_TK > FAINT):
      shade = f'fill="var(--blue)" fill-opacity="{probability_TK[t, k]:.2f}"'
      drawn.append(f'<rect x="{t}" y="{high - k}" width="1" height="1" {shade}/>')
  for key, first, end in runs(notes_TK):
    look = 'fill="none" stroke="var(--orange)" stroke-width=".2"'
    if probability_TK is None:
      look = f'fill="var(--{"orange" if first < given else "blue"})"'
    place = f'x="{first + 0.05:g}" y="{high - key + 0.1:g}" width="{end - first - 0.1:g}"'
    drawn.append(f'<rect {place} height=".8" rx=".2" {look}/>')
  return (
    f'<svg viewBox="0 0 {width} {height}" style="width:100%;max-height:22rem" role="img" '
    f'preserveAspectRatio="none" aria-label="{escape(title)}">{"".join(drawn)}</svg>'
  )


def _composed(composed: Sequence[tuple[np.ndarray, int]]) -> str:
  figures = []
  for index, (notes_TK, given) in enumerate(composed):
    uri = 'data:audio/midi;base64,' + base64.b64encode(midi_file(notes_TK)).decode()
    caption = (
      f'{len(notes_TK) - given} frames after {given} of a real piece (orange) · '
      f'<a href="{uri}" download="composed_{index}.mid">composed_{index}.mid</a>'
    )
    picture = roll(np.asarray(notes_TK, bool), given, title=f'composed piece {index}')
    figures.append(f'<figure>{picture}<figcaption>{caption}</figcaption></figure>')
  note = (
    'Each key of each frame is drawn from its probability. The files hold a frame a quarter note.'
  )
  return f'<p class="note">{note}</p><div class="charts">{"".join(figures)}</div>'


def _predicted(pieces, loss_N) -> str:
  figures = []
  for n, (notes_TK, logits_TK) in enumerate(pieces):
    with np.errstate(over='ignore'):
      p_TK = 1 / (1 + np.exp(-logits_TK[:FRAMES]))
    picture = roll(notes_TK[:FRAMES], 0, p_TK, f'piece {n}')
    cut = f', the first {FRAMES} frames' if len(notes_TK) > FRAMES else ''
    caption = f'piece {n}{cut}: <b>{loss_N[n]:.2f}</b> nats per frame'
    figures.append(f'<figure>{picture}<figcaption>{caption}</figcaption></figure>')
  note = (
    'Probability of each key given all frames before, as the darkness; orange: what was played.'
  )
  return f'<p class="note">{note}</p><div class="charts">{"".join(figures)}</div>'


def _hardest(pieces, loss_N) -> str:
  rows = []
  for n in np.argsort(-np.nan_to_num(loss_N, nan=np.inf), kind='stable')[:HARDEST]:
    notes_TK, logits_TK = pieces[n]
    loss_T = nats(notes_TK, logits_TK)
    worst = int(np.argmax(np.nan_to_num(loss_T, nan=np.inf)))
    chord = ' '.join(_name(key) for key in np.flatnonzero(notes_TK[worst])) or 'silence'
    rows.append((int(n), len(notes_TK), loss_N[n], worst + 1, chord, loss_T[worst]))
  head = ('piece', 'frames', 'nats per frame', 'hardest frame', 'which is', 'its nats')
  return markup.table(head, 'rrrrlr', rows)


def _name(key: int) -> str:
  octave, tone = divmod(key + LOWEST, 12)
  return f'{NAMES[tone]}{octave - 1}'
