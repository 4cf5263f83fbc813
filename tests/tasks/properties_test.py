"""What holds for every task, over the table of examples."""

import functools

import jax
import numpy as np
import optax
import pytest

from nn_zoo.data.stream import InOrder, Shuffled
from nn_zoo.task import descend
from nn_zoo.tasks import TASKS
from nn_zoo.train.evaluation import evaluate, evaluation, predict
from nn_zoo.train.loop import fit
from nn_zoo.train.record import Record
from tests.examples import TASK_EXAMPLES

# Its programs take longest to compile; tests/train/loop_test.py and its own have it in every run.
LONG = ('unpaired',)


@pytest.fixture(
  params=[
    pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in TASK_EXAMPLES
  ]
)
def example(request):
  return TASK_EXAMPLES[request.param]


def begun(example, **fields):
  """The task, its first state and a batch."""
  task = example.make(**fields)
  batch = Shuffled(example.arrays(64), 16)[0]
  return task, jax.jit(task.init)(jax.random.key(0), batch), batch


def assert_close(found, expected, **tolerance):
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **tolerance), found, expected)


def assert_equal(found, expected):
  jax.tree.map(np.testing.assert_array_equal, found, expected)


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
  task, state, batch = begun(TASK_EXAMPLES[name])
  key = jax.random.key(1)
  assert_close(
    jax.jit(task.step)(state, batch, key), task.step(state, batch, key), rtol=2e-4, atol=1e-5
  )


def test_the_second_step_does_not_compile_again(example):
  task, state, batch = begun(example)
  step = jax.jit(task.step)
  state, _ = step(state, batch, jax.random.key(1))
  step(state, batch, jax.random.key(2))
  assert step._cache_size() == 1


def test_a_scan_over_steps_equals_single_steps(example):
  task, state, _ = begun(example)
  stream = Shuffled(example.arrays(64), 16)
  keys = jax.random.split(jax.random.key(1), 3)
  batches = jax.tree.map(lambda *leaves: np.stack(leaves), *(stream[i] for i in range(3)))
  scanned, _ = jax.jit(lambda *xs: jax.lax.scan(lambda s, x: task.step(s, *x), state, xs))(
    batches, keys
  )
  step = jax.jit(task.step)
  for index in range(3):
    state, _ = step(state, stream[index], keys[index])
  assert_close(scanned, state, rtol=1e-4, atol=1e-6)


def test_vmap_over_seeds_trains_each_as_alone(example):
  task, _, batch = begun(example, tx=optax.sgd(0.1))
  keys = jax.random.split(jax.random.key(0), 2)
  # One after the other: the QR of an orthogonal start, when batched, can lock jaxlib's threads on a CPU.
  states = jax.jit(lambda keys: jax.lax.map(lambda key: task.init(key, batch), keys))(keys)
  states, metrics = jax.jit(jax.vmap(task.step, (0, None, 0)))(states, batch, keys)
  init, step = jax.jit(task.init), jax.jit(task.step)
  for index, key in enumerate(keys):
    state, single = step(init(key, batch), batch, key)
    assert_close(jax.tree.map(lambda x, i=index: x[i], states), state, rtol=1e-4, atol=1e-5)
    assert_close(jax.tree.map(lambda x, i=index: x[i], metrics), single, rtol=1e-4, atol=1e-5)


def test_a_batch_sharded_over_devices_gives_the_same_step(example):
  task, state, batch = begun(example)
  mesh = jax.make_mesh((2,), ('data',), axis_types=(jax.sharding.AxisType.Auto,))
  whole = jax.sharding.NamedSharding(mesh, jax.P())
  split = jax.sharding.NamedSharding(mesh, jax.P('data'))
  key = jax.random.key(1)
  expected, _ = jax.jit(task.step)(state, batch, key)
  found, _ = jax.jit(task.step)(jax.device_put(state, whole), jax.device_put(batch, split), key)
  assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_accumulation_equals_the_large_batch(example):
  # With a model that has neither BatchNorm nor dropout, which are those of each part.
  if example.name in ('classification', 'f_anogan'):
    pytest.skip(
      'its examples have dropout or BatchNorm; tests/task_test.py has the exact comparison'
    )
  task, state, batch = begun(example, tx=optax.sgd(0.1))
  parts = example.make(tx=optax.sgd(0.1), descend=functools.partial(descend, accumulate=4))
  key = jax.random.key(1)
  found, expected = jax.jit(parts.step)(state, batch, key), jax.jit(task.step)(state, batch, key)
  assert_close(found, expected, rtol=1e-6, atol=1e-6)


def test_training_lowers_the_loss(example):
  task, _, _ = begun(example)
  record = Record(show=False)
  stream = Shuffled(example.arrays(64), 16)
  fit(task, stream, steps=60, log_every=10, record=record)
  name = example.falls
  assert record.rows[-1][name] < 0.9 * record.rows[0][name]


@pytest.mark.parametrize('size', [1, 7, 64])
def test_evaluation_is_exact_for_any_batch_size(example, size):
  task, state, _ = begun(example)
  arrays = example.arrays(50)
  one = InOrder(arrays, 50)
  expected = evaluate(evaluation(task, one, state), state, len(one))
  stream = InOrder(arrays, size)
  found = evaluate(evaluation(task, stream, state), state, len(stream))
  for name, value in expected.items():
    np.testing.assert_allclose(found[name], value, rtol=2e-6, err_msg=name)


def test_predict_gives_every_example_once_and_in_order(example):
  task, state, _ = begun(example)
  arrays = example.arrays(10)
  expected = task.predict(state, arrays['inputs'], jax.random.key(0))
  found = predict(task, state, InOrder(arrays, 4))
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
