"""Translations beside their references, where the model looked, and how long its texts are.

Axis letters: N texts, K texts written for one, L tokens written, S tokens of a source, T of a target.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nn_zoo.errors import InputError
from nn_zoo.report import figures, markup
from nn_zoo.report.markup import Section
from nn_zoo.report.theme import light

ROWS = 8  # texts of each kind
END = 3


def sections(
  inputs: Mapping[str, np.ndarray],
  targets: Mapping[str, np.ndarray],
  predictions: np.ndarray,
  *,
  tokenizers: tuple[Any, Any],
  attention: Sequence[tuple[np.ndarray, np.ndarray]] = (),
) -> list[Section]:
  """The sections of a translation's report.

  Args:
    inputs: sources, {'values' [N, S], 'length' [N]}.
    targets: references, likewise.
    predictions: [N, K, L] token ids, the best of K first.
    tokenizers: of sources and targets.
    attention: of the first texts, what was written [L] and the weights [L, S].

  Raises:
    InputError: there are no texts, or not as many of each.
  """
  if not len(predictions) or len(predictions) != len(targets['values']):
    raise InputError(
      f'report: {len(predictions)} predictions for {len(targets["values"])} references; '
      'expected as many, one or more'
    )
  sources = [tokenizers[0].decode(row) for row in inputs['values']]
  references = [tokenizers[1].decode(row) for row in targets['values']]
  written = [tokenizers[1].decode(row) for row in predictions[:, 0]]
  found = [
    Section('Translations', _texts(sources, references, written)),
    Section('Lengths', _lengths(targets['length'] - 1, predictions[:, 0])),
  ]
  if len(attention):
    maps = [
      _map(source[:length], tokens, weight, tokenizers)
      for source, length, (tokens, weight) in zip(
        inputs['values'], inputs['length'], attention, strict=False
      )
    ]
    note = (
      '<p class="note">Rows: tokens written; columns: tokens of the source. Dark: looked at.</p>'
    )
    found.append(Section('Attention', note + markup.drawings(maps)))
  return found


def _texts(sources, references, written) -> str:
  import sacrebleu

  score = np.array(
    [
      sacrebleu.sentence_bleu(mine, [reference]).score
      for mine, reference in zip(written, references, strict=True)
    ]
  )
  order = np.argsort(score, kind='stable')
  middle = np.argsort(np.abs(score - np.median(score)), kind='stable')
  html = ''
  for name, rows in (('Typical', middle), ('Worst', order), ('Best', order[::-1])):
    cells = [
      (float(score[n]), sources[n], references[n], written[n]) for n in map(int, rows[:ROWS])
    ]
    head = ('BLEU', 'source', 'reference', 'translation')
    html += f'<h3>{name}</h3>{markup.table(head, "rttt", cells)}'
  return html


def _lengths(reference_N: np.ndarray, tokens_NL: np.ndarray) -> str:
  length_N = (np.asarray(tokens_NL) != 0).sum(axis=1)
  figure, (axis,) = figures.canvas(5.6, 2.5)
  bins = np.arange(0.5, max(length_N.max(), reference_N.max()) + 1)
  for name, values, colour in (('reference', reference_N, 'muted'), ('written', length_N, 'blue')):
    axis.hist(values, bins, histtype='step', color=light(colour), linewidth=1.6, label=name)
  axis.legend(frameon=False, fontsize=figures.SMALL)
  axis.set_xlabel('tokens, </s> included')
  axis.set_ylabel('texts')
  return f'<figure>{figures.svg(figure, "lengths of references and translations")}</figure>'


def _map(source_S, tokens_L, weight_LS, tokenizers) -> tuple[str, str]:
  count = int((tokens_L != 0).sum())
  figure, (axis,) = figures.canvas(4.2, 4.2)
  axis.grid(visible=False)
  axis.imshow(weight_LS[:count, : len(source_S)], cmap='Greys', vmin=0, vmax=1, aspect='auto')
  names = tokenizers[0].pieces(source_S), tokenizers[1].pieces(tokens_L[:count])
  axis.set_xticks(range(len(names[0])), _plain(names[0]), rotation=90)
  axis.set_yticks(range(len(names[1])), _plain(names[1]))
  return figures.svg(figure, 'attention'), ''


def _plain(pieces):
  return [
    piece.strip().replace('$', r'\$') for piece in pieces
  ]  # matplotlib reads $ as mathematics
