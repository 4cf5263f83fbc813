"""Pairs of runs and what they say: ours, peer, ours, peer, ...; the median over pairs of their ratio."""

import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.benchmark.forms import Side, Tell, fastest, one_step, probed, whole
from experiments.benchmark.kinds import Processes, Target, Training, Workload
from experiments.benchmark.processes import Run, run
from nn_zoo.errors import InputError


def compare(workload: Workload, data: Path, repeats: int, tell: Tell) -> dict[str, Any]:
  """Runs the pairs of a workload; returns the figures that are recorded.

  Both sides are rehearsed first, so that neither pays for cold files.

  Args:
    workload: of the table.
    data: the folder with inputs.npy and targets.npy, for a `Training`.
    repeats: pairs.
    tell: takes a line as things go on.

  Raises:
    InputError: a side failed, or the two did not do the same work.
  """
  if isinstance(workload.work, Processes):
    ours, peer = (_process(program) for program in workload.work)
    ours(), peer()
    found = dict(zip(('ours', 'peer'), map(_named, workload.work), strict=True))
  else:
    spec = {**workload.work.spec, 'data': str(data)}
    ours, peer, found = _training(workload, spec, data, tell)
  runs = alternate(ours, peer, repeats, tell)
  figures = {side: found[side] | summary(done) for side, done in zip(found, runs, strict=True)}
  compared = {'ratio': ratios(*runs, workload.target), **figures}
  if isinstance(workload.work, Training):
    check_same_work(**figures)
    compared |= {'spec': dict(workload.work.spec), 'floor': floor(workload.work.flops, **figures)}
  return compared


def alternate(ours: Side, peer: Side, repeats: int, tell: Tell) -> tuple[list[Run], list[Run]]:
  """Ours, peer, ours, peer, ...: `repeats` of each."""
  runs: tuple[list[Run], list[Run]] = ([], [])
  for number in range(repeats):
    for name, side, done in zip(('ours', 'peer'), (ours, peer), runs, strict=True):
      done.append(side())
      tell(f'  {number + 1}/{repeats} {name}: {done[-1].seconds:.3f} s{_others(done[-1])}')
  return runs


def ratios(ours: list[Run], peer: list[Run], target: Target) -> dict[str, Any]:
  """The ratio of each pair with their median, least and largest, and whether the target is met."""
  each = [
    theirs.measured(target.of) / mine.measured(target.of)
    for mine, theirs in zip(ours, peer, strict=True)
  ]
  if target.ratio == 'ours/peer':
    each = [1 / ratio for ratio in each]
  median = statistics.median(each)
  return {
    'of': target.ratio,
    'compared': target.of,
    'median': median,
    'least': min(each),
    'largest': max(each),
    'pairs': each,
    'target': target.text,
    'met': target.met(median),
  }


def summary(runs: list[Run]) -> dict[str, Any]:
  """Medians of what was reported, the first of words, the roof's maximum; seconds and others of each run."""
  reported = {
    name: value
    if isinstance(value, str)
    else statistics.median(done.figures[name] for done in runs)
    for name, value in runs[0].figures.items()
  }
  if 'roof' in reported:
    reported['roof'] = max(done.figures['roof'] for done in runs)
  return {
    **reported,
    'seconds': statistics.median(done.seconds for done in runs),
    'process_seconds': statistics.median(done.wall_seconds for done in runs),
    'each_seconds': [done.seconds for done in runs],
    'others': [done.others for done in runs],
  }


def floor(flops: int, ours: Mapping[str, Any], peer: Mapping[str, Any]) -> dict[str, float]:
  """What the products of the run alone would take at the best GEMM speed seen, and the share reached.

  seconds = flops / max(roof_ours, roof_peer);   share = seconds / seconds of a side, from end to end and
  for the steps alone
  """
  roof = max(ours['roof'], peer['roof'])
  least = flops / roof
  shares = {
    name: {
      'share': least / side['seconds'],
      'share_of_steps': least / (side['step_seconds'] * side['steps']),
    }
    for name, side in (('ours', ours), ('peer', peer))
  }
  return {'flops': flops, 'roof': roof, 'seconds': least, **shares}


def check_same_work(ours: Mapping[str, Any], peer: Mapping[str, Any]) -> None:
  """Raises InputError if the sides trained different numbers of parameters or steps."""
  for name in ('parameters', 'steps'):
    if ours[name] != peer[name]:
      raise InputError(
        f'the sides do not do the same work: {name}: {ours[name]} in ours, {peer[name]} in the peer'
      )


def _training(workload: Workload, spec: Mapping[str, Any], data: Path, tell: Tell):
  work, steps = workload.work, spec['steps']
  of_steps = workload.target.of == 'step_seconds'
  cost = one_step if of_steps else whole(steps)
  short = {**spec, 'steps': probed(steps, of_steps)}
  # What a run compiles counts unless steps alone are compared; the next one then finds it.
  kept = {'TORCHINDUCTOR_CACHE_DIR': str(data / 'compiled')} if of_steps else {}
  _side('ours', work.program, {**short, 'steps': 2}, kept, next(iter(work.ours.values())))()
  runs, found = [], {}
  for side, room, program, forms in (
    ('ours', 'ours', work.program, work.ours),
    ('peer', 'peers', work.peer, work.variants),
  ):
    variants = {name: _side(room, program, short, kept, more) for name, more in forms.items()}
    best, probes = fastest(variants, cost, tell, side)
    runs.append(_side(room, program, spec, kept, forms[best]))
    found[side] = {'variant': best, 'variants_seconds': probes}
  return *runs, found


def _process(program: str) -> Side:
  return lambda: run(['-c', program], f"python -c '{program}'", {}, reports=False)


def _named(program: str) -> dict[str, str]:
  return {'program': program}


def _side(
  room: str, program: str, spec: Mapping, variables: Mapping, more: Mapping[str, Any] | None = None
) -> Side:
  more = dict(more or {})
  environment = {**variables, **more.pop('environment', {})}
  module = f'experiments.benchmark.{room}.{program}'
  arguments = ['-m', module, json.dumps({**spec, **more})]
  return lambda: run(arguments, f'python -m {module}', environment, reports=True)


def _others(done: Run) -> str:
  return '' if done.others is None else f' (others took {done.others:.0%} of the CPU)'
