"""Transfer end to end: a source run, a target that begins with it, which is also stopped and gone on with."""

import json
import logging
import shutil

import jax
import numpy as np
import pytest

from experiments.evaluate import evaluate
from experiments.launch import load_config, plain
from experiments.train import train
from nn_zoo.build import build
from nn_zoo.errors import InputError
from nn_zoo.train.checkpoint import Checkpoints
from nn_zoo.train.loop import Stopped
from tests.train.loop_test import Countdown

DATA = {'name': 'digits', 'scale': 1, 'validation': 0.1, 'test': 0.2, 'split_seed': 0}
SMALL = {'steps': 12, 'log_every': 4, 'eval_every': 6, 'steps_per_call': 2, 'batch_size': 16}


def small(name, start='', **data):
  """A shipped transfer config on the embedded digits with a small net that has BatchNorm."""
  config = plain(load_config(f'configs/{name}.py'))
  kept = {key: config['data'][key] for key in ('keep', 'limit')}
  config['data'] = DATA | kept | data
  config['model'] = {'name': 'convnet', 'classes': 5, 'widths': (4, 4), 'hidden': 8}
  config['augment'] = {}
  config['train'] |= SMALL | {'start': start}
  if start:
    config['train']['start_keep'] = ('Conv_*', 'Normalization_*', 'Dense_0/*')
  return config


@pytest.fixture(scope='module')
def source(tmp_path_factory):
  folder = tmp_path_factory.mktemp('source') / 'run'
  train(small('transfer_source'), folder)
  return folder


def last(folder, config):
  """The state of a run's last checkpoint."""
  experiment = build(config, fresh=False)
  like = jax.eval_shape(experiment.task.init, jax.random.key(0), experiment.train[0])
  checkpoints = Checkpoints(folder / 'checkpoints', read_only=True)
  state = checkpoints.latest(like).state
  checkpoints.close()
  return state


@pytest.fixture(scope='module')
def target(source, tmp_path_factory):
  """A target run that begins with the source: its config, folder and results."""
  config, folder = small('transfer_target', str(source)), tmp_path_factory.mktemp('target') / 'run'
  return config, folder, train(config, folder)


def test_a_target_keeps_the_frozen_convolutions_and_trains_the_rest(target):
  config, folder, _ = target
  experiment = build(config)
  begun = experiment.task.init(jax.random.key(0), experiment.train[0]).params
  found = last(folder, config).params
  for name in ('Conv_0', 'Conv_1'):
    np.testing.assert_array_equal(found[name]['kernel'], begun[name]['kernel'])
  assert np.any(np.asarray(found['Dense_0']['kernel']) != np.asarray(begun['Dense_0']['kernel']))


def test_frozen_normalization_keeps_its_statistics(source):
  config = small('transfer_target', str(source))
  config['optimizer']['freeze'] = ('Conv_*', 'Normalization_*')
  experiment = build(config)
  begun = jax.jit(experiment.task.init)(jax.random.key(0), experiment.train[0])
  after, _ = jax.jit(experiment.task.step)(begun, experiment.train[0], jax.random.key(1))
  jax.tree.map(np.testing.assert_array_equal, after.stats, begun.stats)
  assert jax.tree.leaves(begun.stats)
  assert np.any(after.params['Dense_0']['kernel'] != begun.params['Dense_0']['kernel'])


def test_a_target_that_was_stopped_goes_on_bit_for_bit_without_its_source(source, target, tmp_path):
  config, folder, results = target
  with pytest.raises(Stopped):
    train(config, tmp_path / 'cut', stop=Countdown(3))
  moved = source.rename(source.with_name('moved'))
  try:
    again = train(config, tmp_path / 'cut')
    assert evaluate(tmp_path / 'cut') == (results['figures'], again['figures'])
  finally:
    moved.rename(source)
  assert (tmp_path / 'cut' / 'metrics.jsonl').read_text() == (folder / 'metrics.jsonl').read_text()
  assert again['figures'] == json.loads(json.dumps(results['figures']))


def test_without_a_checkpoint_of_its_own_it_begins_with_the_source_again(target, tmp_path, caplog):
  config, folder, _ = target
  shutil.copytree(folder, tmp_path / 'again')
  for kind in ('last', 'best'):
    shutil.rmtree(tmp_path / 'again' / 'checkpoints' / kind)
  with caplog.at_level(logging.INFO, 'nn_zoo'):
    train(config, tmp_path / 'again')
  assert 'new: Dense_1/bias, Dense_1/kernel' in caplog.text
  rows = [path / 'metrics.jsonl' for path in (folder, tmp_path / 'again')]
  assert rows[0].read_text() == rows[1].read_text()


def test_the_target_sees_other_classes_few_examples_and_each_class_alike(source):
  experiment = build(small('transfer_target', str(source)))
  assert experiment.data.classes == ('5', '6', '7', '8', '9')
  assert len(experiment.data.train['targets']) == 100
  counts = np.bincount(experiment.train[0]['targets'], minlength=5)
  assert counts.max() - counts.min() <= 1


def test_a_start_that_is_no_run_is_one_line_and_leaves_no_run(tmp_path):
  with pytest.raises(InputError, match=r'train\.start: workdir .*none: no run in it') as caught:
    train(small('transfer_target', str(tmp_path / 'none')), tmp_path / 'run')
  assert '\n' not in str(caught.value)
  assert not (tmp_path / 'run').exists()
