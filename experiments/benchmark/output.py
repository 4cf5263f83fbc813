"""Results as text: a table, what the times are made of, and warnings."""

from collections.abc import Iterable, Mapping
from typing import Any

from experiments.benchmark.processes import disturbed

LOAD = 0.5  # load average per core before the first run

Results = Iterable[Mapping[str, Any]]


def table(results: Results) -> str:
  """A line a workload: the times, the ratios and the share of the floor."""
  lines = [('workload', 'ours', 'peer', 'ratio', 'median', 'least-largest', 'target', 'of floor')]
  for result in results:
    ratio, floor = result['ratio'], result.get('floor')
    shares = f'{floor["ours"]["share"]:.0%}, peer {floor["peer"]["share"]:.0%}' if floor else ''
    lines.append(
      (
        result['name'],
        _time(result, 'ours'),
        _time(result, 'peer'),
        ratio['of'],
        f'{ratio["median"]:.2f}',
        f'{ratio["least"]:.2f}-{ratio["largest"]:.2f}',
        f'{ratio["target"]}: {"met" if ratio["met"] else "missed"}',
        shares,
      )
    )
  widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
  return '\n'.join('  '.join(map(str.ljust, line, widths)).rstrip() for line in lines)


def duration(seconds: float) -> str:
  """A time in the unit that suits it."""
  return f'{seconds:.2f} s' if seconds >= 1 else f'{1e3 * seconds:.2f} ms'


def _time(result: Mapping[str, Any], name: str) -> str:
  return duration(result[name][result['ratio']['compared']])


def details(results: Results) -> list[str]:
  """Lines for each training run: what the time of each side is made of, and the forms of the peer."""
  lines = []
  for result in results:
    for name in ('ours', 'peer') if 'floor' in result else ():
      side = result[name]
      compiling = side.get('compile_seconds')
      compile_part = f' (compile {compiling:.2f} s)' if compiling else ''
      lines.append(
        f'{result["name"]}, {name}, {side["variant"]}: import {side["import_seconds"]:.2f} s, '
        f'before the steps {side["setup_seconds"]:.2f} s{compile_part}, '
        f'{side["steps"]} steps of {1e3 * side["step_seconds"]:.2f} ms, '
        f'{_result(side)}, {side["threads"]} threads, '
        f'GEMM {side["roof"] / 1e9:.0f} GFLOP/s'
      )
    for name in ('ours', 'peer') if 'floor' in result else ():
      forms = sorted(result[name]['variants_seconds'].items(), key=lambda form: form[1] or 0)
      shown = (f'{form} {duration(s) if s else "does not run"}' for form, s in forms)
      lines.append(f'{result["name"]}, {name}, forms from short runs: {"; ".join(shown)}')
  return lines


def _result(side: Mapping[str, Any]) -> str:
  if 'tokens_per_second' in side:
    return f'{side["tokens_per_second"]:.0f} tokens/s'
  return f'loss {side["final_loss"]:.4f}'


def warnings(results: Results) -> list[str]:
  """A line for each workload that did not have the machine to itself, or not the published data."""
  lines = []
  for result in results:
    load, cores = result['machine']['load_average'], result['machine']['cores']
    shares = [share for side in ('ours', 'peer') for share in result[side]['others']]
    taken = max((share for share in shares if share is not None), default=0.0)
    if load > LOAD * cores or disturbed(taken):
      lines.append(
        f'warning: {result["name"]}: the machine was busy (load average {load:.1f} on {cores} cores before '
        f'the first run, up to {taken:.0%} of the CPU taken by others during one): repeat it when quiet'
      )
    if result['data'] == 'stand-in':
      lines.append(f'warning: {result["name"]}: random images stood in for MNIST')
  return lines
