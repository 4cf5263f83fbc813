"""Pieces of HTML: numbers as people write them, tables, lists. Text is escaped here."""

import math
from collections.abc import Iterable, Sequence
from html import escape
from numbers import Integral, Real
from typing import NamedTuple

NONE = '–'
_CLASSES = {'l': '', 'r': ' class="n"', 't': ' class="t"'}  # of a table's cells
PREFIXES = ((1e15, 'P'), (1e12, 'T'), (1e9, 'G'), (1e6, 'M'), (1e3, 'k'))


class Section(NamedTuple):
  """A part of the page; `html` is markup already escaped by its maker."""

  title: str
  html: str
  warning: bool = False  # shown before everything else


def warning(title: str, *lines: str) -> Section:
  """What went wrong, in lines of text, as a section that is shown before everything else."""
  notes = ''.join(f'<p class="note bad">{escape(line)}.</p>' for line in lines)
  return Section(title, notes, warning=True)


class Markup(str):
  """A table cell that is markup already, not text to be escaped."""


def number(value: float | None) -> str:
  """Four significant digits; whole numbers and large ones with thousands separators."""
  if value is None:
    return NONE
  if not math.isfinite(value):
    return 'NaN' if math.isnan(value) else f'{value}'.replace('inf', '∞')
  if isinstance(value, Integral) or abs(value) >= 9999.5:
    return f'{value:,.0f}' if abs(value) < 1e15 else f'{value:.4g}'
  return f'{value:,.4g}'


def is_share(metric: str) -> bool:
  """Whether a metric is shown in percent."""
  return metric.endswith('accuracy')


def quantity(metric: str, value: float) -> str:
  """The value of a metric: accuracies in percent, the others in four digits."""
  if is_share(metric) and math.isfinite(value):
    return f'{100 * value:.2f} %'
  return number(value)


def spaced(name: str) -> str:
  """A key as escaped text: top5_accuracy -> top5 accuracy."""
  return escape(name.replace('_', ' '))


def prefixed(value: float | None, unit: str) -> str:
  """Three digits and a decimal prefix: 1.23 MFLOP."""
  if value is None or not math.isfinite(value):
    return NONE
  scale, prefix = next((pair for pair in PREFIXES if abs(value) >= pair[0]), (1, ''))
  return f'{value / scale:.3g} {prefix}{unit}'


def duration(seconds: float) -> str:
  """A time as people say it: 340 ms, 3.4 s, 2 min 05 s, 1 h 02 min."""
  if not math.isfinite(seconds):
    return number(seconds)
  if seconds < 0.9995:
    return f'{1000 * seconds:.3g} ms'
  if seconds < 59.95:
    return f'{seconds:.1f} s'
  minutes, rest = divmod(round(seconds), 60)
  if minutes < 60:
    return f'{minutes} min {rest:02d} s'
  return f'{minutes // 60:,} h {minutes % 60:02d} min'


def _row(cells: Iterable[object], align: str) -> str:
  row = []
  for cell, side in zip(cells, align, strict=True):
    if cell is None or isinstance(cell, Real):
      cell = number(cell)
    elif not isinstance(cell, Markup):
      cell = escape(str(cell))
    row.append(f'<td{_CLASSES[side]}>{cell}</td>')
  return f'<tr>{"".join(row)}</tr>\n'


def table(
  head: Sequence[str], align: str, rows: Iterable[Sequence], foot: Sequence[object] = ()
) -> str:
  """A table; a long one scrolls.

  Args:
    head: names of the columns.
    align: one letter a column: l or r, or t for long texts, which are broken into lines.
    rows: cells by row; numbers and None are formatted, `Markup` is left alone, the rest escaped.
    foot: one last row, for totals.
  """
  heads = ''.join(
    f'<th{_CLASSES[side]}>{escape(name)}</th>' for name, side in zip(head, align, strict=True)
  )
  body = [_row(cells, align) for cells in rows]
  end = f'<tfoot>{_row(foot, align)}</tfoot>' if foot else ''
  return (
    f'<div class="box{" tall" if len(body) > 24 else ""}"><table><thead><tr>{heads}</tr></thead>\n'
    f'<tbody>{"".join(body)}</tbody>{end}</table></div>'
  )


def settings(pairs: Iterable[tuple[str, object]]) -> str:
  """A list of names with their values."""
  items = (f'<div><dt>{escape(k)}</dt><dd>{escape(str(v))}</dd></div>' for k, v in pairs)
  return '<dl class="settings">' + ''.join(items) + '</dl>'


def tiles(pictures: Sequence[tuple[str, str]], tight: bool = False, columns: int = 0) -> str:
  """A grid of pictures.

  Args:
    pictures: pairs of a data URI and a caption (markup, may be empty).
    tight: whether the pictures are drawn small.
    columns: pictures in a row, as many as there is room for if 0.
  """
  figures = ''.join(
    f'<figure><img src="{uri}" alt="">{caption and f"<figcaption>{caption}</figcaption>"}</figure>'
    for uri, caption in pictures
  )
  style = f' style="grid-template-columns:repeat({columns},1fr);gap:.4rem"' if columns else ''
  return f'<div class="tiles{" tight" if tight else ""}"{style}>{figures}</div>'


def drawings(pictures: Sequence[tuple[str, str]], tiled: bool = False) -> str:
  """Inline SVG beside each other, each with a caption (markup).

  Args:
    pictures: pairs of an SVG and a caption.
    tiled: whether they are as wide as the pictures of `tiles`, in place of their own width.
  """
  figures = (
    f'<figure>{svg}<figcaption>{caption}</figcaption></figure>' for svg, caption in pictures
  )
  return f'<div class="{"tiles" if tiled else "drawings"}">{"".join(figures)}</div>'


def quotations(texts: Sequence[tuple[str, str]]) -> str:
  """A list of texts, each after a line about it (markup)."""
  items = (f'<dt>{about}</dt><dd>{escape(text)}</dd>' for text, about in texts)
  return f'<dl>{"".join(items)}</dl>'
