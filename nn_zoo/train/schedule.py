"""Learning-rate schedules by name, each over the steps of the whole run."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax.numpy as jnp
import optax

from nn_zoo import named
from nn_zoo.errors import InputError


class Schedule(NamedTuple):
  """An entry of SCHEDULES: (peak, steps, **fields) -> optax schedule, its equation and its source."""

  function: Callable[..., optax.Schedule]
  equation: str
  source: str


def _constant(peak: float, steps: int) -> optax.Schedule:
  return optax.constant_schedule(peak)


def _linear(peak: float, steps: int, end: float = 0.0) -> optax.Schedule:
  return optax.linear_schedule(peak, end * peak, steps)


def _cosine(peak: float, steps: int, end: float = 0.0) -> optax.Schedule:
  return optax.cosine_decay_schedule(peak, steps, alpha=end)


def _step(peak: float, steps: int, every: int, factor: float) -> optax.Schedule:
  return optax.exponential_decay(peak, _positive('every', every), factor, staircase=True)


def _exponential(peak: float, steps: int, every: int, factor: float) -> optax.Schedule:
  return optax.exponential_decay(peak, _positive('every', every), factor)


def _one_cycle(
  peak: float, steps: int, rise: float = 0.3, start: float = 0.04, end: float = 1e-4
) -> optax.Schedule:
  if not 0 <= rise <= 1:
    raise InputError(f'optimizer.schedule.rise={rise}: expected a share of the steps, from 0 to 1')
  top = round(rise * steps)
  up, down = _half_wave(start * peak, peak, top), _half_wave(peak, end * peak, steps - top)
  return optax.join_schedules([up, down], [top])


def _inverse_sqrt(peak: float, steps: int, timescale: int = 4000) -> optax.Schedule:
  _positive('timescale', timescale)
  return lambda count: peak * (timescale / (timescale + count)) ** 0.5


def _half_wave(first: float, last: float, steps: int) -> optax.Schedule:
  def value(count):
    share = jnp.clip(count / max(steps, 1), 0, 1)
    return last + (first - last) * (1 + jnp.cos(jnp.pi * share)) / 2

  return value


def _positive(key: str, value: int) -> int:
  if value < 1:
    raise InputError(f'optimizer.schedule.{key}={value}: expected 1 step or more')
  return value


_CYCLE = '[Smith & Topin 2017, Super-convergence](https://arxiv.org/abs/1708.07120)'
_RESTARTS = '[Loshchilov & Hutter 2016, SGDR](https://arxiv.org/abs/1608.03983)'
_VASWANI = '[Vaswani et al. 2017, Attention is all you need](https://arxiv.org/abs/1706.03762)'
_RESNET = '[He et al. 2015, Deep residual learning](https://arxiv.org/abs/1512.03385)'
_ROBBINS = '[Robbins & Monro 1951](https://doi.org/10.1214/aoms/1177729586)'
_BERT = '[Devlin et al. 2018, BERT](https://arxiv.org/abs/1810.04805)'
_INCEPTION = '[Szegedy et al. 2015, Rethinking Inception](https://arxiv.org/abs/1512.00567)'

SCHEDULES: dict[str, Schedule] = {
  'constant': Schedule(_constant, 'peak', _ROBBINS),
  'linear': Schedule(_linear, 'peak (1 - (1 - end) t/T)', _BERT),
  'cosine': Schedule(_cosine, 'peak (end + (1 - end) (1 + cos πt/T)/2)', _RESTARTS),
  'step': Schedule(_step, 'peak factor^⌊t/every⌋', _RESNET),
  'exponential': Schedule(_exponential, 'peak factor^(t/every)', _INCEPTION),
  'one_cycle': Schedule(_one_cycle, 'cosine up for rise·T, then down to end·peak', _CYCLE),
  'inverse_sqrt': Schedule(_inverse_sqrt, 'peak √(timescale/(timescale + t))', _VASWANI),
}


def schedule(peak: float, steps: int, fields: Mapping) -> optax.Schedule:
  """step -> learning rate.

  Args:
    peak: the highest learning rate.
    steps: T, of the whole run.
    fields: `name` in SCHEDULES, `warmup` (steps of linear rise from 0, before the named schedule), and
      the schedule's own fields.

  Raises:
    InputError: an unknown name or field, or one that makes no sense; a warm-up longer than the run.
  """
  if isinstance(fields, str):
    raise InputError(f'optimizer.schedule={fields!r}: expected a section such as name={fields!r}')
  fields = {'warmup': 0, **fields}
  named.check(_schema, 'optimizer.schedule', 'schedule', (), 0, fields)
  warmup = fields.pop('warmup')
  functions = {name: entry.function for name, entry in SCHEDULES.items()}
  if not steps and (warmup or fields['name'] != 'constant'):
    raise InputError(
      f'optimizer.schedule.name={fields["name"]!r} needs `steps`, the length of the run'
    )
  if not 0 <= warmup < max(steps, 1):
    raise InputError(f'optimizer.schedule.warmup={warmup}: expected fewer than train.steps={steps}')
  main = named.call(
    functions, 'optimizer.schedule', fields.pop('name'), peak, steps - warmup, **fields
  )
  if not warmup:
    return main
  return optax.join_schedules([optax.linear_schedule(0.0, peak, warmup), main], [warmup])


def _schema(*, name: str, warmup: int, **fields):
  """The keys that every schedule has, and their types."""
