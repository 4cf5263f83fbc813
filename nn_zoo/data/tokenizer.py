"""Texts as token ids and back, by the `tokenizers` library: learnt from the training text, kept as JSON."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from nn_zoo.errors import InputError

SPECIAL = ('<pad>', '<unk>', '<s>', '</s>')  # ids 0 to 3
UNKNOWN, BEGIN, END = 1, 2, 3
KINDS = ('bpe', 'unigram', 'characters')


class Tokenizer:
  """Token ids of a text and the text of token ids."""

  def __init__(self, state: str):
    """Args: state: what `tokenizers.Tokenizer.to_str` gives."""
    import tokenizers

    self._tokenizer = tokenizers.Tokenizer.from_str(state)
    self._tokenizer.encode_special_tokens = True  # '</s>' in a text is no end
    self._of_bytes = json.loads(state)['model']['type'] == 'BPE'

  @property
  def state(self) -> str:
    """The tokenizer as JSON."""
    return self._tokenizer.to_str()

  @property
  def size(self) -> int:
    """Token ids, the special ones included."""
    return self._tokenizer.get_vocab_size()

  def encode(self, texts: Sequence[str]) -> list[list[int]]:
    """The token ids of each text."""
    # A unigram model has '</s>' among its pieces.
    return [
      [UNKNOWN if token <= END else token for token in found.ids]
      for found in self._tokenizer.encode_batch(list(texts))
    ]

  def decode(self, ids: Iterable[int]) -> str:
    """The text of token ids up to the first </s>; padding, <s> and unknown tokens are left out."""
    kept = []
    for token in ids:
      if token == END:
        break
      if token > END:
        kept.append(int(token))
    return self._tokenizer.decode(kept).strip()

  def written(self, ids: Iterable[int]) -> str:
    """The text of token ids, spaces at its ends included; special tokens are left out."""
    return self._tokenizer.decode([int(token) for token in ids if token > END])

  def bytes(self) -> list[int]:
    """How many bytes of a text, in UTF-8, each token id stands for; 0 for special ones."""
    length = [0] * self.size
    for piece, token in self._tokenizer.get_vocab().items():
      if token > END:
        # A piece of bytes has a character for each; others have their own, with a mark for a space.
        length[token] = len(piece if self._of_bytes else piece.replace('\u2581', ' ').encode())
    return length

  def pieces(self, ids: Iterable[int]) -> list[str]:
    """Each token as people read it."""
    return [self._tokenizer.decode([int(i)]) if i > END else SPECIAL[i] for i in map(int, ids)]


def learn(kind: str, texts: Iterable[str], size: int, spaced: bool = True) -> Tokenizer:
  """A tokenizer learnt from texts.

  The same texts in the same order give the same one, but for 'unigram': the library draws its order of pieces
  anew each time, and their scores differ in the fourth digit. What a run has learnt it keeps.

  Args:
    kind: 'bpe', pairs of bytes merged (no text is unknown); 'unigram', pieces of a unigram model;
      'characters', each on its own.
    texts: to learn from.
    size: token ids at most; 'characters' has as many as there are.
    spaced: a text's first word is what it is after a space; else a text is written as it was.

  Raises:
    InputError: an unknown kind, or a size too small for it.

  Sources: Sennrich, Haddow & Birch 2016, "Neural machine translation of rare words with subword units",
  https://arxiv.org/abs/1508.07909; Kudo 2018, "Subword regularization", https://arxiv.org/abs/1804.10959.
  """
  from tokenizers import Regex, decoders, models, pre_tokenizers, trainers
  from tokenizers import Tokenizer as Library

  if kind not in KINDS:
    raise InputError(f'data.tokenizer={kind!r}: expected {", ".join(map(repr, KINDS))}')
  least = len(SPECIAL) + (256 if kind == 'bpe' else 1)
  if kind != 'characters' and size < least:
    raise InputError(f'data.vocabulary={size}: expected at least {least} for tokenizer={kind!r}')
  common = {'vocab_size': size, 'special_tokens': list(SPECIAL), 'show_progress': False}
  if kind == 'bpe':
    library = Library(models.BPE())
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=spaced)
    library.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    library.train_from_iterator(texts, trainers.BpeTrainer(**common, initial_alphabet=alphabet))
  elif kind == 'unigram':
    library = Library(models.Unigram())
    scheme = 'always' if spaced else 'never'
    library.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    library.decoder = decoders.Metaspace(prepend_scheme=scheme)
    library.train_from_iterator(texts, trainers.UnigramTrainer(**common, unk_token='<unk>'))
  else:
    known = [*SPECIAL, *sorted(set().union(*texts))]
    ids = {piece: index for index, piece in enumerate(known)}
    library = Library(models.WordLevel(ids, unk_token='<unk>'))
    library.pre_tokenizer = pre_tokenizers.Split(Regex(r'[\s\S]'), 'isolated')
    library.decoder = decoders.Fuse()
    library.add_special_tokens(list(SPECIAL))
  return Tokenizer(library.to_str())


def read(path: str | Path) -> tuple[Tokenizer, Tokenizer]:
  """Those of a source and a target, as `nn_zoo.data.kept` left them.

  Raises:
    InputError: there is no such file, or it is none of those.
  """
  try:
    kept: dict[str, Any] = json.loads(Path(path).read_text(encoding='utf-8'))
    sides = kept['source'], kept['target']
    if not all(side['model']['vocab'] for side in sides):
      raise ValueError('no vocabulary')
    return tuple(Tokenizer(json.dumps(side)) for side in sides)
  except OSError as error:
    raise InputError(f'{path}: cannot be read ({error.strerror})') from error
  except (ValueError, KeyError, TypeError) as error:
    raise InputError(f'{path}: not the tokenizers of a run ({error})') from error
