"""The gradient in a recurrent network's states is the whole one, by finite differences in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nn_zoo.data.memory import adding
from nn_zoo.layers.recurrent import Recurrent
from nn_zoo.models import create_model
from nn_zoo.models.recurrent import siblings
from nn_zoo.tasks import TASKS
from nn_zoo.tasks.memory import memories, state_gradients

TIME, EXAMPLES, UNITS = 5, 3, 4


def states_and_loss(model, params, batch, at, shift):
  """The loss of each example when `shift` is added to the top state after step `at`, cell by cell."""
  layer = Recurrent(cell=model.cell, features=UNITS, layers=model.layers, dtype=jnp.float64)
  variables, x_BTD = {'params': params['Recurrent_0']}, batch['inputs']
  states = layer.initial_state(EXAMPLES)
  for step in range(TIME):
    y_BF, states = layer.apply(variables, x_BTD[:, step], states, method='step')
    if step == at:
      top = jax.tree.map(jnp.add, states[-1], shift)
      states, y_BF = (*states[:-1], top), top.h_BH
  output_B1 = y_BF @ params['head']['kernel'] + params['head']['bias'][None]
  return jnp.mean((output_B1 - batch['targets']) ** 2, axis=1)


def differences(model, params, batch, at, name):
  """d loss_b / d state_bh after step `at`, by central differences."""
  layer = Recurrent(cell=model.cell, features=UNITS, dtype=jnp.float64)
  zero = jax.tree.map(np.asarray, layer.initial_state(EXAMPLES)[-1])
  slope_BH, epsilon = np.zeros((EXAMPLES, UNITS)), 1e-5
  for unit in range(UNITS):
    ends = []
    for sign in (1, -1):
      shift = np.zeros((EXAMPLES, UNITS))
      shift[:, unit] = sign * epsilon
      moved = zero._replace(**{f'{name}_BH': shift})
      ends.append(np.asarray(states_and_loss(model, params, batch, at, moved)))
    slope_BH[:, unit] = (ends[0] - ends[1]) / (2 * epsilon)
  return slope_BH


@pytest.mark.parametrize(('name', 'layers'), [('rnn', 1), ('lstm', 1), ('gru', 1), ('gru', 2)])
def test_norms_are_those_of_finite_differences(name, layers):
  with jax.enable_x64(True):
    model = create_model(name, classes=1, units=UNITS, layers=layers, dtype=jnp.float64)
    task = TASKS['regression'](model, optax.sgd(0.1))
    data = adding(length=TIME, validation=0, test=EXAMPLES, split_seed=0)
    batch = jax.tree.map(np.float64, data.test | {'weight': np.ones(EXAMPLES)})
    state = task.init(jax.random.key(0), batch)
    state = state._replace(params=jax.tree.map(jnp.float64, state.params))
    found = state_gradients(task, state, batch, Recurrent)
    assert set(found) == ({'h', 'c'} if name == 'lstm' else {'h'})
    for part, norm_T in found.items():
      assert norm_T.shape == (TIME,)
      for at in range(TIME):
        slope_BH = differences(model, state.params, batch, at, part)
        expected = np.linalg.norm(slope_BH, axis=1).mean()
        np.testing.assert_allclose(norm_T[at], expected, rtol=1e-6)


def test_every_kind_is_looked_at_before_training_and_its_own_after_it():
  data = adding(length=TIME, validation=0, test=EXAMPLES, split_seed=0)
  batch = data.test | {'weight': np.ones(EXAMPLES, np.float32)}
  models = siblings(create_model('lstm', classes=1, units=UNITS, forget_bias=2.0, chrono=9))
  assert models['lstm'].forget_bias == 2.0
  assert [models[name].chrono for name in ('rnn', 'lstm', 'gru')] == [0, 9, 9]
  assert all(model.units == UNITS and model.cell.startswith(name) for name, model in models.items())
  tasks = {name: TASKS['regression'](model, optax.sgd(0.1)) for name, model in models.items()}
  key = jax.random.key(0)
  trained = jax.jit(tasks['lstm'].init)(jax.random.key(1), batch)
  found = memories(tasks, 'lstm', trained, batch, key, Recurrent)
  assert [(when, list(cells)) for when, cells in found.items()] == [
    ('before training', ['rnn', 'lstm', 'gru']),
    ('after training', ['lstm']),
  ]
  expected = state_gradients(tasks['lstm'], trained, batch, Recurrent)
  np.testing.assert_allclose(found['after training']['lstm']['c'], expected['c'], rtol=1e-5)
