"""Pairs of texts, one to be made from the other: Multi30k and the user's own.

Shapes: N pairs, S tokens of a source, T tokens of a target with <s> before it and </s> behind.
"""

import sys
from functools import partial
from typing import Any

import numpy as np

from nn_zoo.data import published, tokenizer
from nn_zoo.data.bucketed import Bucketed
from nn_zoo.data.dataset import Dataset, at_least, split
from nn_zoo.data.lines import Texts, aligned, columns
from nn_zoo.data.sequences import padded, shortened
from nn_zoo.data.tokenizer import BEGIN, END, Tokenizer
from nn_zoo.errors import InputError

LANGUAGES = ('de', 'en', 'fr')


def multi30k(
  *,
  source: str = 'de',
  target: str = 'en',
  tokenizer: str = 'bpe',
  vocabulary: int = 8000,
  shared: bool = True,
  tokenizer_file: str = '',
  length: int = 0,
  too_long: str = 'cut',
  tokens: int = 0,
  buckets: int = 4,
  positions: int = 0,
) -> Dataset:
  """Loads 29000 captions of photographs in two languages, 1014 to choose by, and the test set of 2016.

  Args:
    source: 'de', 'en' or 'fr'.
    target: another of these.
    tokenizer: 'bpe', 'unigram' or 'characters', see `nn_zoo.data.tokenizer.learn`.
    vocabulary: token ids at most.
    shared: one tokenizer for sources and targets, as tied embeddings need it.
    tokenizer_file: the tokenizer.json of a run, used as it is; '' to learn.
    length: tokens of a text at most, </s> not counted; 0 for all.
    too_long: 'cut' a longer text there, or 'refuse' it.
    tokens: of a side of a training batch at most, padding counted, so that short texts come in larger
      batches (up to train.batch_size); 0: train.batch_size texts, whatever their length.
    buckets: lengths by which batches are made, see `nn_zoo.data.bucketed.Bucketed`.
    positions: tokens that the model reads at most, <s> counted, where it has a number of them; longer texts
      are cut or refused as well. `nn_zoo.fitting` knows it, no config needs to say it.

  Raises:
    InputError: the files are missing or are not the published ones, or a language is none of these.

  Source: Elliott et al. 2016, "Multi30K: multilingual English-German image descriptions",
  https://arxiv.org/abs/1605.00459; French by Elliott et al. 2017, https://arxiv.org/abs/1710.07177.
  """
  if source not in LANGUAGES or target not in LANGUAGES or source == target:
    raise InputError(
      f'data.source={source!r} and data.target={target!r}: expected two of {", ".join(LANGUAGES)}'
    )
  parts = [
    aligned(*(str(published.path('multi30k', f'{part}.{side}')) for side in (source, target)))
    for part in ('train', 'val', 'test_2016_flickr')
  ]
  return encoded(
    *parts,
    kind=tokenizer,
    vocabulary=vocabulary,
    shared=shared,
    tokenizer_file=tokenizer_file,
    length=length,
    too_long=too_long,
    tokens=tokens,
    buckets=buckets,
    positions=positions,
  )


def pairs(
  *,
  path: str,
  target_path: str = '',
  validation: float,
  test: float,
  split_seed: int,
  tokenizer: str = 'bpe',
  vocabulary: int = 8000,
  shared: bool = True,
  tokenizer_file: str = '',
  length: int = 0,
  too_long: str = 'cut',
  tokens: int = 0,
  buckets: int = 4,
  positions: int = 0,
) -> Dataset:
  """Loads pairs of texts from two files of as many lines, or from one with a tab in each line; .gz or not.

  A pair of which either is blank is left out.

  Args:
    path: the sources, UTF-8, one a line; or sources and targets, if `target_path` is ''.
    target_path: the targets.
    validation: fraction or number of pairs held out to choose by.
    test: fraction or number of pairs held out to report.
    split_seed: seed of the division.
    tokenizer: 'bpe', 'unigram' or 'characters', see `nn_zoo.data.tokenizer.learn`.
    vocabulary: token ids at most.
    shared: one tokenizer for sources and targets, as tied embeddings need it.
    tokenizer_file: the tokenizer.json of a run, used as it is; '' to learn.
    length: tokens of a text at most, </s> not counted; 0 for all.
    too_long: 'cut' or 'refuse', see `multi30k`.
    tokens: of a batch, and
    buckets: of like length, and
    positions: of the model, all as in `multi30k`.

  Raises:
    InputError: a file cannot be read or is blank, a line is no UTF-8, or the files do not fit each other.
  """
  sources, targets = aligned(path, target_path) if target_path else columns(path)
  rows = np.arange(len(sources))
  divided = split(rows, rows, validation=validation, test=test, seed=split_seed)
  parts = [
    ([sources[row] for row in part['inputs']], [targets[row] for row in part['inputs']])
    for part in divided
  ]
  return encoded(
    *parts,
    kind=tokenizer,
    vocabulary=vocabulary,
    shared=shared,
    tokenizer_file=tokenizer_file,
    length=length,
    too_long=too_long,
    tokens=tokens,
    buckets=buckets,
    positions=positions,
  )


