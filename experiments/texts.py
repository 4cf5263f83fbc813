"""Texts that a trained model goes on with or translates."""

import logging
import sys
from collections.abc import Sequence

import numpy as np

from nn_zoo.build import Experiment
from nn_zoo.config import Config
from nn_zoo.data.dataset import Dataset
from nn_zoo.data.lines import decoded as decoded_lines
from nn_zoo.data.pairs import source_arrays
from nn_zoo.data.text_file import read, written
from nn_zoo.data.tokenizer import UNKNOWN
from nn_zoo.errors import InputError
from nn_zoo.fitting import positions


def tokens(prompt: str, experiment: Experiment, config: Config) -> np.ndarray:
  """Token ids [1, T] of what a language model goes on with.

  A longer prompt than the model reads is logged.

  Raises:
    InputError: it is empty, or holds what the training text does not.
  """
  data, model = experiment.data, experiment.model
  if not prompt:
    raise InputError('--prompt is empty: expected at least one character')
  tokens, none = read(prompt, data), UNKNOWN if data.tokenizers else 0
  if (tokens == none).any():
    unknown = (char for char in prompt if (read(char, data) == none).any())
    known = '' if data.tokenizers else f'; it knows {"".join(data.vocabulary[1:])!r}'
    raise InputError(
      f'--prompt={prompt!r} holds {"".join(dict.fromkeys(unknown))!r}, which the training text does '
      f'not{known}'
    )
  # The last token is read as the first step of writing.
  room = model.read_before(config['task']['length']) + 1 if hasattr(model, 'read_before') else None
  if room and len(tokens) > room:
    logging.getLogger(__name__).info(
      '--prompt has %d tokens; the model reads the last %d', len(tokens), room
    )
  return tokens[None]


def continued(prompt: str, outputs: np.ndarray, data: Dataset) -> str:
  """The prompt, and what was written after it."""
  return prompt + written(outputs[0], data)


def split(texts: str | Sequence[str]) -> Sequence[str]:
  """Texts as they are, or the lines of one.

  Raises:
    InputError: it is empty or blank.
  """
  return decoded_lines(texts.encode(), '--input') if isinstance(texts, str) else texts


def sources(
  texts: str | Sequence[str], experiment: Experiment, config: Config
) -> dict[str, np.ndarray]:
  """Token ids {'values', 'length'} of texts that are to be translated.

  What is longer than the model reads is cut if `data.too_long` says so; how many are is logged.

  Raises:
    InputError: a text holds what the tokenizer does not know, or is too long.
  """
  mine, limit = experiment.data.tokenizers[0], positions(experiment.model) or sys.maxsize
  cut, lines = config['data'].get('too_long') == 'cut', split(texts)
  ids = mine.encode([line.strip() for line in lines])
  for number, (line, row) in enumerate(zip(lines, ids, strict=True), 1):
    if UNKNOWN in row:
      single = (char for char in line.strip() if UNKNOWN in mine.encode([char])[0])
      wrong = next(single, '</s>')  # a piece that a unigram model has and no text may hold
      raise InputError(
        f'--input, line {number} holds {wrong!r}, which is unknown to the tokenizer of the run'
      )
    if len(row) > limit and not cut:
      raise InputError(
        f'--input, line {number} has {len(row)} tokens; the model reads {limit} (model.length)'
      )
  if longer := sum(len(row) > limit for row in ids):
    logging.getLogger(__name__).info(
      '%d of %d lines are cut after %d tokens', longer, len(lines), limit
    )
  rows = [row[:limit] or [UNKNOWN] for row in ids]
  return source_arrays(rows, max(map(len, rows)))


def translated(texts: str | Sequence[str], outputs: np.ndarray, data: Dataset) -> str:
  """The translations, the best of one text one below the other; of a blank text they are blank."""
  written = []
  for line, tokens_KL in zip(split(texts), outputs, strict=True):
    rows = [data.tokenizers[1].decode(row) for row in tokens_KL]
    written += rows if line.strip() else [''] * len(rows)
  return '\n'.join(written)
