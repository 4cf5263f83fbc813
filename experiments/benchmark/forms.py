"""The forms that a side can take, and which of them is compared: the one that short runs find fastest."""

from collections.abc import Callable, Mapping
from typing import Any

from experiments.benchmark.output import duration
from experiments.benchmark.processes import Run, disturbed
from nn_zoo.errors import InputError

PROBE_STEPS = 200  # at most
PROBE_SHARE, LEAST_PROBED = 4, 10  # where steps alone are compared, fewer are enough to choose by
PROBES = 3  # at most, of a variant whose probes others disturb
FINALISTS, FINALS = 3, 2  # variants that are tried again, so often, since a machine has its moods

Side = Callable[[], Run]
Tell = Callable[[str], None]
Cost = Callable[[Mapping[str, float]], float]


def probed(steps: int, of_steps: bool) -> int:
  """How many steps a short run takes, of `steps`; of_steps: whether steps alone are compared."""
  if of_steps:
    steps = max(steps // PROBE_SHARE, min(steps, LEAST_PROBED))
  return min(PROBE_STEPS, steps)


def whole(steps: int) -> Cost:
  """The seconds of a run of `steps`, told by a short one: setup_seconds + (steps - 1) step_seconds."""
  return lambda figures: figures['setup_seconds'] + (steps - 1) * figures['step_seconds']


def one_step(figures: Mapping[str, float]) -> float:
  """The seconds of a step, whatever it took to get there."""
  return figures['step_seconds']


def fastest(
  variants: Mapping[str, Side], cost: Cost, tell: Tell, side: str = 'peer'
) -> tuple[str, dict[str, Any]]:
  """The variant of the least cost, judged by short runs, and the seconds of each.

  One that does not run is left out. The best few are tried again in turn, and each counts with its least.

  Raises:
    InputError: none of them runs.
  """
  probes: dict[str, Any] = {}
  for name, run_variant in variants.items():
    try:
      probes[name] = _probe(run_variant, cost)
    except InputError as error:
      reason = error
      probes[name] = None
      tell(f'  {side}, {name}: left out: {error}')
      continue
    tell(f'  {side}, {name}: about {duration(probes[name])}')
  usable = {name: seconds for name, seconds in probes.items() if seconds is not None}
  if not usable:
    raise reason
  finalists = sorted(usable, key=usable.get)[:FINALISTS]
  for name in finalists * (FINALS if len(finalists) > 1 else 0):
    usable[name] = probes[name] = min(usable[name], _probe(variants[name], cost))
  return min(usable, key=usable.get), probes


def _probe(side: Side, cost: Cost) -> float:
  seconds = []
  for _ in range(PROBES):
    done = side()
    seconds.append(cost(done.figures))
    if not disturbed(done.others):
      break
  return min(seconds)
