"""What the benchmark recorded, as a table for the README."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.benchmark.kinds import Training
from experiments.benchmark.workloads import WORKLOADS

RESULTS = Path(__file__).resolve().parent / 'results'
HEAD = ('workload', 'nn_zoo', 'peer', 'median of the ratios (least-largest)', 'aim', 'of the floor')


def table() -> str:
  """A line a recorded workload, in the order of WORKLOADS, and the machines they were recorded on."""
  paths = {name: RESULTS / f'{name}.json' for name in WORKLOADS}
  found = [json.loads(path.read_text()) for path in paths.values() if path.exists()]
  lines = [HEAD, ['---'] * len(HEAD), *map(_line, found)]
  machines = dict.fromkeys(map(_machine, found))
  shown = '\n'.join(f'| {" | ".join(line)} |' for line in lines)
  return f'{shown}\n\nRecorded on {"; ".join(machines)}.'


def _line(result: Mapping[str, Any]) -> list[str]:
  ratio, floor = result['ratio'], result.get('floor')
  faster = ratio['of'] == 'peer/ours'
  what = 'times as fast' if faster else 'times as long'
  verdict = '' if ratio['met'] else ': missed'
  spread = f'{ratio["least"]:.2f}-{ratio["largest"]:.2f}, {len(ratio["pairs"])} pairs'
  shares = (f'{floor[side]["share_of_steps"]:.0%}' for side in ('ours', 'peer')) if floor else ()
  work = WORKLOADS[result['name']].work
  forms = (work.ours, work.variants) if isinstance(work, Training) else ({}, {})
  sides = zip(('ours', 'peer'), forms, strict=True)
  return [
    f'`{result["name"]}`: {result["about"]}',
    *(_side(result, side) + _untried(result[side], of_side) for side, of_side in sides),
    f'{ratio["median"]:.2f} {what} ({spread})',
    f'{ratio["target"]}{verdict}',
    ', peer '.join(shares),
  ]


def _untried(side: Mapping[str, Any], forms: Mapping[str, Any]) -> str:
  # A record from before a form was added says so.
  count = len(set(forms) - set(side.get('variants_seconds', forms)))
  return f'; {count} of {len(forms)} forms were not tried' if count else ''


def _side(result: Mapping[str, Any], name: str) -> str:
  side = result[name]
  if 'step_seconds' not in side:
    return f'{side["seconds"]:.2f} s'
  step, others = f'{1e3 * side["step_seconds"]:.2f} ms a step', ''
  if 'tokens_per_second' in side:
    rate, others = _written(side, result['spec'])
    step = f'{step}, {rate}'
  whole = result['ratio']['compared'] == 'seconds'
  form = f' ({side["variant"]})' if 'variant' in side and side['variant'] != 'plain' else ''
  return (f'{side["seconds"]:.1f} s, {step}' if whole else step) + form + others


def _written(side: Mapping[str, Any], spec: Mapping[str, Any]) -> tuple[str, str]:
  # Tokens a second of a step that writes, and of the short run of each form that ran.
  tokens = spec['batch_size'] * (spec['time'] - spec['prompt'])
  forms = '; '.join(
    f'{form} {tokens / seconds:.0f}'
    for form, seconds in side['variants_seconds'].items()
    if seconds
  )
  rate = f'{tokens / side["step_seconds"]:.0f} tokens/s'
  return rate, f'; tokens/s of each form in short runs: {forms}'


def _machine(result: Mapping[str, Any]) -> str:
  machine = result['machine']
  gpu = result.get('spec', {}).get('device') == 'gpu'
  device = f'{result["ours"]["device"]} with ' if gpu else ''
  versions = f'jax {machine["jax"]}, torch {machine["torch"]}'
  return (
    f'{device}{machine["cores"]} cores of {machine["cpu"]}, Python {machine["python"]}, {versions}'
  )
