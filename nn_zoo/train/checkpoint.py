"""Checkpoints by orbax, with what it leaves open: digests, clear errors, going back when one is damaged."""

import hashlib
import logging
import re
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from nn_zoo.errors import InputError
from nn_zoo.task import State


class Saved(NamedTuple):
  """A restored checkpoint: the step, the state as it was, and what was saved beside it (JSON)."""

  step: int
  state: State
  extra: dict[str, Any]


class Checkpoints:
  """The last two checkpoints and the best one of a run, in `folder`/last and `folder`/best.

  A checkpoint is written whole or not at all (orbax renames it into place), and beside it stands a SHA-256
  of every array: one that does not match is said to be damaged and the one before it is taken.
  """

  def __init__(self, folder: Path, read_only: bool = False):
    """Args: folder, made if need be; read_only leaves everything in it as it is, for a look from outside."""
    self._folder = Path(folder).absolute()
    self._read_only = read_only
    self._managers = {
      kind: _manager(self._folder / kind, keep, read_only)
      for kind, keep in _KEEP.items()
      if not read_only or (self._folder / kind).is_dir()
    }

  @property
  def last(self) -> int | None:
    """The step of the last checkpoint."""
    return self._managers['last'].latest_step()

  def save(self, step: int, state: State, extra: dict[str, Any]) -> None:
    """Starts writing a checkpoint; what is there already under that step is the same and stays."""
    self._write('last', step, state, extra)

  def keep_best(self, step: int, state: State, extra: dict[str, Any]) -> None:
    """Starts writing the best checkpoint so far."""
    self._write('best', step, state, extra)

  def latest(self, like: State) -> Saved | None:
    """The last checkpoint that is whole, or None if there is none.

    Raises:
      InputError: there are checkpoints, but all are damaged or of another state than `like`.
    """
    return self._read('last', like)

  def best(self, like: State) -> Saved | None:
    """The best checkpoint, or None if there is none; raises like `latest`."""
    return self._read('best', like)

  def arrays(self, kind: str) -> dict[str, np.ndarray]:
    """The arrays of the last or best checkpoint by path, such as 'params/Conv_0/kernel', of whatever state.

    Args:
      kind: 'last' or 'best'; {} if there is none.

    Raises:
      InputError: there are checkpoints, but all are damaged.
    """
    saved = self._read(kind, None)
    leaves = jax.tree.leaves_with_path(saved.state) if saved else []
    return {_plain(jax.tree_util.keystr(path)): np.asarray(leaf) for path, leaf in leaves}

  def wait(self) -> None:
    """Waits until everything is on the disk.

    Raises:
      InputError: it could not be written.
    """
    for kind, manager in self._managers.items():
      try:
        manager.wait_until_finished()
        manager.check_for_errors()
      except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
          f'{self._folder / kind}: could not write a checkpoint: {_first(error)}'
        ) from error

  def close(self) -> None:
    """Waits and lets go of the folder."""
    self.wait()
    for manager in self._managers.values():
      manager.close()

  def _write(self, kind, step, state, extra):
    import orbax.checkpoint as ocp

    self.wait()
    manager = self._managers[kind]
    if step in manager.all_steps():
      return
    extra = {'digests': digests(state), **extra}
    arguments = ocp.args.Composite(
      state=ocp.args.StandardSave(state), extra=ocp.args.JsonSave(extra)
    )
    try:
      started = manager.save(step, args=arguments)
    except (OSError, ValueError) as error:
      raise InputError(
        f'{self._folder / kind}: could not write step {step}: {_first(error)}'
      ) from error
    if not started:
      raise InputError(f'{self._folder / kind}: step {step} was not written, a later one is there')

  def _read(self, kind, like):
    import orbax.checkpoint as ocp

    if kind not in self._managers:
      return None
    manager = self._managers[kind]
    steps = sorted(manager.all_steps(), reverse=True)
    here = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    target = jax.tree.map(_here, like)  # None: what there is, as nested dictionaries
    arguments = ocp.args.Composite(
      state=ocp.args.StandardRestore(target, fallback_sharding=here), extra=ocp.args.JsonRestore()
    )
    unusable: list[int] = []
    for step in steps:
      try:
        restored = manager.restore(step, args=arguments)
        problem = _difference(restored['state'], restored['extra'].pop('digests'))
      except (OSError, ValueError, KeyError, TypeError) as error:
        problem = _foreign(manager, step, like) or f'damaged: {_first(error)}'
      if not problem:
        self._drop(manager, unusable)
        return Saved(step, restored['state'], restored['extra'])
      logging.warning('%s: step %d cannot be used, it is %s', self._folder / kind, step, problem)
      unusable.append(step)
    if steps:
      raise InputError(
        f'{self._folder / kind}: no checkpoint can be read, the oldest is {problem}; start anew in another '
        'workdir or with --resume=new'
      )
    return None

  def _drop(self, manager, steps):
    # One that is whole has been found: those after it are written again, so they must make room.
    for step in steps:
      if not self._read_only:
        manager.delete(step)


def _foreign(manager, step, like):
  # Where a checkpoint is of another state than `like`: a path that only one of them has; else ''.
  import orbax.checkpoint as ocp

  try:
    extra = manager.restore(step, args=ocp.args.Composite(extra=ocp.args.JsonRestore()))['extra']
  except (OSError, ValueError, KeyError, TypeError):
    return ''
  wanted = {jax.tree_util.keystr(path) for path, _ in jax.tree.leaves_with_path(like)}
  strange = sorted(wanted ^ set(extra['digests']))
  if like is None or not strange:
    return ''
  return f'whole, but of another state: {strange[0]} is in one of them alone'


def kept(folder: Path) -> bool:
  """Whether a folder of `Checkpoints` holds one, whole or damaged."""
  last = Path(folder) / 'last'
  return last.is_dir() and any(path.name.isdigit() for path in last.iterdir())


def digests(state: State) -> dict[str, str]:
  """The SHA-256 of each array of a state, with its type and shape, by path."""
  return {
    jax.tree_util.keystr(path): _digest(leaf) for path, leaf in jax.tree.leaves_with_path(state)
  }


_KEEP = {'last': 2, 'best': 1}


def _here(leaf):
  # On this machine's device, whatever the device it was saved from.
  sharding = getattr(leaf, 'sharding', None) or jax.sharding.SingleDeviceSharding(jax.devices()[0])
  return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding)


def _manager(folder, keep, read_only):
  import orbax.checkpoint as ocp

  if read_only:
    options = ocp.CheckpointManagerOptions(read_only=True)
  else:
    options = ocp.CheckpointManagerOptions(max_to_keep=keep, cleanup_tmp_directories=True)
  try:
    if not read_only:
      folder.mkdir(parents=True, exist_ok=True)
    return ocp.CheckpointManager(folder, options=options)
  except OSError as error:
    raise InputError(f'{folder}: cannot keep checkpoints there: {_first(error)}') from error


def _digest(leaf):
  array = np.ascontiguousarray(jax.device_get(leaf))
  return hashlib.sha256(f'{array.dtype}{array.shape}'.encode() + array.tobytes()).hexdigest()


def _plain(path):
  # The same for a named tuple and for the dictionary that it is read as without a target.
  return '/'.join(re.findall(r"[^][.']+", path))


def _difference(state, expected):
  found, expected = (
    {_plain(path): digest for path, digest in side.items()} for side in (digests(state), expected)
  )
  wrong = [name for name in found | expected if found.get(name) != expected.get(name)]
  return f'damaged: {wrong[0]} does not match its SHA-256' if wrong else ''


def _first(error):
  return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
