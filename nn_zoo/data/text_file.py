"""A text as one long sequence of tokens, for language models: Shakespeare, and the user's own.

Shapes: N characters or other tokens, V token ids.
"""

import sys
from pathlib import Path

import numpy as np

from nn_zoo.data import published
from nn_zoo.data import tokenizer as tokenizers
from nn_zoo.data.dataset import Dataset, Split
from nn_zoo.errors import InputError

SPLITS = ('train', 'validation', 'test')
UNKNOWN = '\N{REPLACEMENT CHARACTER}'  # id 0


def tiny_shakespeare(
  *,
  validation: float,
  test: float = 0,
  tokenizer: str = 'characters',
  vocabulary: int = 2000,
  tokenizer_file: str = '',
) -> Dataset:
  """Loads 1115394 characters of Shakespeare's plays; 65 of them differ.

  Args:
    validation: fraction or number of characters held out to choose by, before those of the test; 111540 is
      the customary tenth.
    test: fraction or number of characters held out to report, at the end.
    tokenizer: 'characters', 'bpe' or 'unigram',
    vocabulary: token ids at most, and
    tokenizer_file: one to be used as it is, all as in `text_file`.

  Raises:
    InputError: the file is missing or is not the published one, or no training text is left.

  Source: A. Karpathy (2015), The unreasonable effectiveness of recurrent neural networks,
    https://karpathy.github.io/2015/05/21/rnn-effectiveness/.
  """
  text = published.content('text', 'tinyshakespeare.txt').decode('utf-8')
  parts = _cut(text, validation, test, 'tinyshakespeare.txt')
  return _tokens(parts, 'tinyshakespeare.txt', tokenizer, vocabulary, tokenizer_file)


def text_file(
  *,
  path: str,
  validation: float,
  test: float,
  tokenizer: str = 'characters',
  vocabulary: int = 2000,
  tokenizer_file: str = '',
) -> Dataset:
  """Loads a text, UTF-8, for a model of its characters or of pieces of its words.

  Args:
    path: the file.
    validation: fraction or number of characters held out to choose by, before those of the test.
    test: fraction or number of characters held out to report, at the end.
    tokenizer: 'characters', or 'bpe' or 'unigram', see `nn_zoo.data.tokenizer.learn`; learnt from the
      training text alone.
    vocabulary: token ids at most, if these are no characters.
    tokenizer_file: the tokenizer.json of a run, used as it is; '' to learn.

  Raises:
    InputError: the file cannot be read, is no UTF-8, is blank, or leaves no training text.
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
  parts = _cut(text.replace('\r\n', '\n'), validation, test, path)
  return _tokens(parts, path, tokenizer, vocabulary, tokenizer_file)


def read(text: str, data: Dataset) -> np.ndarray:
  """The token ids that a language model reads of a text, int32 [N]; 0 or 1 for what is unknown."""
  if data.tokenizers:
    return np.array(data.tokenizers[0].encode([text])[0], np.int32)
  return encoded(text, data.vocabulary)


def written(tokens: np.ndarray, data: Dataset) -> str:
  """The text that token ids stand for."""
  return data.tokenizers[1].written(tokens) if data.tokenizers else decoded(tokens, data.vocabulary)


def bytes_of(data: Dataset) -> np.ndarray:
  """Bytes of a text that each token id stands for, float32 [V]; 0 for ids that stand for none."""
  if data.tokenizers:
    return np.array(data.tokenizers[1].bytes(), np.float32)
  return np.array([0, *(len(character.encode()) for character in data.vocabulary[1:])], np.float32)


def encoded(text: str, vocabulary: tuple[str, ...]) -> np.ndarray:
  """The token id of each character, int32 [N]; 0 for those that are not known."""
  points = np.frombuffer(text.encode('utf-32-le', 'surrogatepass'), np.uint32)
  ids = np.zeros(sys.maxunicode + 1, np.int32)
  ids[[ord(character) for character in vocabulary[1:]]] = np.arange(1, len(vocabulary))
  return ids[points]


def decoded(tokens: np.ndarray, vocabulary: tuple[str, ...]) -> str:
  """The text that token ids stand for."""
  return ''.join(vocabulary[token] for token in tokens)


def _cut(text: str, validation: float, test: float, source: str) -> list[str]:
  """The text's training, validation and test part, as they stand in it."""
  if not text.strip():
    what = 'blank' if text else 'empty'
    raise InputError(f'{source}: the text is {what}; expected characters to learn from')
  held = [_count(name, size, text) for name, size in (('validation', validation), ('test', test))]
  end = len(text) - sum(held)
  if end < 2:
    raise InputError(
      f'data.validation={validation} and data.test={test} leave {max(end, 0)} of {len(text)} '
      f'characters of {source} to train; make them smaller'
    )
  return [text[:end], text[end : end + held[0]], text[end + held[0] :]]


def _tokens(parts: list[str], source: str, kind: str, size: int, file: str) -> Dataset:
  """Parts of a text, each an example whose targets are the tokens that follow; unknown ones are a remark."""
  if kind == 'characters' and not file:
    known = (UNKNOWN, *sorted(set(parts[0]) - {UNKNOWN}))
    tokens, unknown = [encoded(part, known) for part in parts], 0
    fields = {'vocabulary': known}
  else:
    mine = tokenizers.read(file) if file else (tokenizers.learn(kind, parts[:1], size, False),) * 2
    tokens = [np.array(ids, np.int32) for ids in mine[0].encode(parts)]
    fields, unknown = {'tokenizers': mine}, tokenizers.UNKNOWN
  if len(tokens[0]) < 2:
    raise InputError(f'{source}: the training text is a single token; expected two or more')
  what = 'characters' if kind == 'characters' else 'tokens'
  remarks = tuple(
    f'{source}: {count} of {len(part)} {name} {what} are not in the training text'
    for name, part in zip(SPLITS, tokens, strict=True)
    if name != 'train' and (count := np.count_nonzero(part == unknown))
  )
  return Dataset(*map(_following, tokens), classes=(), remarks=remarks, **fields)


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
