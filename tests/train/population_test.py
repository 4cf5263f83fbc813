"""A population's members are what single runs are: their states, their figures, the step that is chosen."""

import jax
import numpy as np
import optax
import pytest

from nn_zoo.data.dataset import take
from nn_zoo.data.memory import adding
from nn_zoo.data.stream import InOrder, Shuffled
from nn_zoo.models import create_model
from nn_zoo.tasks import TASKS
from nn_zoo.train.abreast import Abreast, InOrderAbreast
from nn_zoo.train.evaluation import evaluate, evaluation
from nn_zoo.train.loop import fit
from nn_zoo.train.population import fit_population
from nn_zoo.train.record import Record
from tests.examples import TASK_EXAMPLES

EXAMPLE = TASK_EXAMPLES['classification']
CLOSE = {'rtol': 2e-4, 'atol': 2e-5}
JUDGED = {'eval_every': 3, 'monitor': 'test/loss', 'mode': 'min'}


def fold(number, of=4, examples=70):
  """Streams that train on all parts but one, and test on that; parts are of 18, 18, 17 and 17 examples."""
  arrays = EXAMPLE.arrays(examples)
  parts = np.array_split(np.arange(examples), of)
  rest = np.concatenate(parts[:number] + parts[number + 1 :])
  return Shuffled(take(arrays, rest), 16, number), InOrder(take(arrays, parts[number]), 8)


def alone(task, train, test, seed, steps):
  """The state of a single run, and its figures."""
  state = fit(task, train, steps=steps, seed=seed, record=Record(show=False))
  return state, evaluate(evaluation(task, test, state, seed), state, len(test))


def member(tree, index):
  return jax.tree.map(lambda array: array[index], tree)


def assert_close(found, expected):
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **CLOSE), found, expected)


def assert_rows(found, expected):
  """Rows of the same steps and splits in the same order, with the same figures but for rounding."""
  assert [(row['step'], row['split']) for row in found] == [
    (row['step'], row['split']) for row in expected
  ]
  for one, other in zip(found, expected, strict=True):
    numbers, others = ({key: row[key] for key in row if key != 'split'} for row in (one, other))
    assert_close(numbers, others)


def test_folds_with_seeds_of_their_own_end_as_single_runs_do():
  task, seeds = EXAMPLE.make(), (5, 6, 7)
  trains, tests = zip(*map(fold, (0, 1, 2)), strict=True)
  found = fit_population(
    lambda _: task, (), trains, {'test': tests}, seeds=seeds, steps=20, eval_every=8
  )
  assert found.steps == [20, 20, 20]
  for index, arguments in enumerate(zip(trains, tests, seeds, strict=True)):
    state, figures = alone(task, *arguments, 20)
    assert_close(member(found.states, index), state)
    assert found.figures[index]['test']['accuracy'] == figures['accuracy']
    assert_close(found.figures[index]['test'], figures)


def with_rate(values):
  return EXAMPLE.make(optax.sgd(values['rate']))


@pytest.fixture
def overfitting():
  """A training stream, and a test whose labels are wrong: sooner or later its loss rises."""
  train, test = fold(0)
  test.arrays['targets'] = (test.arrays['targets'] + 1) % 3
  return train, test


@pytest.mark.parametrize('select', ['best', 'last'])
def test_each_member_is_taken_at_its_own_step(overfitting, select):
  train, test = overfitting
  rates, steps, patience = np.float32([0.003, 0.3]), 24, 3
  found = fit_population(
    with_rate,
    {'rate': rates},
    [train, train],
    {'test': [test, test]},
    seeds=(1, 2),
    steps=steps,
    log_every=5,
    patience=patience,
    select=select,
    **JUDGED,
  )
  assert found.steps[0] != found.steps[1]
  for index, rate in enumerate(rates):
    task, seed = with_rate({'rate': rate}), index + 1
    record = Record(show=False)
    options = {'steps': steps, 'log_every': 5, 'patience': patience, 'seed': seed}
    options['record'] = record
    state = fit(task, train, {'test': test}, **options, **JUDGED)
    losses = {row['step']: row['loss'] for row in record.rows if row['split'] == 'test'}
    expected = min(losses, key=losses.get) if select == 'best' else max(losses)
    assert found.steps[index] == expected
    if select == 'best':
      state, _ = alone(task, train, test, seed, expected)
    assert_close(member(found.states, index), state)
    np.testing.assert_allclose(found.figures[index]['test']['loss'], losses[expected], **CLOSE)
    assert_rows(found.rows[index], record.rows)


