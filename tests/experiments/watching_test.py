"""Runs that are watched, and runs that are compared."""

import json
from html import unescape

import numpy as np
import pytest

from experiments.compare import compare
from experiments.launch import load_config, plain
from experiments.train import train
from experiments.watching import watched
from nn_zoo.build import build
from nn_zoo.errors import InputError
from nn_zoo.report.adversarial import over_time
from nn_zoo.report.markup import number
from nn_zoo.train.loop import Stopped
from tests.experiments import small_config
from tests.train.loop_test import Countdown


def points(steps):
  config = plain(load_config('configs/gan_ring.py'))
  config['data'] |= {'train': 300, 'validation': 100, 'test': 50}
  config['model']['widths'] = (8,)
  config['train'] |= {'steps': steps, 'eval_every': 4, 'log_every': 4, 'batch_size': 16}
  return config


def rows(folder):
  return [json.loads(line) for line in (folder / 'metrics.jsonl').read_text().splitlines()]


def test_a_watched_run_is_measured_at_every_evaluation_and_resumes_the_same(tmp_path):
  results = train(points(8), tmp_path / 'straight')
  measured = [row for row in rows(tmp_path / 'straight') if 'modes' in row]
  assert [(row['step'], row['split']) for row in measured] == [(4, 'validation'), (8, 'validation')]
  figures = results['figures']['validation']
  assert all(measured[-1][name] == figures[name] for name in ('modes', 'coverage', 'mode_kl'))
  assert [(step, x.shape) for step, x in watched(tmp_path / 'straight')] == [
    (4, (8, 2)),
    (8, (8, 2)),
  ]
  with pytest.raises(Stopped):
    train(points(8), tmp_path / 'cut', stop=Countdown(3))
  train(points(8), tmp_path / 'cut')
  assert rows(tmp_path / 'cut') == rows(tmp_path / 'straight')


def test_the_report_of_points_shows_them_over_the_data_with_the_critic_and_the_modes(tmp_path):
  train(points(4), tmp_path)
  page = (tmp_path / 'report.html').read_text()
  for title in ('Samples over the data', 'Modes'):
    assert f'<h2>{title}</h2>' in page
  assert "the critic's logit" in unescape(page)


def test_a_critic_that_wins_is_told_in_the_log_and_on_top_of_the_report(tmp_path, caplog):
  config = points(30) | {'optimizer': points(30)['optimizer'] | {'learning_rate': 0.0}}
  config['task']['critic_optimizer'] = {'learning_rate': 0.02}
  config['task']['r1'] = 0.0
  config['data'] = {**config['data'], 'radius': 50.0}
  config['train'] |= {'steps': 300, 'log_every': 10, 'eval_every': 150}
  train(config, tmp_path)
  assert caplog.text.count('the critic has won: since step') == 1
  page = (tmp_path / 'report.html').read_text()
  assert page.index('the critic has won') < page.index('Learning curves')


def test_what_is_watched_can_choose_the_step(tmp_path):
  config = plain(load_config('configs/gru_addition.py'))
  config['data'] |= {'digits': 1, 'examples': 55, 'validation': 5, 'test': 0}
  config['model'] |= {'units': 8, 'embedding': 4}
  config['train'] |= {'steps': 6, 'batch_size': 4, 'log_every': 1, 'eval_every': 2, 'watch': True}
  config['train'] |= {'monitor': 'validation/chrf', 'mode': 'max', 'select': 'best'}
  results = train(config, tmp_path / 'run')
  found = [row['chrf'] for row in rows(tmp_path / 'run') if row['split'] == 'validation']
  assert len(found) == 3
  assert results['step'] == 2 * (1 + int(np.argmax(found)))
  with pytest.raises(InputError, match=r"train.monitor='validation/chrf': no such metric"):
    build(config | {'train': config['train'] | {'watch': False}})


def test_images_are_shown_over_time_and_points_are_not():
  x_NHWC = np.zeros((8, 4, 4, 1))
  found = over_time([(step, x_NHWC) for step in range(0, 3000, 100)])
  assert found[0].html.count('<img') == 10 * 8
  assert 'after step 0, 300,' in found[0].html
  assert over_time([(4, np.zeros((8, 2))), (8, np.zeros((8, 2)))]) == []


def test_runs_are_compared_over_the_time_they_trained(tmp_path):
  config = plain(small_config.get_config())
  for name, width in (('narrow', 4), ('wide', 16)):
    config['model']['widths'] = (width,)
    config['train'] |= {'steps': 40, 'eval_every': 10}
    train(config, tmp_path / name)
  html = compare([tmp_path / 'narrow', tmp_path / 'wide'])
  assert 'accuracy over minutes of training' in html
  assert 'run (narrow)' in html
  assert 'run (wide)' in html
  assert 'examples per second' in html
  with pytest.raises(InputError, match=r'^expected two runs or more'):
    compare([tmp_path / 'narrow'])
  with pytest.raises(InputError, match=r'there is no finished run; expected results.json'):
    compare([tmp_path / 'narrow', tmp_path])


def dates(model):
  """A translation of dates, watched, by a model of a few units."""
  config = plain(load_config('configs/transformer_dates.py'))
  config['data'] |= {'examples': 300, 'validation': 8, 'test': 0}
  config['model'] = {**model, 'vocabulary': 0}
  config['optimizer'] |= {'learning_rate': 1e-2, 'schedule': {'name': 'constant'}}
  config['train'] |= {
    'steps': 40,
    'eval_every': 10,
    'log_every': 10,
    'batch_size': 16,
    'watch': True,
  }
  return config


def test_a_recurrent_net_and_a_transformer_are_compared_by_bleu_over_time_and_tokens_a_second(
  tmp_path,
):
  recurrent = plain(load_config('configs/gru_addition.py'))['model']
  pair = plain(load_config('configs/transformer_dates.py'))['model']
  models = {
    'gru': recurrent | {'units': 16, 'embedding': 16, 'attention': 'general'},
    'transformer': pair
    | {'width': 16, 'hidden': 16, 'heads': 2, 'encoder_layers': 1, 'decoder_layers': 1},
  }
  results = {name: train(dates(model), tmp_path / name) for name, model in models.items()}
  html = compare([tmp_path / name for name in models])
  outcome, curves = html.split('<h2>Over time</h2>')
  (bleu,) = (chart for chart in curves.split('<figure>') if '<h3>bleu</h3>' in chart)
  assert 'bleu over minutes of training' in bleu
  assert '>tokens per second</th>' in outcome
  for name, of in results.items():
    assert f'run ({name})' in bleu
    measured = [row['bleu'] for row in rows(tmp_path / name) if 'bleu' in row]
    assert len(measured) == 4
    assert measured[-1] == of['figures']['validation']['bleu']
    timing = of['timing']
    rate = timing['tokens_per_second']
    assert rate == pytest.approx(11 * 16 * timing['steps_per_second'])  # ten characters and </s>
    assert f'>{number(float(f"{rate:.3g}"))}</td>' in outcome
