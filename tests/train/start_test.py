"""Transfer: what is taken over from another run, what is new, and what is refused."""

import json
import logging
import shutil

import jax
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.task import averaged
from nn_zoo.tasks import TASKS
from nn_zoo.train.checkpoint import Checkpoints, digests, kept
from nn_zoo.train.optimizer import optimizer
from nn_zoo.train.start import started
from tests.examples import as_float

BATCH = {
  'inputs': np.random.default_rng(0).integers(0, 256, (8, 4, 4, 1)).astype(np.uint8),
  'targets': np.arange(8, dtype=np.int32) % 2,
  'weight': np.ones(8, np.float32),
}


def made(classes=2, widths=(3,), **fields):
  """The task of a small convolutional net with BatchNorm, and its optimizer."""
  model = create_model('convnet', classes=classes, widths=widths, hidden=0)
  tx = optimizer('adam', 0.1, **fields)
  return TASKS['classification'](model, tx, prepare=as_float), tx


def save(folder, steps=3, select='last', **fields):
  """The workdir of a run of some steps; returns its last state."""
  folder.mkdir(exist_ok=True)
  (folder / 'config.json').write_text(json.dumps({'train': {'select': select}}))
  task, _ = made(**fields)
  state, step = jax.jit(task.init)(jax.random.key(7), BATCH), jax.jit(task.step)
  checkpoints = Checkpoints(folder / 'checkpoints')
  for number in range(1, steps + 1):
    state, _ = step(state, BATCH, jax.random.key(number))
    checkpoints.save(number, state, {})
    if number == 1:
      checkpoints.keep_best(number, state, {})
  checkpoints.close()
  return state


@pytest.fixture(scope='module')
def run(tmp_path_factory):
  """The workdir of a run of three steps, which no test may change, and its last state."""
  folder = tmp_path_factory.mktemp('source') / 'run'
  return folder, save(folder)


def begin(workdir, keep=('*',), classes=2, **fields):
  """The state that a run which starts from another one begins with, and the one it would have had."""
  task, tx = made(classes=classes, **fields)
  learner = jax.eval_shape(task.init, jax.random.key(0), BATCH)
  task_started = started(task, tx, learner, str(workdir), keep)
  key = jax.random.key(0)
  return jax.jit(task_started.init)(key, BATCH), jax.jit(task.init)(key, BATCH)


def test_parameters_and_statistics_are_taken_and_the_optimizer_is_new(run):
  folder, source = run
  found, fresh = begin(folder)
  assert digests(found.params) == digests(source.params)
  assert digests(found.stats) == digests(source.stats)
  assert digests(found.stats) != digests(fresh.stats)
  assert digests(found.opt_state) == digests(fresh.opt_state)


def test_a_head_of_another_shape_is_new_and_one_line_says_so(run, caplog):
  folder, source = run
  with caplog.at_level(logging.INFO, 'nn_zoo'):
    found, fresh = begin(folder, classes=5)
  assert digests(found.params['Conv_0']) == digests(source.params['Conv_0'])
  assert digests(found.params['Dense_0']) == digests(fresh.params['Dense_0'])
  (record,) = (record for record in caplog.records if record.name.startswith('nn_zoo'))
  said = record.getMessage()
  assert f'from {folder}: Conv_0/kernel, Normalization_0' in said
  assert said.endswith('; new: Dense_0/bias, Dense_0/kernel')
  assert '\n' not in said


def test_only_what_fits_a_pattern_is_taken(run):
  folder, source = run
  found, fresh = begin(folder, keep=('Conv_*', '*/bias'))
  assert digests(found.params['Conv_0']) == digests(source.params['Conv_0'])
  for part, expected in (('bias', source), ('kernel', fresh)):
    np.testing.assert_array_equal(found.params['Dense_0'][part], expected.params['Dense_0'][part])
  assert digests(found.stats) == digests(
    fresh.stats
  )  # 'Normalization_0/BatchNorm_0/mean' fits none
  found, _ = begin(folder, keep=('Normalization_*',))
  assert digests(found.stats) == digests(source.stats)


def test_averaged_parameters_are_taken_and_an_average_begins_with_them(tmp_path):
  source = save(tmp_path / 'run', average=0.9, freeze=('Conv_*',))
  assert digests(averaged(source)) != digests(source.params)
  found, _ = begin(tmp_path / 'run', average=0.5)
  assert digests(found.params) == digests(averaged(source))
  assert digests(averaged(found)) == digests(found.params)


def test_the_checkpoint_by_which_a_run_is_judged_is_taken(tmp_path):
  last = save(tmp_path / 'run', select='best')
  found, _ = begin(tmp_path / 'run')
  assert digests(found.params) != digests(last.params)
  assert digests(found.params) == digests(save(tmp_path / 'other', steps=1).params)


def test_the_other_run_is_only_read(run):
  folder, _ = run
  before = {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}
  begin(folder, classes=5)
  assert {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()} == before


def test_a_damaged_checkpoint_is_noticed_and_the_one_before_is_taken(run, tmp_path, caplog):
  shutil.copytree(run[0], tmp_path / 'run')
  expected = save(tmp_path / 'shorter', steps=2)
  extra = tmp_path / 'run' / 'checkpoints' / 'last' / '3' / 'extra' / 'metadata'
  saved = json.loads(extra.read_text())
  saved['digests'][".params['Conv_0']['kernel']"] = '0' * 64
  extra.write_text(json.dumps(saved))
  found, _ = begin(tmp_path / 'run')
  assert (
    'step 3 cannot be used, it is damaged: params/Conv_0/kernel does not match its SHA-256'
    in caplog.text
  )
  assert digests(found.params) == digests(expected.params)


def test_a_workdir_without_a_run_or_checkpoint_is_one_line(run, tmp_path):
  with pytest.raises(InputError, match=r'train\.start: workdir .*none: no run in it'):
    begin(tmp_path / 'none')
  shutil.copytree(run[0], tmp_path / 'run')
  shutil.rmtree(tmp_path / 'run' / 'checkpoints')
  with pytest.raises(InputError, match=r'train\.start=.*that run has no last checkpoint'):
    begin(tmp_path / 'run')


def test_nothing_that_fits_is_one_line(run):
  folder, _ = run
  with pytest.raises(InputError, match=r"train\.start_keep='Conv_9/\*' fits no parameter"):
    begin(folder, keep=('Conv_*', 'Conv_9/*'))
  with pytest.raises(InputError, match=r'no parameter has the same path and shape'):
    begin(folder, widths=(4,), classes=3)
  with pytest.raises(InputError, match=r"same path and shape .* train\.start_keep='Dense_0/\*'"):
    begin(folder, keep=('Conv_*', 'Dense_0/*'), classes=3)
  with pytest.raises(InputError, match=r'train\.start_keep=\(\): expected patterns'):
    begin(folder, keep=())


def test_a_state_that_is_no_learner_is_refused(tmp_path):
  task, tx = made()
  with pytest.raises(InputError, match='no single learner'):
    started(task, tx, (1, 2), str(tmp_path), ('*',))


def test_a_folder_says_whether_it_holds_a_checkpoint(run, tmp_path):
  assert kept(run[0] / 'checkpoints')
  assert not kept(tmp_path / 'checkpoints')
  (tmp_path / 'checkpoints' / 'last' / '3.orbax-checkpoint-tmp').mkdir(parents=True)
  assert not kept(tmp_path / 'checkpoints')
