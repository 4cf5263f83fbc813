"""Every config, shrunk: it trains, its loss falls, and it resumes bit for bit, twice in a row."""

import csv
from pathlib import Path

import numpy as np
import pytest

from experiments.launch import ROOT, load_config, plain
from nn_zoo.build import build
from nn_zoo.data.stream import InOrder, Shuffled
from nn_zoo.train.checkpoint import Checkpoints, digests
from nn_zoo.train.loop import Stopped, fit
from nn_zoo.train.record import Record
from tests.train.loop_test import Countdown

CONFIGS = sorted(
  path.stem for path in (ROOT / 'configs').glob('*.py') if path.stem not in ('__init__', 'base')
)
STEPS = 24


def own_images(folder: Path) -> str:
  from PIL import Image

  for index in range(60):
    pixels = np.full((20, 24, 3), 40 + 150 * (index % 2), np.uint8)
    path = folder / ('dark', 'light')[index % 2] / f'{index}.png'
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(path)
  return str(folder)


def own_table(folder: Path) -> str:
  rows = np.random.default_rng(0).normal(size=(80, 3))
  with (folder / 'table.csv').open('w', newline='') as file:
    writer = csv.writer(file)
    writer.writerow(['a', 'b', 'c', 'target'])
    writer.writerows([*row, 'yes' if row[0] > 0 else 'no'] for row in rows)
  return str(folder / 'table.csv')


def own_arrays(folder: Path) -> str:
  inputs = np.random.default_rng(0).normal(size=(80, 5)).astype(np.float32)
  np.savez(folder / 'arrays.npz', inputs=inputs, targets=(inputs[:, 0] > 0).astype(np.int32))
  return str(folder / 'arrays.npz')


OWN = {'own_images': own_images, 'own_table': own_table, 'own_arrays': own_arrays}


@pytest.fixture(params=CONFIGS)
def experiment(request, tmp_path):
  """The experiment of a config with its data cut to some 200 examples."""
  config = load_config(f'configs/{request.param}.py')
  if request.param in OWN:
    (tmp_path / 'own').mkdir()
    config.data.path = OWN[request.param](tmp_path / 'own')
  config.train.start = ''  # it would name a run; tests/experiments/transfer_test.py has one
  if 'mnist' in config.data.name:
    request.getfixturevalue('data_folder')
  built = build(plain(config))
  train = Shuffled({k: v[:200] for k, v in built.data.train.items()}, 16)
  evals = {'test': InOrder({k: v[:40] for k, v in built.data.test.items()}, 32)}
  return built._replace(train=train, evals=evals)


def run(experiment, folder, stop=lambda: False):
  """A short training in a folder; the digests of the state and the rows."""
  record, checkpoints = Record(folder, show=False), Checkpoints(folder / 'checkpoints')
  try:
    state = fit(
      experiment.task,
      experiment.train,
      experiment.evals,
      steps=STEPS,
      log_every=8,
      eval_every=10,
      steps_per_call=3,
      checkpoint=checkpoints,
      record=record,
      stop=stop,
    )
  finally:
    record.close()
    checkpoints.close()
  return digests(state), record.rows, (folder / 'metrics.jsonl').read_text()


def test_a_config_learns_and_resumes_twice_bit_for_bit(experiment, tmp_path):
  straight, stopped = tmp_path / 'straight', tmp_path / 'stopped'
  straight.mkdir()
  stopped.mkdir()
  expected = run(experiment, straight)
  losses = [row['loss'] for row in expected[1] if row['split'] == 'train']
  assert losses[-1] < losses[0]
  for count in (2, 4):
    with pytest.raises(Stopped):
      run(experiment, stopped, Countdown(count))
  assert run(experiment, stopped) == expected


@pytest.mark.parametrize('name', CONFIGS)
def test_a_config_says_what_it_is_and_where_it_comes_from(name):
  text = (ROOT / 'configs' / f'{name}.py').read_text()
  assert text.startswith('"""')
  assert '://' in text or name == 'own_table'


@pytest.mark.parametrize('name', CONFIGS)
def test_a_config_has_every_section_with_all_its_keys(name):
  base = plain(load_config('configs/lenet_digits.py'))
  config = plain(load_config(f'configs/{name}.py'))
  assert config.keys() == base.keys()
  for section in ('descend', 'train'):
    assert config[section].keys() == base[section].keys()
  assert base['optimizer'].keys() <= config['optimizer'].keys()
