"""The folder of a run: what it is, that it is one run's alone, and what it was run with."""

import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax

try:
  import fcntl
except ImportError:  # Windows
  fcntl = None

from nn_zoo.errors import InputError
from nn_zoo.native.library import describe

SETTINGS_VARIABLE = 'NN_ZOO_SETTINGS'  # names the settings that a process was started with
_NONE = object()  # unlike any value, None too
LATER = {
  'train': {'matmul_precision': ''}
}  # keys that came later, and what runs had that began without
_PACKAGES = ('jax', 'jaxlib', 'flax', 'optax', 'orbax-checkpoint', 'numpy')


def open_workdir(path: str | Path, config: Mapping[str, Any], resume: str = 'auto') -> Path:
  """Makes the folder of a run, or opens that of the same run again.

  Args:
    path: the folder.
    config: of the run, nested, of plain values; kept as config.json.
    resume: 'auto' goes on with a run of the same config; 'new' starts beside it, in path-2, path-3, ...

  Returns: the folder, with config.json and environment.json in it.

  Raises:
    InputError: the folder cannot be written, or holds a run of another config (the line says what differs).
  """
  if resume not in ('auto', 'new'):
    raise InputError(f"--resume={resume!r}: expected 'auto' or 'new'")
  folder = Path(path)
  if resume == 'new':
    folder = next(candidate for candidate in _candidates(folder) if not candidate.exists())
  try:
    folder.mkdir(parents=True, exist_ok=True)
    same = _matches(folder, config)
    if not same:
      write_json(folder / 'config.json', config)
    _add_environment(folder / 'environment.json')
  except OSError as error:
    reason = f'{error.strerror or error}'.lower()
    raise InputError(
      f'workdir {folder}: cannot be written ({reason}); choose another --workdir'
    ) from error
  return folder


@contextmanager
def only_process(folder: Path) -> Iterator[None]:
  """Keeps a run to one process: two that write the same checkpoints and rows would spoil both.

  The lock is the system's, on the folder itself: it goes with its process, however that ends.

  Raises:
    InputError: another process has the folder.
  """
  if fcntl is None:
    yield
    return
  handle = os.open(folder, os.O_RDONLY)
  try:
    _lock(handle, folder)
    yield
  finally:
    os.close(handle)


def _lock(handle: int, folder: Path) -> None:
  try:
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
  except BlockingIOError as error:
    raise InputError(
      f'workdir {folder}: another process is training in it; choose another --workdir, or '
      '--resume=new to start beside it'
    ) from error


def read_config(folder: str | Path) -> dict[str, Any]:
  """The config of the run in a folder.

  Raises:
    InputError: there is no run in it, or its config cannot be read.
  """
  path = Path(folder) / 'config.json'
  if not path.exists():
    raise InputError(f'workdir {folder}: no run in it (config.json is missing)')
  try:
    return json.loads(path.read_text())
  except ValueError as error:
    raise InputError(f'{path}: not readable as JSON ({error})') from error


def write_json(path: Path, value: Any) -> None:
  """Writes a file of JSON whole or not at all."""
  temporary = path.with_suffix('.tmp')
  temporary.write_text(json.dumps(value, indent=2) + '\n')
  os.replace(temporary, path)


def environment() -> dict[str, str]:
  """Versions, device and git commit, to know what made a figure."""
  versions = {name: importlib.metadata.version(name) for name in _PACKAGES}
  device = f'{jax.device_count()} x {jax.devices()[0].device_kind}'
  return {
    'python': platform.python_version(),
    'machine': f'{platform.machine()}, {os.cpu_count()} cores',
    'device': device,
    'kernels': describe() if jax.default_backend() == 'cpu' else "XLA's",
    'settings': os.environ.get(SETTINGS_VARIABLE, 'plain'),
    'commit': _commit(),
    **versions,
  }


def _add_environment(path: Path) -> None:
  # One entry a start, newest last: a run can go on with other versions than it began with.
  entries = json.loads(path.read_text()) if path.exists() else []
  write_json(path, [*entries, environment()])


def _commit() -> str:
  # Of the code that runs, wherever it is run from.
  command = [
    'git',
    '-C',
    str(Path(__file__).parent),
    'describe',
    '--always',
    '--dirty',
    '--abbrev=12',
  ]
  try:
    found = subprocess.run(command, capture_output=True, text=True, check=False)
  except OSError:
    return 'unknown'
  return found.stdout.strip() or 'unknown'


def earlier(config: Mapping) -> dict[str, Any]:
  """The config as it was written before it had the keys of LATER, of those that stand at what they were then.

  So that a run goes on that began without them.
  """
  config = dict(config)
  for section, keys in LATER.items():
    own = config.get(section, {})
    config[section] = {key: own[key] for key in own if own[key] != keys.get(key, _NONE)}
  return config


def _matches(folder: Path, config: Mapping) -> bool:
  if not (folder / 'checkpoints').exists():
    return False  # nothing was ever kept of what began here
  old, new = (
    dict(_flat(earlier(c))) for c in (read_config(folder), json.loads(json.dumps(config)))
  )
  differing = [key for key in sorted(old | new) if old.get(key, _NONE) != new.get(key, _NONE)]
  if differing:
    shown = ', '.join(f'{k} was {old.get(k)!r}, is {new.get(k)!r}' for k in differing[:3])
    more = f' and {len(differing) - 3} more' if len(differing) > 3 else ''
    raise InputError(
      f'workdir {folder} holds a run of another config: {shown}{more}; choose another --workdir, or '
      '--resume=new to start beside it'
    )
  return True


def _candidates(folder: Path) -> Iterator[Path]:
  yield folder
  number = 2
  while True:
    yield folder.with_name(f'{folder.name}-{number}')
    number += 1


def _flat(tree: Mapping, prefix: str = '') -> Iterator[tuple[str, Any]]:
  for key, value in tree.items():
    if isinstance(value, Mapping) and value:
      yield from _flat(value, f'{prefix}{key}.')
    else:
      yield prefix + key, value
