"""The loop: calls of any length, streams of any kind, stopping and going on, bit for bit."""

import grain
import jax
import numpy as np
import optax
import pytest

from nn_zoo.data.stream import InOrder, Shuffled
from nn_zoo.errors import InputError
from nn_zoo.task import Mean
from nn_zoo.train.checkpoint import Checkpoints, digests
from nn_zoo.train.compiled import compile_steps
from nn_zoo.train.loop import Stopped, fit
from nn_zoo.train.monitor import Monitor
from nn_zoo.train.record import Record
from tests.examples import TASK_EXAMPLES

EXAMPLE = TASK_EXAMPLES['classification']
ARRAYS = EXAMPLE.arrays(50)


def run(name='classification', stream=None, folder=None, stop=lambda: False, **fields):
  """A short training; returns the state's digests and the rows of the record."""
  example = TASK_EXAMPLES[name]
  arrays = example.arrays(50)
  task = example.make()
  record = Record(folder, show=False)
  checkpoint = Checkpoints(folder / 'checkpoints') if folder else None
  fields = {'steps': 13, 'log_every': 4, 'eval_every': 6, 'steps_per_call': 4} | fields
  try:
    evals = {'test': InOrder(arrays, 20)}
    state = fit(
      task,
      stream or Shuffled(arrays, 16),
      evals,
      checkpoint=checkpoint,
      record=record,
      stop=stop,
      **fields,
    )
  finally:
    record.close()
    checkpoint and checkpoint.close()
  return digests(state), record.rows


class Countdown:
  """Says stop at the n-th time it is asked."""

  def __init__(self, count):
    self.count = count

  def __call__(self):
    self.count -= 1
    return self.count < 0


@pytest.mark.parametrize('name', TASK_EXAMPLES)
def test_steps_per_call_changes_no_bit(name):
  one = run(name, steps_per_call=1, log_every=13)
  assert run(name, steps_per_call=5, log_every=13) == one


def test_rows_are_means_over_log_every_steps_and_evaluations():
  _, rows = run()
  assert [(row['step'], row['split']) for row in rows] == [
    (4, 'train'),
    (6, 'test'),
    (8, 'train'),
    (12, 'train'),
    (12, 'test'),
    (13, 'train'),
    (13, 'test'),
  ]


def test_a_row_is_the_mean_of_its_steps():
  _, rows = run(log_every=4)
  _, single = run(log_every=1, eval_every=0)
  losses = [row['loss'] for row in single if row['split'] == 'train']
  np.testing.assert_allclose(rows[0]['loss'], np.mean(losses[:4]), rtol=1e-6)


# The forms of a state; tests/configs_test.py resumes every config. The last two take longest to compile.
@pytest.mark.parametrize(
  ('name', 'stops'),
  [
    *((name, (1, 7)) for name in ('classification_batchnorm', 'language', 'adversarial')),
    ('f_anogan', (7,)),
    pytest.param('unpaired', (7,), marks=pytest.mark.slow),
  ],
)
def test_stopped_after_any_step_twice_it_ends_with_the_same_bits(name, stops, tmp_path):
  expected = run(name, steps_per_call=1, folder=tmp_path / 'straight')
  for first in stops:  # in training and in evaluation
    folder = tmp_path / str(first)
    folder.mkdir()
    for count in (first, 5):
      with pytest.raises(Stopped):
        run(name, steps_per_call=1, folder=folder, stop=Countdown(count))
    assert run(name, steps_per_call=3, folder=folder) == expected, f'stopped after {first} calls'


def test_a_finished_run_is_left_as_it_is(tmp_path):
  expected = run(folder=tmp_path)
  assert run(folder=tmp_path) == expected


def test_any_indexable_is_a_stream_and_gives_the_same_run():
  stream = Shuffled(ARRAYS, 16)
  expected = run()
  assert run(stream=[stream[step] for step in range(13)]) == expected


def test_a_grain_dataset_is_a_stream():
  rows = [
    {name: array[i] for name, array in ARRAYS.items()} | {'weight': np.float32(1)}
    for i in range(50)
  ]
  dataset = grain.MapDataset.source(rows).seed(1).shuffle().repeat().batch(16)
  _, first = run(stream=dataset)
  _, again = run(stream=dataset, steps_per_call=1)
  assert first == again
  assert first[-2]['loss'] < first[0]['loss']


def test_another_seed_gives_another_run():
  assert run(seed=1)[0] != run(seed=0)[0]


def test_the_state_is_donated():
  task = EXAMPLE.make()
  stream = Shuffled(ARRAYS, 16)
  state = jax.jit(task.init)(jax.random.key(0), stream[0])
  leaf = jax.tree.leaves(state)[0]
  calls = compile_steps(lambda s, _, b, k: task.step(s, b, k), stream, state, (), 0, 1, 2)
  calls.run(state, (), 0, 2)
  assert leaf.is_deleted()


