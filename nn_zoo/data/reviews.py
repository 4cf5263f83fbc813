"""Texts with a class each: film reviews, and the user's own table."""

from collections.abc import Callable

import numpy as np

from nn_zoo.data import published, table
from nn_zoo.data.dataset import Dataset, Split, at_least, split, split_fold, take
from nn_zoo.data.sequences import shortened
from nn_zoo.data.vocabulary import encode, known_words, words
from nn_zoo.errors import InputError
from nn_zoo.named import choose

_ARCHIVE = 'hutto_ICWSM_2014.tar.gz'
_FILE = 'hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt'
_SHA256 = 'c8293b0d942e90e223ea2c0955d969040d1a1be514a978b9af0698940bd13350'


def reviews(
  *,
  validation: float,
  test: float = 0,
  folds: int = 0,
  fold: int = 0,
  split_seed: int,
  min_count: int = 1,
  vocabulary: int = 20000,
  length: int = 0,
) -> Dataset:
  """Loads 10605 snippets of film reviews as token ids; the class is whether people found them positive.

  Args:
    validation: fraction or number of snippets held out to choose by.
    test: fraction or number of snippets held out to report; 0 with `folds`.
    folds: parts of a cross-validation, such as 10; 0 for a single division.
    fold: the part to report, counted from 0.
    split_seed: seed of the division, or of the parts.
    min_count: how often a training word must occur to have an id of its own.
    vocabulary: ids at most, padding (0) and unknown (1) included.
    length: tokens of a snippet at most; 0 for all.

  Raises:
    InputError: the file is missing or is not the published one, or no training example is left.

  Source: C. J. Hutto and E. Gilbert (2014), VADER: a parsimonious rule-based model for sentiment analysis of
    social media text, https://doi.org/10.1609/icwsm.v8i1.14550 (means of 20 people's scores, positive if
    above 0; snippets of B. Pang and L. Lee (2005), https://arxiv.org/abs/cs/0506075).
  """
  content = published.member('sentiment', _ARCHIVE, _FILE, _SHA256).decode('utf-8')
  lines = [line.split('\t') for line in content.splitlines()]
  texts = [text for _, _, text in lines]
  targets = np.array([float(score) > 0 for _, score, _ in lines], np.int32)
  if folds and test:
    raise InputError(
      f'data.test={test}: data.folds={folds} decides what is tested; expected test=0'
    )

  def divide(rows: np.ndarray) -> tuple[Split, Split, Split]:
    if folds:
      return split_fold(
        rows, targets, validation=validation, fold=fold, folds=folds, seed=split_seed
      )
    return split(rows, targets, validation=validation, test=test, seed=split_seed)

  return _tokens(texts, ('negative', 'positive'), divide, min_count, vocabulary, length)


def text_table(
  *,
  path: str,
  text: str,
  label: str,
  validation: float,
  test: float,
  split_seed: int,
  min_count: int = 2,
  vocabulary: int = 20000,
  length: int = 256,
) -> Dataset:
  """Loads texts and their classes from a table with a header line: commas between cells, or tabs in a .tsv.

  Args:
    path: the file, UTF-8.
    text: name of the column of texts.
    label: name of the column of classes, which are numbered in sorted order.
    validation: fraction or number of texts held out to choose by.
    test: fraction or number of texts held out to report.
    split_seed: seed of the division.
    min_count: how often a training word must occur to have an id of its own.
    vocabulary: ids at most, padding (0) and unknown (1) included.
    length: tokens of a text at most; 0 for all.

  Raises:
    InputError: the file cannot be read, a column is missing, or a cell of them is empty.
  """
  columns, lines = table.read(path, '\t' if path.lower().endswith('.tsv') else ',')
  place = {name: index for index, name in enumerate(columns)}
  at, label_at = (
    choose(place, name, f'{path}: {key}') for key, name in (('text', text), ('label', label))
  )
  for line, cells in lines:
    if not cells[at]:
      raise InputError(f"{path}: line {line}, column '{text}' is empty; expected a text")
  targets, classes = table.labels(lines, label_at, label, path)

  def divide(rows: np.ndarray) -> tuple[Split, Split, Split]:
    return split(rows, targets, validation=validation, test=test, seed=split_seed)

  texts = [cells[at] for _, cells in lines]
  return _tokens(texts, classes, divide, min_count, vocabulary, length)


def _tokens(
  texts: list[str],
  classes: tuple[str, ...],
  divide: Callable[[np.ndarray], tuple[Split, Split, Split]],
  min_count: int,
  limit: int,
  length: int,
) -> Dataset:
  # Only words of the training texts are known, so that nothing of the others is learnt beforehand.
  at_least('data.min_count', min_count, 1)
  at_least('data.vocabulary', limit, 3)
  at_least('data.length', length, 0)
  parts = divide(np.arange(len(texts)))
  documents = [words(text) for text in texts]
  known = known_words((documents[row] for row in parts[0]['inputs']), min_count, limit)
  inputs = encode(documents, known, length)
  remarks = _cut(documents, [part['inputs'] for part in parts], length) if length else ()
  parts = [part | {'inputs': take(inputs, part['inputs'])} for part in parts]
  return Dataset(*parts, classes, known, remarks=remarks)


def _cut(documents: list[list[str]], rows: list[np.ndarray], length: int) -> tuple[str, ...]:
  counts = [sum(len(documents[row]) > length for row in part) for part in rows]
  found = zip(('train', 'validation', 'test'), counts, map(len, rows), strict=True)
  return tuple(shortened(*each, length, f'data.length={length}') for each in found if each[1])
