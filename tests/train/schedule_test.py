from functools import partial

import jax
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.train.schedule import SCHEDULES, schedule

PEAK, STEPS = 0.3, 40


def wave(first, last, share):
  return last + (first - last) * (1 + np.cos(np.pi * share)) / 2


def one_cycle(t, T, rise=0.3, start=0.04, end=1e-4):
  top = round(rise * T)
  return wave(start, 1, t / top) if t < top else wave(1, end, (t - top) / (T - top))


# Each as a share of the peak at step t of T.
FORMULAS = {
  'constant': lambda t, T: 1,
  'linear': lambda t, T, end=0: 1 - (1 - end) * t / T,
  'cosine': lambda t, T, end=0: end + (1 - end) * (1 + np.cos(np.pi * t / T)) / 2,
  'step': lambda t, T, every, factor: factor ** (t // every),
  'exponential': lambda t, T, every, factor: factor ** (t / every),
  'one_cycle': one_cycle,
  'inverse_sqrt': lambda t, T, timescale=4000: (1 + t / timescale) ** -0.5,
}
ROWS = [
  ('constant', {}),
  ('linear', {}),
  ('linear', {'end': 0.1}),
  ('cosine', {}),
  ('cosine', {'end': 0.1}),
  ('step', {'every': 7, 'factor': 0.5}),
  ('exponential', {'every': 7, 'factor': 0.5}),
  ('one_cycle', {}),
  ('one_cycle', {'rise': 0.5, 'start': 0.1, 'end': 0.01}),
  ('one_cycle', {'start': 0.0, 'end': 0.0}),
  ('inverse_sqrt', {}),
  ('inverse_sqrt', {'timescale': 10}),
]


def values(fields, steps=STEPS, counts=range(STEPS)):
  rate = jax.jit(schedule(PEAK, steps, fields))
  return [float(rate(t)) for t in counts]


def test_every_schedule_has_a_formula_and_a_row():
  assert SCHEDULES.keys() == FORMULAS.keys() == {name for name, _ in ROWS}


@pytest.mark.parametrize(('name', 'fields'), ROWS)
def test_the_rate_is_the_formula_at_every_step(name, fields):
  formula = partial(FORMULAS[name], T=STEPS, **fields)
  want = [PEAK * formula(t) for t in range(STEPS)]
  np.testing.assert_allclose(values({'name': name, **fields}), want, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(('name', 'fields'), ROWS)
def test_a_warm_up_rises_from_zero_and_the_schedule_has_the_rest(name, fields):
  formula = partial(FORMULAS[name], T=STEPS - 8, **fields)
  want = [PEAK * t / 8 for t in range(8)] + [PEAK * formula(t) for t in range(STEPS - 8)]
  found = values({'name': name, 'warmup': 8, **fields})
  np.testing.assert_allclose(found, want, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize('name', ['linear', 'cosine', 'one_cycle'])
def test_the_end_is_kept_after_the_last_step(name):
  found = values({'name': name, 'end': 0.25}, counts=[STEPS, STEPS + 1, 10 * STEPS])
  np.testing.assert_allclose(found, 0.25 * PEAK, rtol=1e-6)


@pytest.mark.parametrize('steps', [1, 2, 3])
@pytest.mark.parametrize(('name', 'fields'), ROWS)
def test_a_run_of_a_few_steps_has_rates_from_zero_to_the_peak(name, fields, steps):
  found = np.array(values({'name': name, **fields}, steps, range(steps)))
  assert (found >= 0).all()
  assert (found <= PEAK * (1 + 1e-6)).all()


@pytest.mark.parametrize(('rise', 'top'), [(0.0, 0), (1.0, STEPS)])
def test_one_cycle_may_only_fall_or_only_rise(rise, top):
  found = values({'name': 'one_cycle', 'rise': rise}, counts=range(STEPS + 1))
  assert np.argmax(found) == top
  np.testing.assert_allclose(max(found), PEAK, rtol=1e-6)
  assert (np.sign(np.diff(found)) == (1 if top else -1)).all()


@pytest.mark.parametrize(
  ('fields', 'line'),
  [
    ({'name': 'cosin'}, r"optimizer.schedule.name='cosin' is unknown. Did you mean 'cosine'\?"),
    ({}, r'optimizer.schedule: .* needs name'),
    ('cosine', r"optimizer.schedule='cosine': expected a section"),
    ({'name': 'cosine', 'ends': 0.1}, r"schedule.ends: cosine has no such key. .* 'end'"),
    ({'name': 'cosine', 'end': '0.1'}, r"schedule.end='0.1': expected a number"),
    ({'name': 'step'}, r'optimizer.schedule: step needs every, factor'),
    ({'name': 'step', 'every': 0, 'factor': 0.1}, r'schedule.every=0: expected 1 step or more'),
    ({'name': 'exponential', 'every': -1, 'factor': 0.1}, r'schedule.every=-1: expected 1 step'),
    ({'name': 'inverse_sqrt', 'timescale': 0}, r'schedule.timescale=0: expected 1 step'),
    ({'name': 'one_cycle', 'rise': 30.0}, r'schedule.rise=30.0: expected a share'),
    (
      {'name': 'cosine', 'warmup': STEPS},
      r'schedule.warmup=40: expected fewer than train.steps=40',
    ),
    ({'name': 'cosine', 'warmup': -1}, r'schedule.warmup=-1: expected'),
    ({'name': 'cosine', 'warmup': 0.5}, r'schedule.warmup=0.5: expected an integer'),
  ],
)
def test_what_does_not_fit_is_answered_in_a_line(fields, line):
  with pytest.raises(InputError, match=line):
    schedule(PEAK, STEPS, fields)


def test_without_the_length_of_the_run_the_rate_can_only_be_constant():
  assert values({'name': 'constant'}, 0, [7]) == [pytest.approx(PEAK)]
  for fields in ({'name': 'cosine'}, {'name': 'constant', 'warmup': 1}):
    with pytest.raises(InputError, match=f"name='{fields['name']}' needs `steps`"):
      schedule(PEAK, 0, fields)


@pytest.mark.parametrize('name', SCHEDULES)
def test_an_entry_is_a_row_of_a_markdown_table(name):
  _, equation, source = SCHEDULES[name]
  assert equation
  assert not set('|\n') & set(equation + source)
  assert '](http' in source
