"""What is said of a generator that has collapsed and of a critic that has won, and what is advised."""

import inspect
import re

import numpy as np
import pytest

from experiments.launch import load_config, plain
from nn_zoo.tasks import TASKS
from nn_zoo.tasks.generated import measures
from nn_zoo.tasks.verdicts import ADVICE, collapsed, won

CONFIGS = {
  'adversarial': 'dcgan_digits',
  'f_anogan': 'f_anogan_mnist',
  'unpaired': 'own_domains',
  'vae': 'vae_mnist',
}


@pytest.mark.parametrize(
  ('values', 'expected'),
  [
    ({'coverage': 0.5, 'modes': 5, 'mode_kl': 0.6, 'mode_shares': [0.2] * 8}, ''),
    ({'coverage': 0.5, 'modes': 3, 'mode_kl': 0.1, 'mode_shares': [0.2] * 8}, '3 of 8 modes'),
    ({'coverage': 0.5, 'modes': 8, 'mode_kl': 0.7, 'mode_shares': [0.2] * 8}, '8 of 8 modes'),
    ({'coverage': 0.2, 'recall': 0.0}, 'none of the data lies among its examples'),
    ({'coverage': 0.2, 'recall': 0.01}, ''),
    ({'coverage': 0.05}, 'cover 5.0 % of the data'),
    ({}, ''),
  ],
)
def test_a_collapse_is_told_by_coverage_or_by_modes(values, expected):
  found = collapsed('adversarial', values)
  assert expected in found
  assert bool(expected) == found.startswith('the generator has collapsed: ')


def rows(rates):
  """A row of training for each accuracy on real examples."""
  return [
    {'step': 10 * n, 'split': 'train', 'real_accuracy': rate, 'generated_accuracy': 1.0}
    for n, rate in enumerate(rates, 1)
  ]


def test_a_critic_that_wins_for_long_is_told():
  found = won('adversarial', rows([0.5] + [1.0] * 5))
  assert found.startswith('the critic has won: since step 20 or before')
  assert not won('adversarial', rows([1.0] * 4))
  assert not won('adversarial', rows([1.0] * 5 + [0.9]))
  assert not won('adversarial', [row | {'split': 'validation'} for row in rows([1.0] * 5)])
  assert not won('adversarial', [{'step': 1, 'split': 'train', 'critic_loss': 1.0}] * 5)


@pytest.mark.parametrize('task', ADVICE)
def test_advice_names_keys_that_the_task_has(task):
  config = plain(load_config(f'configs/{CONFIGS[task]}.py'))
  said = collapsed(task, {'coverage': 0.0}) + ' ' + won(task, rows([1.0] * 5))
  keys = set(re.findall(r'\b(?:task|optimizer|train)\.[a-z_0-9.]*[a-z_0-9]', said))
  assert keys
  for key in keys:
    section, name, *_ = key.split('.')
    assert name in config[section], key
  known = inspect.signature(TASKS[task]).parameters
  assert {key.split('.')[1] for key in keys if key.startswith('task.')} <= {
    *known,
    'critic_optimizer',
  }


def test_modes_are_counted_of_points_of_the_plane_alone():
  rng = np.random.default_rng(0)
  label_N = np.arange(60) % 2
  for width, expected in ((2, True), (30, False)):
    centre_KD = 8 * rng.normal(size=(2, width))
    x_ND, y_ND = centre_KD[label_N] + rng.normal(size=(2, 60, width))
    found = measures(x_ND, label_N, 2, judge=None)['generated'](y_ND, x_ND)
    assert ('modes' in found) == expected
    assert collapsed('vae', found) == ''
