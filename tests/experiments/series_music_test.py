"""Music and forecasting end to end, on files of one's own: trained, reported, evaluated again."""

import numpy as np
import pytest
from scipy.io import savemat

from experiments.evaluate import evaluate
from experiments.launch import load_config, plain
from experiments.pictures import Asked
from experiments.sample import sample
from experiments.train import train
from nn_zoo.build import build
from nn_zoo.errors import InputError

SMALL = {'steps': 4, 'log_every': 2, 'eval_every': 2, 'batch_size': 4, 'eval_batch_size': 3}


@pytest.fixture
def music(tmp_path):
  """The config of a small network on chords of a file of one's own."""
  random, arrays = np.random.default_rng(0), {}
  for name, count in (('traindata', 6), ('validdata', 2), ('testdata', 4)):
    arrays[name] = np.empty((1, count), object)
    for index in range(count):
      arrays[name][0, index] = random.integers(0, 2, (9 + index, 88)).astype(np.uint8)
  savemat(tmp_path / 'own.mat', arrays)
  config = plain(load_config('configs/rnn_jsb.py'))
  config['data'] = {'name': 'piano_rolls', 'path': str(tmp_path / 'own.mat'), 'segment': 0}
  config['model']['units'] = 4
  config['train'] |= SMALL
  return config


@pytest.fixture
def series(tmp_path):
  """The config of a small network on a series of one's own."""
  (tmp_path / 'own.csv').write_text('\n'.join(['y', *map(str, np.sin(np.arange(99.0)))]))
  config = plain(load_config('configs/own_series.py'))
  config['data'] |= {'path': str(tmp_path / 'own.csv'), 'window': 6, 'horizon': 4}
  config['model'] |= {'units': 4, 'classes': 12}
  config['task']['season'] = 6
  config['train'] |= SMALL
  return config


def test_the_report_of_music_has_pieces_to_see_and_to_hear(music, tmp_path):
  results = train(music, tmp_path / 'run')
  html = (tmp_path / 'run' / 'report.html').read_text()
  assert html.count('data:audio/midi;base64,') == 3
  assert '56 frames after 8 of a real piece' in html
  assert evaluate(tmp_path / 'run') == (results['figures'], results['figures'])
  written = sample(tmp_path / 'run', Asked(2), seed=5, length=7)
  assert list(written) == ['samples-5-0.mid', 'samples-5-1.mid']
  assert all(content.startswith(b'MThd') for content in written.values())
  assert written == sample(tmp_path / 'run', Asked(2), seed=5, length=7)
  with pytest.raises(InputError, match=r'^--temperature: music has no such setting'):
    sample(tmp_path / 'run', temperature=0.5)
  with pytest.raises(InputError, match=r'^--label=1: the generator is not conditional'):
    sample(tmp_path / 'run', Asked(2, label=1))


def test_the_report_of_a_forecaster_has_its_figures_beside_naive_ones(series, tmp_path):
  results = train(series, tmp_path / 'run')
  html = (tmp_path / 'run' / 'report.html').read_text()
  assert 'among the worst: window' in html
  assert 'test seasonal pinball' in html
  # A sine is repeated after 6.28 steps, so that the last season is a better forecast than the last value.
  figures = results['figures']['test']
  assert figures['seasonal_mase'] < figures['naive_mase']


def test_tasks_and_data_that_do_not_fit_are_one_line(music, series):
  wrong = music | {'task': {'name': 'regression', 'loss': 'mse', 'l1': 0.0, 'l2': 0.0}}
  with pytest.raises(InputError, match=r'whose targets are notes; try music'):
    build(wrong)
  with pytest.raises(
    InputError, match=r"task\.name='music' does not fit .* are reals; try .*forec"
  ):
    build(series | {'task': music['task']})
  series['model']['classes'] = 4
  with pytest.raises(InputError, match=r'set --config\.model\.classes=12'):
    build(series)
  music['model']['classes'] = 10
  with pytest.raises(InputError, match=r'set --config\.model\.classes=88'):
    build(music)


def test_a_table_of_examples_is_not_forecast(series):
  table = {'name': 'diabetes', 'validation': 0.1, 'test': 0.1, 'split_seed': 0}
  with pytest.raises(InputError, match=r"task\.name='forecasting' takes windows"):
    build(series | {'data': table})
