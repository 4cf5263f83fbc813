"""A text as one long sequence of characters, for language models: Shakespeare, and the user's own.

Shapes: N characters.
"""

import sys
from pathlib import Path

import numpy as np

from nn_zoo.data import published
from nn_zoo.data.dataset import Dataset, Split
from nn_zoo.errors import InputError

SPLITS = ('train', 'validation', 'test')
UNKNOWN = '\N{REPLACEMENT CHARACTER}'  # id 0


def tiny_shakespeare(*, validation: float, test: float = 0) -> Dataset:
  """Loads 1115394 characters of Shakespeare's plays; 65 of them differ.

  Args:
    validation: fraction or number of characters held out to choose by, before those of the test; 111540 is
      the customary tenth.
    test: fraction or number of characters held out to report, at the end.

  Raises:
    InputError: the file is missing or is not the published one, or no training text is left.

  Source: A. Karpathy (2015), The unreasonable effectiveness of recurrent neural networks,
    https://karpathy.github.io/2015/05/21/rnn-effectiveness/.
  """
  text = published.content('text', 'tinyshakespeare.txt').decode('utf-8')
  return characters(text, validation, test, 'tinyshakespeare.txt')


def text_file(*, path: str, validation: float, test: float) -> Dataset:
  """Loads a text, UTF-8, for a model of its characters.

  Args:
    path: the file.
    validation: fraction or number of characters held out to choose by, before those of the test.
    test: fraction or number of characters held out to report, at the end.

  Raises:
    InputError: the file cannot be read, is no UTF-8, is empty, or leaves no training text.
  """
  try:
    content = Path(path).read_bytes()
  except OSError as error:
    raise InputError(f'data.path={path!r}: cannot be read ({error.strerror})') from error
  try:
    text = content.decode('utf-8-sig')
  except UnicodeDecodeError as error:
    line = content.count(b'\n', 0, error.start) + 1
    raise InputError(
      f'{path}: line {line} holds byte 0x{content[error.start]:02x}, which is no UTF-8; '
      'save the text as UTF-8'
    ) from error
  return characters(text.replace('\r\n', '\n'), validation, test, path)


def characters(text: str, validation: float, test: float, source: str) -> Dataset:
  """A text cut into train, validation and test; each is one example, with the next character as its target.

  Only characters of the training text are known. One of the others becomes UNKNOWN, which is never seen in
  training; how many do is a remark.

  Args:
    text: the characters.
    validation: fraction or number of them, before those of the test.
    test: fraction or number of them, at the end.
    source: the file's name, for messages.

  Raises:
    InputError: the text is empty, or too little of it is left to train.
  """
  if not text:
    raise InputError(f'{source}: the text is empty; expected characters to learn from')
  held = [_count(name, size, text) for name, size in (('validation', validation), ('test', test))]
  end = len(text) - sum(held)
  if end < 2:
    raise InputError(
      f'data.validation={validation} and data.test={test} leave {max(end, 0)} of {len(text)} '
      f'characters of {source} to train; make them smaller'
    )
  known = (UNKNOWN, *sorted(set(text[:end]) - {UNKNOWN}))
  tokens = encoded(text, known)
  parts = np.split(tokens, [end, end + held[0]])
  unknown = {name: int(np.sum(part == 0)) for name, part in zip(SPLITS, parts, strict=True)}
  remarks = tuple(
    f'{source}: {unknown[name]} of {len(part)} {name} characters are not in the training text'
    for name, part in zip(SPLITS, parts, strict=True)
    if name != 'train' and unknown[name]
  )
  return Dataset(*map(_following, parts), classes=(), vocabulary=known, remarks=remarks)


def encoded(text: str, vocabulary: tuple[str, ...]) -> np.ndarray:
  """The token id of each character, int32 [N]; 0 for those that are not known."""
  points = np.frombuffer(text.encode('utf-32-le', 'surrogatepass'), np.uint32)
  ids = np.zeros(sys.maxunicode + 1, np.int32)
  ids[[ord(character) for character in vocabulary[1:]]] = np.arange(1, len(vocabulary))
  return ids[points]


def decoded(tokens: np.ndarray, vocabulary: tuple[str, ...]) -> str:
  """The text that token ids stand for."""
  return ''.join(vocabulary[token] for token in tokens)


def _following(tokens: np.ndarray) -> Split:
  # A part that is left out has no row; of one character nothing follows.
  rows = slice(1 if len(tokens) > 1 else 0)
  return {'inputs': tokens[None, :-1][rows], 'targets': tokens[None, 1:][rows]}


def _count(name: str, size: float, text: str) -> int:
  if isinstance(size, float) and 0 <= size < 1:
    return round(size * len(text))
  if size >= 0 and size == int(size):
    return int(size)
  raise InputError(
    f'data.{name}={size!r}: expected a fraction below 1, such as 0.1, or a number of characters'
  )
