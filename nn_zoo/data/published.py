"""Reading a published file below the data folder, only if it is the published one."""

import gzip
import hashlib
import io
import tarfile
import zlib
from pathlib import Path

from nn_zoo.data.fetch import data_root
from nn_zoo.data.homes import FILES
from nn_zoo.errors import InputError


def content(dataset: str, name: str) -> bytes:
  """The bytes of one of the FILES of a data set that is published unzipped.

  Raises:
    InputError: the file is missing or is another one.
  """
  file = next(file for file in FILES[dataset] if file.name == name)
  path = data_root() / dataset / name
  return _checked(path, _read(path, dataset), file.sha256, dataset)


def path(dataset: str, name: str) -> Path:
  """Where one of the FILES of a data set lies, zipped or not, once it is seen to be the published one.

  Args:
    dataset: a key of FILES.
    name: of the file, unzipped.

  Raises:
    InputError: the file is missing or is another one.
  """
  file = next(file for file in FILES[dataset] if file.name.removesuffix('.gz') == name)
  plain = data_root() / dataset / name
  zipped = plain.with_name(f'{name}.gz')
  found = zipped if zipped.exists() and not plain.exists() else plain
  bytes_found = _read(found, dataset)
  if found == zipped:
    try:
      bytes_found = gzip.decompress(bytes_found)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
      raise InputError(f'{found}: truncated or corrupt ({error}): {_mend(dataset)}') from error
  _checked(found, bytes_found, file.sha256, dataset)
  return found


def member(dataset: str, archive: str, name: str, sha256: str) -> bytes:
  """The bytes of a file of a published archive, or of that file where it lies unpacked in the folder.

  Args:
    dataset: a key of FILES.
    archive: the name of a .tar.gz among them.
    name: of the file, with the folder that it has in the archive.
    sha256: of the file.

  Raises:
    InputError: neither is there, or it is another one.
  """
  folder = data_root() / dataset
  unpacked = folder / name.rpartition('/')[2]
  if unpacked.exists():
    return _checked(unpacked, _read(unpacked, dataset), sha256, dataset)
  path = folder / archive
  packed = io.BytesIO(_read(path, dataset))
  try:
    with tarfile.open(fileobj=packed) as files:
      found = files.extractfile(name).read()
  except (OSError, EOFError, KeyError, zlib.error, tarfile.TarError) as error:
    raise InputError(f'{path}: truncated or corrupt ({error}): {_mend(dataset)}') from error
  return _checked(path, found, sha256, dataset)


def _read(path: Path, dataset: str) -> bytes:
  try:
    return path.read_bytes()
  except FileNotFoundError as error:
    raise InputError(
      f'{path} is missing: {_mend(dataset)}, or set NN_ZOO_DATA to the folder above {dataset}/'
    ) from error
  except OSError as error:
    raise InputError(f'{path}: cannot be read ({error})') from error


def _checked(path: Path, found: bytes, sha256: str, dataset: str) -> bytes:
  digest = hashlib.sha256(found).hexdigest()
  if digest != sha256:
    raise InputError(f'{path}: SHA-256 {digest}, expected {sha256}: {_mend(dataset)}')
  return found


def _mend(dataset: str) -> str:
  return f'`python -m experiments.fetch {dataset}` brings the right one'