def encoded(
  train: Texts,
  validation: Texts,
  test: Texts,
  *,
  kind: str,
  vocabulary: int = 0,
  shared: bool = True,
  tokenizer_file: str = '',
  length: int = 0,
  too_long: str = 'cut',
  tokens: int = 0,
  buckets: int = 1,
  positions: int = 0,
) -> Dataset:
  """Pairs of texts as token ids, by tokenizers learnt from the training pairs alone.

  Args:
    train, validation, test: sources and targets.
    kind: the tokenizer.
    vocabulary, shared, tokenizer_file, length, too_long, tokens, buckets, positions: see `multi30k`.

  Raises:
    InputError: a text is too long and to be refused, or a value does not fit.
  """
  for name, value in (('length', length), ('tokens', tokens)):
    at_least(f'data.{name}', value, 0)
  if too_long not in ('cut', 'refuse'):
    raise InputError(f"data.too_long={too_long!r}: expected 'cut' or 'refuse'")
  if tokenizer_file:
    tokenizers = tokenizer.read(tokenizer_file)
  elif shared:
    tokenizers = (tokenizer.learn(kind, train[0] + train[1], vocabulary),) * 2
  else:
    tokenizers = tuple(tokenizer.learn(kind, side, vocabulary) for side in train)
  remarks: list[str] = []
  parts = [
    [
      _ids(name, texts, mine, limit, too_long, remarks)
      for texts, mine, limit in zip(sides, tokenizers, _limits(length, positions), strict=True)
    ]
    for name, sides in zip(('train', 'validation', 'test'), (train, validation, test), strict=True)
  ]
  widths = [max((len(ids) for part in parts for ids in part[side]), default=1) for side in (0, 1)]
  splits = [
    {'inputs': source_arrays(part[0], widths[0]), 'targets': _targets(part[1], widths[1])}
    for part in parts
  ]
  fresh = partial(Bucketed, splits[0], tokens, buckets) if tokens else None
  return Dataset(*splits, (), fresh=fresh, tokenizers=tokenizers, remarks=tuple(remarks))


def source_arrays(ids: list[list[int]], width: int) -> dict[str, Any]:
  """Token ids as {'values' [N, width], 'length' [N]}."""
  rows = [np.array(row, np.int32) for row in ids]
  if not rows:
    return {'values': np.zeros((0, width), np.int32), 'length': np.zeros(0, np.int32)}
  return padded(rows, width)


def _targets(ids: list[list[int]], width: int) -> dict[str, Any]:
  return source_arrays([[BEGIN, *row, END] for row in ids], width + 2)


def _limits(length: int, positions: int) -> list[tuple[int, str]]:
  """Tokens of a source and of a target at most, and the key that says so; <s> takes a target's position."""
  own = (length or sys.maxsize, f'data.length={length}')
  if not positions:
    return [own, own]
  return [min(own, (positions - begin, f'model.length={positions}')) for begin in (0, 1)]


def _ids(
  part: str,
  texts: list[str],
  mine: Tokenizer,
  limit: tuple[int, str],
  too_long: str,
  remarks: list[str],
) -> list[list[int]]:
  ids, (most, key) = mine.encode(texts), limit
  longer = [index for index, row in enumerate(ids) if len(row) > most]
  if longer and too_long == 'refuse':
    first = longer[0]
    raise InputError(
      f'{key}: {part} text {first} (counted from 0) has {len(ids[first])} tokens: '
      f"{texts[first][:60]!r}; expected at most {most}, or set data.too_long='cut'"
    )
  if longer:
    remarks.append(shortened(part, len(longer), len(ids), most, key))
  if unknown := sum(tokenizer.UNKNOWN in row for row in ids):
    remarks.append(f'{unknown} of {len(ids)} {part} texts hold what the tokenizer does not know')
  return [row[:most] or [tokenizer.UNKNOWN] for row in ids]
