"""What holds for every task, over the table of examples."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
import pytest

from nn_zoo.data.stream import InOrder, Shuffled
from nn_zoo.task import Task, descend
from nn_zoo.tasks import TASKS
from nn_zoo.train.evaluation import evaluate, evaluation, predict
from nn_zoo.train.loop import fit
from nn_zoo.train.record import Record
from tests.examples import TASK_EXAMPLES

# Its programs take longest to compile; tests/train/loop_test.py and its own have it in every run.
LONG = ('unpaired',)


SGD = optax.sgd(0.1)


class Begun(NamedTuple):
  """A task, its compiled functions, first state and a batch; compiling costs most, so tests share it."""

  task: Task
  init: Callable
  step: Callable
  state: Any
  batch: dict[str, np.ndarray]


@pytest.fixture(
  params=[
    pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in TASK_EXAMPLES
  ]
)
def name(request):
  return request.param


@functools.cache
def begun(name, **fields):
  example = TASK_EXAMPLES[name]
  task = example.make(**fields)
  batch = Shuffled(example.arrays(64), 16)[0]
  init = jax.jit(task.init)
  return Begun(task, init, jax.jit(task.step), init(jax.random.key(0), batch), batch)


def assert_close(found, expected, **tolerance):
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **tolerance), found, expected)


def test_every_task_has_an_example():
  assert {example.name for example in TASK_EXAMPLES.values()} == set(TASKS)


# Operation by operation, some take half a minute.
@pytest.mark.parametrize(
  'name',
  [
    pytest.param(name, marks=pytest.mark.slow)
    if name not in ('classification', 'regression')
    else name
    for name in TASK_EXAMPLES
  ],
)
def test_jit_changes_nothing(name):
  task, _, step, state, batch = begun(name)
  key = jax.random.key(1)
  assert_close(step(state, batch, key), task.step(state, batch, key), rtol=2e-4, atol=1e-5)


def test_the_second_step_does_not_compile_again(name):
  _, _, _, state, batch = begun(name)
  step = jax.jit(TASK_EXAMPLES[name].make().step)  # that no other test has called
  state, _ = step(state, batch, jax.random.key(1))
  step(state, batch, jax.random.key(2))
  assert step._cache_size() == 1


def test_a_scan_over_steps_equals_single_steps(name):
  task, _, step, state, _ = begun(name)
  stream = Shuffled(TASK_EXAMPLES[name].arrays(64), 16)
  keys = jax.random.split(jax.random.key(1), 3)
  batches = jax.tree.map(lambda *leaves: np.stack(leaves), *(stream[i] for i in range(3)))
  scanned, _ = jax.jit(lambda *xs: jax.lax.scan(lambda s, x: task.step(s, *x), state, xs))(
    batches, keys
  )
  for index in range(3):
    state, _ = step(state, stream[index], keys[index])
  assert_close(scanned, state, rtol=1e-4, atol=1e-6)


def test_vmap_over_seeds_trains_each_as_alone(name):
  task, init, step, _, batch = begun(name, tx=SGD)
  keys = jax.random.split(jax.random.key(0), 2)
  # One after the other: the QR of an orthogonal start, when batched, can lock jaxlib's threads on a CPU.
  states = jax.jit(lambda keys: jax.lax.map(lambda key: task.init(key, batch), keys))(keys)
  states, metrics = jax.jit(jax.vmap(task.step, (0, None, 0)))(states, batch, keys)
  for index, key in enumerate(keys):
    state, single = step(init(key, batch), batch, key)
    assert_close(jax.tree.map(lambda x, i=index: x[i], states), state, rtol=1e-4, atol=1e-5)
    assert_close(jax.tree.map(lambda x, i=index: x[i], metrics), single, rtol=1e-4, atol=1e-5)


def test_a_batch_sharded_over_devices_gives_the_same_step(name):
  task, _, step, state, batch = begun(name)
  mesh = jax.make_mesh((2,), ('data',), axis_types=(jax.sharding.AxisType.Auto,))
  whole = jax.sharding.NamedSharding(mesh, jax.P())
  split = jax.sharding.NamedSharding(mesh, jax.P('data'))
  key = jax.random.key(1)
  expected, _ = step(state, batch, key)
  found, _ = jax.jit(task.step)(jax.device_put(state, whole), jax.device_put(batch, split), key)
  assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_accumulation_equals_the_large_batch(name):
  # With a model that has neither BatchNorm nor dropout, which are those of each part.
  if TASK_EXAMPLES[name].name in ('classification', 'f_anogan'):
    pytest.skip(
      'its examples have dropout or BatchNorm; tests/task_test.py has the exact comparison'
    )
  _, _, step, state, batch = begun(name, tx=SGD)
  parts = TASK_EXAMPLES[name].make(tx=SGD, descend=functools.partial(descend, accumulate=4))
  key = jax.random.key(1)
  found, expected = jax.jit(parts.step)(state, batch, key), step(state, batch, key)
  assert_close(found, expected, rtol=1e-6, atol=1e-6)


def test_training_lowers_the_loss(name):
  example = TASK_EXAMPLES[name]
  record = Record(show=False)
  stream = Shuffled(example.arrays(64), 16)
  fit(begun(name).task, stream, steps=60, log_every=10, record=record)
  assert record.rows[-1][example.falls] < 0.9 * record.rows[0][example.falls]


@pytest.mark.parametrize('size', [1, 7, 64])
def test_evaluation_is_exact_for_any_batch_size(name, size):
  task, _, _, state, _ = begun(name)
  arrays = TASK_EXAMPLES[name].arrays(50)
  stream = InOrder(arrays, size)
  found = evaluate(evaluation(task, stream, state), state, len(stream))
  for figure, value in evaluated(name).items():
    np.testing.assert_allclose(found[figure], value, rtol=2e-6, err_msg=figure)


@functools.cache
def evaluated(name):
  """The figures of one batch of all examples."""
  task, _, _, state, _ = begun(name)
  one = InOrder(TASK_EXAMPLES[name].arrays(50), 50)
  return evaluate(evaluation(task, one, state), state, len(one))


def test_predict_gives_every_example_once_and_in_order(name):
  task, _, _, state, _ = begun(name)
  arrays = TASK_EXAMPLES[name].arrays(10)
  expected = task.predict(state, arrays['inputs'], jax.random.key(0))
  found = predict(task, state, InOrder(arrays, 4))
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