def test_one_that_diverges_leaves_the_others_alone(overfitting):
  train, test = overfitting
  values = {'rate': np.float32([np.inf, 0.1])}
  found = fit_population(
    with_rate, values, [train] * 2, {'test': [test] * 2}, seeds=(0, 0), steps=6, **JUDGED
  )
  assert np.isnan(found.figures[0]['test']['loss'])
  assert found.diverged[0].startswith('training diverged: ')
  assert found.diverged[1] == ''
  _, figures = alone(with_rate({'rate': 0.1}), train, test, 0, 6)
  assert_close(found.figures[1]['test'], figures)


def test_two_players_of_several_seeds_end_as_single_runs_do():
  example = TASK_EXAMPLES['adversarial']
  task, arrays, seeds = example.make(), example.arrays(40), (3, 4)
  train, test = Shuffled(arrays, 16), InOrder(arrays, 20)
  found = fit_population(
    lambda _: task, (), [train] * 2, {'test': [test] * 2}, seeds=seeds, steps=6, log_every=3
  )
  for index, seed in enumerate(seeds):
    record = Record(show=False)
    state = fit(task, train, {'test': test}, steps=6, log_every=3, seed=seed, record=record)
    assert_close(member(found.states, index), state)
    assert_rows(found.rows[index], record.rows)
    assert 'real_accuracy' in found.rows[index][0]


def test_streams_without_arrays_are_asked_for_their_batches():
  data = adding(length=6, validation=0, test=8, split_seed=0)
  model = create_model('gru', classes=1, units=4)  # with orthogonal weights
  task = TASKS['regression'](model, optax.adam(1e-2))
  trains = [data.fresh(4, seed) for seed in (0, 1)]
  test = InOrder(data.test, 8)
  found = fit_population(lambda _: task, (), trains, {'test': [test] * 2}, seeds=(0, 1), steps=3)
  for seed, train in enumerate(trains):
    state, figures = alone(task, train, test, seed, 3)
    assert_close(member(found.states, seed), state)
    assert_close(found.figures[seed]['test'], figures)


def test_members_share_equal_examples_and_others_lie_behind_them():
  train, _ = fold(0)
  same = Abreast([train, Shuffled(train.arrays, 16, 9)])
  assert len(same.arrays['weight']) == 52
  other = Abreast([train, fold(1)[0], fold(2)[0]])
  assert len(other.arrays['weight']) == 52 + 52 + 53
  for step in (0, 4):
    batch, rows = other[step], other.rows(step)
    jax.tree.map(
      lambda array, expected, rows=rows: np.testing.assert_array_equal(array[rows], expected),
      other.arrays,
      batch,
    )
    np.testing.assert_array_equal(batch['inputs'][2], fold(2)[0][step]['inputs'])


def test_an_evaluation_counts_every_example_of_unequal_folds_once():
  tests = [fold(number)[1] for number in (0, 3)]
  exam = InOrderAbreast(tests)
  assert len(exam) == 3
  weight = sum(exam[step]['weight'].sum(axis=1) for step in range(3))
  np.testing.assert_array_equal(weight, [18, 17])
  total = sum(
    (exam[step]['inputs'] * exam[step]['weight'][..., None]).sum(axis=1) for step in range(3)
  )
  for index, test in enumerate(tests):
    expected = test.arrays['inputs'][: test.examples].sum(axis=0)
    np.testing.assert_allclose(total[index], expected, rtol=1e-5)
