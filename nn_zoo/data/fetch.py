"""The folder of published data sets, and how its files come from their homes: checked and resumable."""

import gzip
import hashlib
import http.client
import os
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from nn_zoo.data.homes import FILES, File
from nn_zoo.errors import InputError
from nn_zoo.named import choose

TIMEOUT = 30.0  # seconds without a byte
PROGRESS = 2.0  # seconds between two lines
_CHUNK = 1 << 18  # bytes


def data_root() -> Path:
  """The folder that holds a folder a data set: NN_ZOO_DATA, else ~/.cache/nn_zoo."""
  return Path(os.environ.get('NN_ZOO_DATA') or '~/.cache/nn_zoo').expanduser()


def located(path: Path) -> Path:
  """`path`, or the same file unzipped where only that is there."""
  plain = path.with_suffix('') if path.suffix == '.gz' else path
  return plain if plain.exists() and not path.exists() else path


def fetch(dataset: str, report: Callable[[str], None] = print) -> list[Path]:
  """Brings every file of a data set into `data_root()`; what is there and sound is left alone.

  A file is downloaded beside its place, checked, then renamed, so that its name never stands for a
  part of it. What an interruption leaves behind is resumed by the next call.

  Args:
    dataset: a key of FILES.
    report: takes one line at a time, on what is complete and how far a download is.

  Returns:
    Where the files are.

  Raises:
    InputError: an unknown data set, a folder that cannot be made, or no home that gave a file.
  """
  files = choose(FILES, dataset, 'dataset')
  folder = data_root() / dataset
  try:
    folder.mkdir(parents=True, exist_ok=True)
  except OSError as error:
    raise InputError(f'{folder}: cannot be made ({error}); set NN_ZOO_DATA to a folder') from error
  return [_bring(file, folder / file.name, report) for file in files]


def _bring(file: File, path: Path, report: Callable[[str], None]) -> Path:
  there = located(path)
  if there.exists():
    if _sha256(there) == file.sha256:
      report(f'{there}: complete')
      return there
    report(f'{there}: not the published content, fetching it anew')
  part = path.with_name(path.name + '.part')
  failures, urls = [], list(file.urls)
  while urls:
    url = urls.pop(0)
    resumed = part.exists()
    try:
      _download(url, part, report)
    except (OSError, http.client.HTTPException) as error:
      failures.append(f'{url} ({error})')
      continue
    if _sha256(part) == file.sha256:
      os.replace(part, path)
      report(f'{path}: complete')
      return path
    part.unlink()
    if resumed:  # the first bytes may be another home's: this home deserves a fresh start
      urls.insert(0, url)
    else:
      failures.append(f'{url} (not the published content, SHA-256 {file.sha256[:12]}...)')
  raise InputError(
    f'{path}: tried {", ".join(failures)}. Run it again to resume, or place the file there by hand'
  )


def _download(url: str, part: Path, report: Callable[[str], None]) -> None:
  """Appends to `part` what it lacks of `url`; whether that is right, only a digest can say."""
  start = part.stat().st_size if part.exists() else 0
  request = Request(url, headers={'Range': f'bytes={start}-'} if start else {})
  try:
    response = urlopen(request, timeout=TIMEOUT)
  except HTTPError as error:
    error.close()
    if start and error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
      return  # nothing is lacking: the last run ended between the last byte and the check
    raise
  # A server that knows no Range answers 200 with the whole file.
  mode = 'ab' if response.status == http.client.PARTIAL_CONTENT else 'wb'
  with response, part.open(mode) as file:
    done = file.tell()
    total = done + int(response.headers['Content-Length'] or 0)
    spoken = time.monotonic()
    while chunk := response.read(_CHUNK):
      done += file.write(chunk)
      if time.monotonic() - spoken >= PROGRESS:
        spoken = time.monotonic()
        share = f' ({done / total:.0%})' if total >= done else ''  # not every home says a length
        report(f'{url}: {done / 1e6:.1f} MB{share}')
  if done < total:
    raise ConnectionError(f'the connection closed after {done} of {total} bytes')


def _sha256(path: Path) -> str | None:
  opened = gzip.open if '.gz' in path.suffixes else open
  try:
    with opened(path, 'rb') as file:
      return hashlib.file_digest(file, 'sha256').hexdigest()
  except (EOFError, zlib.error, gzip.BadGzipFile):
    return None
