"""What a run keeps of its data in its folder, so that token ids go on meaning what they meant."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nn_zoo.data.dataset import Dataset
from nn_zoo.errors import InputError

TOKENIZERS, VOCABULARY = 'tokenizer.json', 'vocabulary.json'


def write(folder: Path, data: Dataset) -> None:
  """Writes tokenizers, or a vocabulary, if the data has any; each file whole or not at all."""
  if data.tokenizers:
    source, target = (json.loads(tokenizer.state) for tokenizer in data.tokenizers)
    _write(folder / TOKENIZERS, {'source': source, 'target': target})
  if data.vocabulary:
    _write(folder / VOCABULARY, data.vocabulary)


def with_kept(fields: Mapping[str, Any], folder: Path | None) -> dict[str, Any]:
  """The config's section `data`, with the tokenizers that a run in `folder` has kept, if any."""
  path = folder and folder / TOKENIZERS
  return {**fields, 'tokenizer_file': str(path)} if path and path.exists() else dict(fields)


def check(folder: Path | None, data: Dataset) -> None:
  """Raises InputError if a run in `folder` has kept another vocabulary than the data's."""
  path = folder and folder / VOCABULARY
  if not path or not path.exists():
    return
  try:
    known = tuple(json.loads(path.read_text(encoding='utf-8')))
  except (OSError, ValueError, TypeError) as error:
    raise InputError(f'{path}: not the vocabulary of a run ({error})') from error
  if known != data.vocabulary:
    new, lost = set(data.vocabulary) - set(known), set(known) - set(data.vocabulary)
    raise InputError(
      f'the data is no longer that of the run in {folder}: its vocabulary has {len(new)} new and '
      f'{len(lost)} missing of {len(known)} entries; expected the file that the run was trained on'
    )


def _write(path: Path, value: Any) -> None:
  temporary = path.with_suffix('.tmp')
  temporary.write_text(json.dumps(value), encoding='utf-8')
  temporary.replace(path)
