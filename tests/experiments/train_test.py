"""The launcher as a user meets it: a run, a run that is stopped or killed, an evaluation, and bad input."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from experiments.evaluate import evaluate
from experiments.launch import ROOT, load_config, plain
from experiments.train import default_workdir, train
from nn_zoo.errors import InputError
from nn_zoo.named import nearest
from nn_zoo.train.workdir import only_process, open_workdir

SMALL = {'steps': 30, 'log_every': 10, 'eval_every': 15, 'batch_size': 16}


def small(**sections):
  """The default config with an mlp on the raw digits and few steps; sections are updated."""
  config = plain(load_config('configs/lenet_digits.py'))
  config['data']['scale'] = 1
  config['model'] = {'name': 'mlp', 'classes': 10, 'widths': (16,)}
  config['augment'] = {}
  config['train'] |= SMALL
  for name, fields in sections.items():
    config[name] = config[name] | fields if isinstance(fields, dict) else fields
  return config


def command(workdir, *flags):
  """The launcher in a process of its own, on a small net that takes a while."""
  values = {
    'data.scale': 1,
    'train.steps': 4000,
    'train.eval_every': 500,
    'train.steps_per_call': 50,
  }
  overrides = [f'--config.{name}={value}' for name, value in values.items()]
  config = '--config=tests/experiments/small_config.py'
  return [
    sys.executable,
    '-m',
    'experiments.train',
    config,
    f'--workdir={workdir}',
    *overrides,
    *flags,
  ]


def launched(*arguments, module='train', **kwargs):
  process = [sys.executable, '-m', f'experiments.{module}', *arguments]
  return subprocess.run(process, cwd=ROOT, capture_output=True, text=True, timeout=300, **kwargs)


def test_a_run_leaves_all_that_is_promised_and_evaluates_to_the_same_figures(tmp_path):
  results = train(small(), tmp_path / 'run')
  left = {path.name for path in (tmp_path / 'run').iterdir()}
  assert left == {
    'config.json',
    'environment.json',
    'metrics.jsonl',
    'events',
    'checkpoints',
    'results.json',
    'report.html',
  }
  found, recorded = evaluate(tmp_path / 'run')
  assert found == recorded == json.loads(json.dumps(results['figures']))
  assert {'loss', 'accuracy', 'recall', 'precision', 'confusion'} <= found['test'].keys()
  assert np.isclose(np.trace(np.array(found['test']['confusion'])), found['test']['accuracy'])
  environment = json.loads((tmp_path / 'run' / 'environment.json').read_text())[-1]
  assert {'python', 'jax', 'flax', 'optax', 'commit', 'device'} <= environment.keys()
  assert next((tmp_path / 'run' / 'events').iterdir()).stat().st_size > 0


def test_a_run_that_diverges_leaves_a_report_that_says_so(tmp_path):
  config = small(optimizer={'name': 'sgd', 'learning_rate': 1e30}, model={'widths': (4,)})
  with pytest.raises(InputError, match=r'training diverged: .* is no longer finite at step'):
    train(config, tmp_path / 'run', command='python -m experiments.train')
  rows = [
    json.loads(line) for line in (tmp_path / 'run' / 'metrics.jsonl').read_text().splitlines()
  ]
  assert rows[-1]['split'] == 'train'
  assert None in rows[-1].values()
  html = (tmp_path / 'run' / 'report.html').read_text()
  assert '<h2>Training diverged</h2>' in html
  assert 'lower optimizer.learning_rate or set optimizer.clip_norm' in html
  assert not (tmp_path / 'run' / 'results.json').exists()


def test_the_best_checkpoint_can_be_what_counts(tmp_path):
  config = small(train={'select': 'best', 'monitor': 'validation/accuracy', 'mode': 'max'})
  train(config, tmp_path / 'run')
  found, recorded = evaluate(tmp_path / 'run')
  assert found == recorded
  rows = [
    json.loads(line) for line in (tmp_path / 'run' / 'metrics.jsonl').read_text().splitlines()
  ]
  best = max(row['accuracy'] for row in rows if row['split'] == 'validation')
  np.testing.assert_allclose(found['validation']['accuracy'], best)


def test_a_section_without_a_key_that_must_be_there_is_named(tmp_path):
  config = small()
  del config['optimizer']['learning_rate']
  with pytest.raises(InputError, match='optimizer needs learning_rate'):
    train(config, tmp_path / 'run')


def test_a_run_of_another_config_is_not_touched_and_new_starts_beside_it(tmp_path):
  folder = tmp_path / 'run'
  train(small(), folder)
  before = {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}
  with pytest.raises(InputError, match=r'seed was 0, is 1.*--resume=new'):
    train(small(seed=1), folder)
  assert {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()} == before
  results = train(small(seed=1), folder, resume='new')
  assert results['workdir'] == str(tmp_path / 'run-2')


def test_two_processes_cannot_train_in_one_workdir(tmp_path):
  with (
    only_process(tmp_path),
    pytest.raises(InputError, match=r'another process is training in it.*--resume=new'),
    only_process(tmp_path),
  ):
    pass
  with only_process(tmp_path):  # it is free again
    pass


def test_a_run_holds_its_workdir_alone(tmp_path):
  held = []

  def stop():
    if not held:
      held.append(True)
      with pytest.raises(InputError, match='another process is training in it'):
        train(small(), tmp_path / 'run')
    return False

  train(small(), tmp_path / 'run', stop=stop)
  assert held


def interrupted(folder, step, number):
  """The return code and the words of a run that is sent a signal once it has recorded a step."""
  process = subprocess.Popen(command(folder), cwd=ROOT, stderr=subprocess.PIPE, text=True)
  metrics, deadline = folder / 'metrics.jsonl', time.monotonic() + 120
  while not (metrics.exists() and f'"step": {step},' in metrics.read_text()):
    assert time.monotonic() < deadline
    assert process.poll() is None
    time.sleep(0.02)
  process.send_signal(number)
  _, errors = process.communicate(timeout=120)
  return process.returncode, errors


def test_a_run_that_is_stopped_and_killed_goes_on_bit_for_bit(tmp_path):
  folder = tmp_path / 'cut'
  for step, number, code in (
    (1000, signal.SIGTERM, 143),
    (2000, signal.SIGINT, 130),
    (3000, signal.SIGKILL, -9),
  ):
    found, errors = interrupted(folder, step, number)
    assert found == code
    assert (number == signal.SIGKILL) or 'saved; go on with:' in errors
  for name in ('cut', 'straight'):
    done = subprocess.run(command(tmp_path / name), cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
  metrics, figures = (
    [read(tmp_path / name) for name in ('cut', 'straight')]
    for read in (
      lambda folder: (folder / 'metrics.jsonl').read_text(),
      lambda folder: json.loads((folder / 'results.json').read_text())['figures'],
    )
  )
  assert metrics[0] == metrics[1]
  assert figures[0] == figures[1]


BAD_CONFIGS = {
  'model name': (
    {'model': {'name': 'lenett'}},
    "model.name='lenett' is unknown. Did you mean 'lenet'",
  ),
  'model key': (
    {'model': {'width': (3,)}},
    "model.width: mlp has no such key. Did you mean 'widths'",
  ),
  'model type': ({'model': {'dropout': 'much'}}, "model.dropout='much': expected a number"),
  'classes': ({'model': {'classes': 7}}, 'model.classes=7, but the data has 10 classes'),
  'activation': ({'model': {'activation': 'rellu'}}, "'rellu' is unknown. Did you mean 'relu"),
  'data name': ({'data': {'name': 'digit'}}, "data.name='digit' is unknown. Did you mean 'digits'"),
  'data key': ({'data': {'scael': 1}}, 'data.scael'),
  'optimizer': ({'optimizer': {'name': 'adan_w'}}, "optimizer.name='adan_w' is unknown"),
  'optimizer key': ({'optimizer': {'beta1': 0.9}}, 'optimizer.beta1'),
  'schedule': (
    {'optimizer': {'schedule': {'name': 'cosin', 'warmup': 0}}},
    'optimizer.schedule.name',
  ),
  'freeze': (
    {'optimizer': {'freeze': ('Conv_9/*',)}},
    "optimizer.freeze='Conv_9/*' fits no parameter",
  ),
  'task': (
    {'task': {'name': 'regression'}},
    "task.name='regression' does not fit the data, whose targets are classes",
  ),
  'task name': ({'task': {'name': 'clasification'}}, "Did you mean 'classification'"),
  'steps': ({'train': {'steps': 0}}, 'train.steps=0: expected 1 or more'),
  'dropout': ({'model': {'dropout': 1.5}}, 'model.dropout=1.5: expected less than 1'),
  'seed': ({'seed': -1}, 'seed=-1: expected an integer of 0 or more'),
  'no name': ({'model': {'name': None}}, 'model.name: expected a string'),
  'top k': ({'task': {'top_k': 20}}, 'mlp does not run on inputs of shape (8, 8, 1)'),
  'monitor of best': ({'train': {'select': 'best', 'monitor': ''}}, 'needs train.monitor'),
  'loss': ({'task': {'loss': 'cross_entropi'}}, 'cross_entropi'),
  'augment': ({'augment': {'flipp': {'probability': 0.5}}}, "augment='flipp' is unknown"),
  'accumulate': ({'descend': {'accumulate': 3}}, 'descend.accumulate=3 does not divide'),
  'batch': ({'train': {'batch_size': 5000}}, 'train.batch_size=5000: expected 1 to'),
  'select': ({'train': {'select': 'first'}}, "train.select='first'"),
  'monitor': ({'train': {'monitor': 'validation/los'}}, "train.monitor='validation/los'"),
  'sampling': ({'train': {'sampling': 'even'}}, "train.sampling='even': expected 'shuffled' or"),
  'start': ({'train': {'start': 'nowhere'}}, 'train.start: workdir nowhere: no run in it'),
  'start type': (
    {'train': {'start_keep': 'Conv_*'}},
    "train.start_keep='Conv_*': expected a tuple",
  ),
  'views': ({'task': {'views': ('flop',)}}, "task.views='flop' is unknown. Did you mean 'flip'"),
  'keep': ({'data': {'keep': (1, 10)}}, 'data.keep=(1, 10): expected at least two different'),
  'limit': ({'data': {'limit': 9999}}, 'data.limit=9999: expected 1 to 1258'),
  'section': ({'optimiser': {}}, 'optimiser: no such section'),
  'arrays': ({'data': {'name': 'arrays', 'path': 'none.npz'}}, 'none.npz'),
}


@pytest.mark.parametrize('name', BAD_CONFIGS)
def test_a_bad_config_is_one_line_that_names_the_key_and_leaves_no_run(tmp_path, name):
  sections, expected = BAD_CONFIGS[name]
  config = small()
  for section, fields in sections.items():
    config[section] = config.get(section, {}) | fields if isinstance(fields, dict) else fields
  if config['data']['name'] == 'arrays':
    config['data'] = {**sections['data'], 'validation': 0.1, 'test': 0.1, 'split_seed': 0}
  with pytest.raises(InputError) as caught:
    train(config, tmp_path / 'run')
  assert expected in str(caught.value)
  assert not (tmp_path / 'run').exists()


BAD_FLAGS = {
  '--config.optimizer.learning_rat=1': "Did you mean 'learning_rate'",
  '--config.train.steps=1e3': '--config.train.steps=1e3: expected an integer such as 1000',
  '--config=configs/lenet_digit.py': "Did you mean 'lenet_digits.py'",
  '--workdirr=x': 'workdir',
}


@pytest.mark.parametrize('flag', BAD_FLAGS)
def test_a_bad_flag_is_one_line_with_exit_code_2(flag):
  done = launched(flag)
  assert done.returncode == 2
  assert done.stderr.count('\n') == 1
  assert BAD_FLAGS[flag] in done.stderr
  assert done.stdout == ''


def test_a_config_that_cannot_run_here_is_one_line_with_exit_code_2(tmp_path):
  done = launched('--config=configs/mlp_mnist.py', env={**os.environ, 'NN_ZOO_DATA': str(tmp_path)})
  assert done.returncode == 2
  assert done.stderr.count('\n') == 1
  assert 'python -m experiments.fetch mnist' in done.stderr


def test_a_workdir_that_cannot_be_written_is_named(tmp_path):
  (tmp_path / 'file').write_text('not a folder')
  with pytest.raises(InputError, match='cannot be written'):
    train(small(), tmp_path / 'file' / 'run')


def test_help_lists_the_configs_with_a_line_each():
  done = launched('--help')
  assert 'configs/lenet_digits.py' in done.stdout
  assert 'LeNet-5 on scikit-learn' in done.stdout


def test_the_default_workdir_is_the_configs_own():
  one, other = (
    default_workdir('configs/a.py', small()),
    default_workdir('configs/a.py', small(seed=1)),
  )
  assert one != other
  assert one == default_workdir('configs/a.py', small())


def test_a_run_goes_on_that_began_before_a_key_came(tmp_path):
  config = small()
  before = config | {'train': dict(config['train'])}
  assert before['train'].pop('matmul_precision') == ''
  other = config | {'train': config['train'] | {'matmul_precision': 'bfloat16'}}
  names = [default_workdir('configs/a.py', each) for each in (before, config, other)]
  assert names[0] == names[1] != names[2]
  (tmp_path / 'checkpoints').mkdir()
  (tmp_path / 'config.json').write_text(json.dumps(before))
  assert open_workdir(tmp_path, config) == tmp_path
  with pytest.raises(InputError, match=r"train.matmul_precision was None, is 'bfloat16'"):
    open_workdir(tmp_path, other)


def test_nearest_is_silent_when_nothing_is_near():
  assert nearest('zzz', ['lenet']) == ''
