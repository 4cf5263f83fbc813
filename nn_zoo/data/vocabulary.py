"""Texts as sequences of token ids: words, their vocabulary, and back.

Shapes: N texts, T tokens.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from nn_zoo.data.sequences import padded

PADDING, UNKNOWN = '<padding>', '<unknown>'  # ids 0 and 1

_CHANGES = (
  ('[’‘]', "'"),
  (r"[^\w(),!?'`]|_", ' '),
  (r"'(s|ve|re|d|ll)\b", r" '\1"),
  (r"n't\b", " n't"),
  (r'([(),!?])', r' \1 '),
)


def words(text: str) -> list[str]:
  """The words of a text, in small letters: "It's good, isn't it?" -> it 's good , is n't it ?

  Source: Kim 2014, "Convolutional neural networks for sentence classification",
  https://arxiv.org/abs/1408.5882 (`clean_str` of its code). Departures: letters of every script are kept, and
  curved apostrophes are apostrophes.
  """
  text = text.lower()
  for pattern, replacement in _CHANGES:
    text = re.sub(pattern, replacement, text)
  return text.split()


def known_words(documents: Iterable[list[str]], min_count: int, limit: int) -> tuple[str, ...]:
  """The word of each id: padding, unknown, then the words by falling count, equal ones by name.

  Args:
    documents: the words of the training texts.
    min_count: how often a word must occur.
    limit: ids at most, those of padding and unknown included.
  """
  counts = Counter(word for document in documents for word in document)
  known = [word for word, count in counts.items() if count >= min_count]
  known.sort(key=lambda word: (-counts[word], word))
  return (PADDING, UNKNOWN, *known[: limit - 2])


def encode(
  documents: Sequence[list[str]], known: tuple[str, ...], length: int
) -> dict[str, np.ndarray]:
  """{'values': int32 [N, T], 'length': int32 [N]} of the words of texts.

  A word that is not known has id 1; so has a text without words, which is then one token long.

  Args:
    documents: the words of each text.
    known: the vocabulary.
    length: tokens of a text at most, the rest is cut off; 0 for as many as the longest has.
  """
  ids = {word: i for i, word in enumerate(known)}
  rows = [
    np.array([ids.get(word, 1) for word in document[: length or None]] or [1], np.int32)
    for document in documents
  ]
  return padded(rows, max(map(len, rows)))


def spelled(inputs: dict[str, Any], known: tuple[str, ...]) -> list[str]:
  """The texts that token ids stand for, as far as they are known."""
  rows = zip(np.asarray(inputs['values']), np.asarray(inputs['length']), strict=True)
  return [' '.join(known[token] for token in values[:length]) for values, length in rows]
