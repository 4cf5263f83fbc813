"""The section on gradients over time: every kind and every time of looking, and how fast a norm falls."""

import jax
import numpy as np
import pytest

from experiments.launch import load_config, plain
from nn_zoo.build import build
from nn_zoo.report.memory import factor, section

FALLING = 0.5 ** np.arange(9)[::-1]


def test_a_norm_that_halves_with_every_step_back_has_the_factor_a_half():
  assert factor(FALLING) == pytest.approx(0.5)
  assert factor(np.append(np.append([0, 0], FALLING), 0)) == pytest.approx(0.5)
  assert np.isnan(factor(np.zeros(3)))
  assert np.isnan(factor(np.ones(1)))


def test_every_cell_and_time_has_a_row_and_a_curve():
  norms = {
    'before training': {'rnn': {'h': FALLING}, 'lstm': {'h': FALLING, 'c': np.ones(9)}},
    'after training': {'lstm': {'h': np.zeros(9), 'c': np.ones(9)}},
  }
  found = section(norms)
  html = found.html
  assert found.title == 'Gradient over time'
  for row in ('rnn, h, before', 'lstm, h, before', 'lstm, c, before', 'lstm, c, after'):
    assert row in html
  assert html.count('<tr>') == 1 + 5
  assert 'var(--orange)' in html
  assert 'var(--teal)' in html
  assert 'step, after training' in html


@pytest.mark.parametrize('norm_T', [np.zeros(4), np.full(4, np.nan)])
def test_a_gradient_of_nothing_can_be_drawn(norm_T):
  assert '<svg' in section({'before training': {'gru': {'h': norm_T}}}).html


@pytest.mark.parametrize('name', ['gru_adding', 'gru_copy'])
def test_the_report_of_a_recurrent_network_has_the_section(name):
  config = load_config(f'configs/{name}.py')
  config.data.length, config.data.test, config.model.units = 6, 5, 4
  experiment = build(plain(config))
  state = jax.jit(experiment.task.init)(jax.random.key(0), experiment.train[0])
  test = experiment.data.test
  outputs = experiment.task.predict(state, test['inputs'], jax.random.key(0))
  shown = {
    each.title: each.html
    for each in experiment.sections(state, test['inputs'], test['targets'], outputs)
  }
  for row in (
    'rnn, h, before',
    'lstm, h, before',
    'lstm, c, before',
    'gru, h, before',
    'gru, h, after',
  ):
    assert f'{row} training' in shown['Gradient over time']