def test_early_stopping_after_patience_evaluations(tmp_path):
  def worse(state, batch, key):
    return {'loss': Mean(state.opt_state[0].count * 1.0, np.float32(1))}

  task = TASK_EXAMPLES['regression'].make()._replace(evaluate=worse)
  arrays = TASK_EXAMPLES['regression'].arrays(50)
  record = Record(show=False)
  checkpoints = Checkpoints(tmp_path)
  fields = {'steps': 100, 'eval_every': 5, 'monitor': 'test/loss', 'patience': 2}
  streams = Shuffled(arrays, 16), {'test': InOrder(arrays, 50)}
  state = fit(task, *streams, record=record, checkpoint=checkpoints, **fields)
  assert record.rows[-1]['step'] == 15
  assert checkpoints.best(state).step == 5
  assert checkpoints.latest(state).step == 15
  again = Record(show=False)
  fit(task, *streams, record=again, checkpoint=checkpoints, **fields)
  assert again.rows[-1]['step'] == 15
  checkpoints.close()


@pytest.mark.parametrize(
  'fields', [{'monitor': 'test/los'}, {'monitor': 'test/loss', 'mode': 'low'}]
)
def test_a_wrong_monitor_is_named(fields):
  with pytest.raises(InputError, match=r'train\.(monitor|mode)='):
    run(**fields)


def test_a_loss_that_is_no_longer_finite_stops_the_run_and_keeps_what_is_saved(tmp_path):
  task = TASK_EXAMPLES['regression'].make(tx=optax.sgd(20.0))
  arrays = TASK_EXAMPLES['regression'].arrays(50)
  checkpoints = Checkpoints(tmp_path)
  with pytest.raises(InputError, match=r'diverged: .* lower optimizer\.learning_rate'):
    fit(
      task,
      Shuffled(arrays, 16),
      steps=200,
      eval_every=2,
      checkpoint=checkpoints,
      record=Record(show=False),
    )
  like = jax.eval_shape(task.init, jax.random.key(0), Shuffled(arrays, 16)[0])
  saved = checkpoints.latest(like)
  checkpoints.close()
  assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(saved.state))


def test_what_a_killed_run_logged_before_its_first_checkpoint_is_not_kept(tmp_path):
  folder, straight = tmp_path / 'killed', tmp_path / 'straight'
  folder.mkdir()
  straight.mkdir()
  expected = run(folder=straight)
  (folder / 'metrics.jsonl').write_text(
    '{"step": 4, "split": "train", "loss": 1.0}\n{"step": 8, "spl'
  )
  assert run(folder=folder) == expected
  assert (folder / 'metrics.jsonl').read_text() == (straight / 'metrics.jsonl').read_text()


def test_a_figure_without_examples_does_not_look_like_divergence(tmp_path):
  def step(state, batch, key):
    state, metrics = EXAMPLE.make().step(state, batch, key)
    nothing = Mean(np.zeros(3, np.float32), np.zeros(3, np.float32))
    return state, metrics | {'none': Mean(np.float32(0), np.float32(0)), 'by_class': nothing}

  task = EXAMPLE.make()._replace(step=step)
  record, checkpoints = Record(tmp_path, show=False), Checkpoints(tmp_path / 'checkpoints')
  with pytest.raises(Stopped):  # in the middle of a window, with a vector in it
    fit(
      task,
      Shuffled(ARRAYS, 16),
      steps=8,
      log_every=8,
      steps_per_call=3,
      checkpoint=checkpoints,
      record=record,
      stop=Countdown(1),
    )
  fit(task, Shuffled(ARRAYS, 16), steps=8, log_every=8, checkpoint=checkpoints, record=record)
  checkpoints.close()
  record.close()
  assert record.rows[0]['none'] is None
  assert 'by_class' not in record.rows[0]
  assert np.isfinite(record.rows[0]['loss'])


def test_a_figure_that_these_data_lack_is_one_line():
  monitor = Monitor('test/bleu', 'max', 0, [], ['test/bleu'])
  with pytest.raises(InputError, match=r"^train.monitor='test/bleu': these data have no bleu"):
    monitor.add({'test': {'loss': 1.0}})


def test_the_best_is_found_although_one_figure_is_not_a_number():
  monitor = Monitor('test/loss', 'min', 2, [], ['test/loss'])
  found = [monitor.add({'test': {'loss': value}}) for value in (np.nan, 3.0, 2.0, np.nan, 1.0)]
  assert found == [True, True, True, False, True]
  assert not monitor.exhausted
