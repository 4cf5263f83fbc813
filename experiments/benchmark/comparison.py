"""Pairs of runs, and what they say: A B A B ..., the ratio of each pair, the median over pairs."""

import json
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from experiments.benchmark.processes import Run, run
from experiments.benchmark.workloads import Processes, Target, Training, Workload
from nn_zoo.errors import InputError

PROBE_STEPS = 200

Tell = Callable[[str], None]


def compare(workload: Workload, data: Path | None, repeats: int, tell: Tell) -> dict[str, Any]:
  """Runs the pairs of a workload; returns the figures that are recorded.

  Both sides are rehearsed first, so that neither pays for cold files.

  Args:
    workload: of the table.
    data: the folder with inputs.npy and targets.npy, for a `Training`.
    repeats: pairs.
    tell: takes a line as things go on.
  """
  if isinstance(workload.work, Processes):
    return _compare_processes(workload.work, workload.target, repeats, tell)
  return _compare_training(workload.work, workload.target, data, repeats, tell)


def pairs(
  ours: Callable[[], Run], peer: Callable[[], Run], repeats: int, tell: Tell
) -> tuple[list[Run], list[Run]]:
  """Ours, peer, ours, peer, ...: `repeats` of each."""
  runs: list[Run] = []
  for number in range(2 * repeats):
    runs.append((ours, peer)[number % 2]())
    others = '' if runs[-1].others is None else f', others took {runs[-1].others:.0%} of the CPU'
    name = ('ours', 'peer')[number % 2]
    tell(f'  {number // 2 + 1}/{repeats} {name}: {seconds(runs[-1]):.3f} s{others}')
  return runs[::2], runs[1::2]


def seconds(done: Run) -> float:
  """What is compared: what the side timed itself, else the whole process."""
  return done.figures.get('seconds', done.wall_seconds)


def ratios(ours: list[Run], peer: list[Run], target: Target) -> dict[str, Any]:
  """The ratio of each pair with their median, least and largest, and whether the target is met."""
  each = [seconds(theirs) / seconds(mine) for mine, theirs in zip(ours, peer, strict=True)]
  if target.ratio == 'ours/peer':
    each = [1 / ratio for ratio in each]
  median = statistics.median(each)
  return {
    'of': target.ratio,
    'median': median,
    'least': min(each),
    'largest': max(each),
    'pairs': each,
    'target': str(target),
    'met': target.met(median),
  }


def floor(flops: int, ours: Mapping[str, Any], peer: Mapping[str, Any]) -> dict[str, float]:
  """What the matrix products alone would take at the best GEMM speed seen, and the share each side reaches.

  floor = flops / max(roof_ours, roof_peer);   share = floor / seconds
  """
  roof = max(ours['roof'], peer['roof'])
  least = flops / roof
  return {
    'flops': flops,
    'roof': roof,
    'seconds': least,
    'ours': least / ours['seconds'],
    'peer': least / peer['seconds'],
  }


def summary(runs: list[Run]) -> dict[str, Any]:
  """Medians of what was reported, the roof's maximum, and every run's seconds and disturbance."""
  reported = {
    name: statistics.median(done.figures[name] for done in runs) for name in runs[0].figures
  }
  if 'roof' in reported:
    reported['roof'] = max(done.figures['roof'] for done in runs)
  return {
    'seconds': statistics.median(map(seconds, runs)),
    **reported,
    'process_seconds': statistics.median(done.wall_seconds for done in runs),
    'each_seconds': [seconds(done) for done in runs],
    'others': [done.others for done in runs],
  }


def _compare_processes(work: Processes, target: Target, repeats: int, tell: Tell):
  def side(program):
    return lambda: run(['-c', program], f"python -c '{program}'", {}, reports=False)

  ours, peer = side(work.ours), side(work.peer)
  tell('  rehearsal')
  ours(), peer()
  mine, theirs = pairs(ours, peer, repeats, tell)
  return {
    'ratio': ratios(mine, theirs, target),
    'ours': {'program': work.ours, **summary(mine)},
    'peer': {'program': work.peer, **summary(theirs)},
  }


def _compare_training(work: Training, target: Target, data: Path, repeats: int, tell: Tell):
  spec = {**work.spec, 'data': str(data)}
  ours = _side('ours', work.program, spec)
  _side('ours', work.program, {**spec, 'steps': 2})()
  variant, probes = _best_variant(work, spec, tell)
  peer = _side('peers', work.program, spec, work.variants[variant])
  mine, theirs = pairs(ours, peer, repeats, tell)
  ours_figures, peer_figures = summary(mine), summary(theirs)
  for name in ('parameters', 'steps'):
    if ours_figures[name] != peer_figures[name]:
      raise InputError(
        f'{work.program}: the sides do not do the same work: {name} is {ours_figures[name]} in ours, '
        f'{peer_figures[name]} in the peer'
      )
  return {
    'ratio': ratios(mine, theirs, target),
    'spec': dict(work.spec),
    'floor': floor(work.flops, ours_figures, peer_figures),
    'ours': ours_figures,
    'peer': {'variant': variant, **peer_figures, 'probes': probes},
  }


def _side(room, program, spec, more: Mapping[str, Any] | None = None) -> Callable[[], Run]:
  more = dict(more or {})
  environment = more.pop('environment', {})
  module = f'experiments.benchmark.{room}.{program}'
  return lambda: run(
    ['-m', module, json.dumps(spec | more)], f'python -m {module}', environment, reports=True
  )


def _best_variant(work: Training, spec, tell: Tell) -> tuple[str, dict[str, Any]]:
  # From a short run: what is spent before the second step, and the steps that a whole run has.
  probes: dict[str, Any] = {}
  short = {**spec, 'steps': min(PROBE_STEPS, spec['steps'])}
  for name, more in work.variants.items():
    try:
      figures = _side('peers', work.program, short, more)().figures
    except InputError as error:
      tell(f'  peer, {name}: left out: {error}')
      probes[name], reason = None, error
      continue
    probes[name] = figures['setup_seconds'] + figures['step_seconds'] * (spec['steps'] - 1)
    tell(f'  peer, {name}: about {probes[name]:.1f} s')
  usable = {name: probe for name, probe in probes.items() if probe is not None}
  if not usable:
    raise reason
  return min(usable, key=usable.get), probes
