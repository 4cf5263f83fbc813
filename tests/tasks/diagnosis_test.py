"""A diagnosis from config to figures and report."""

import json

import optax
import pytest

from experiments.evaluate import evaluate
from experiments.launch import load_config, plain
from experiments.train import train
from nn_zoo.build import build
from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.tasks.diagnosis import diagnosis


def small(**task):
  config = plain(load_config('configs/mlp_breast_cancer.py'))
  config['train'] |= {'steps': 60, 'eval_every': 30}
  config['task'] |= task
  return config


def test_a_run_has_figures_with_intervals_at_the_threshold_of_the_validation_examples(tmp_path):
  results = train(small(), tmp_path / 'run')
  validation, test = (results['figures'][split] for split in ('validation', 'test'))
  assert validation['threshold'] == test['threshold'] != 0.5
  for name in ('sensitivity', 'specificity', 'ppv', 'npv', 'auc'):
    low, high = test[f'{name}_interval']
    assert 0.5 < low <= test[name] <= high <= 1
  found, recorded = evaluate(tmp_path / 'run')
  assert found == recorded == json.loads(json.dumps(results['figures']))
  html = (tmp_path / 'run' / 'report.html').read_text()
  assert '<b>malignant</b>: 62 of 171' in html
  assert 'Grad-CAM' not in html


def test_a_fixed_threshold_needs_no_validation_examples():
  config = small(threshold=0.5)
  config['data']['validation'] = 0
  config['train']['monitor'] = ''
  assert build(config).settle(None) == {'positive': 0, 'threshold': 0.5}


def test_a_threshold_to_be_chosen_needs_validation_examples_before_the_run_begins():
  config = small()
  config['data']['validation'] = 0
  config['train']['monitor'] = ''
  with pytest.raises(InputError, match=r'make data\.validation larger'):
    build(config)


@pytest.mark.parametrize(
  ('task', 'expected'),
  [
    ({'positive': 2}, 'task.positive=2: expected 0 or 1'),
    ({'threshold': 1.0}, r'task.threshold=1.0: expected a probability'),
    ({'loss': 'hinge'}, "task.loss='hinge' gives no probabilities"),
    ({'treshold': 0.5}, "task.treshold: diagnosis has no such key. Did you mean 'threshold'"),
  ],
)
def test_a_bad_field_is_named(task, expected):
  with pytest.raises(InputError, match=expected):
    build(small(**task))


def test_two_classes_are_needed():
  with pytest.raises(InputError, match='diagnosis is for two classes'):
    diagnosis(create_model('mlp', classes=3), optax.sgd(1), positive=1, threshold=0.5)
