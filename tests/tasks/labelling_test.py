"""Labelling: which steps count, against sums by hand, and what it refuses."""

import jax
import numpy as np
import optax
import pytest

from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.tasks import TASKS
from tests.examples import TASK_EXAMPLES

EXAMPLE = TASK_EXAMPLES['labelling']


def evaluated(**fields):
  task, batch = EXAMPLE.make(**fields), EXAMPLE.arrays(9)
  batch['weight'] = np.float32([1] * 6 + [0.5, 2, 0])
  state = task.init(jax.random.key(0), batch)
  logits_BTC = np.asarray(task.predict(state, batch['inputs'], None), np.float64)
  figures = task.evaluate(state, batch, None)
  return batch, logits_BTC, {name: np.asarray(mean.value) for name, mean in figures.items()}


def test_the_loss_is_the_mean_over_all_steps_that_count():
  batch, logits_BTC, figures = evaluated()
  logp_BTC = logits_BTC - np.log(np.exp(logits_BTC).sum(axis=-1, keepdims=True))
  total = weight = 0.0
  for b, t in zip(*np.nonzero(batch['targets'] >= 0), strict=True):
    total -= batch['weight'][b] * logp_BTC[b, t, batch['targets'][b, t]]
    weight += batch['weight'][b]
  np.testing.assert_allclose(figures['loss'], total / weight, rtol=1e-5)


@pytest.mark.parametrize('background', [-1, 2])
def test_accuracy_leaves_the_background_out(background):
  batch, logits_BTC, figures = evaluated(background=background)
  labels_BT, weight_BT = batch['targets'], np.broadcast_to(batch['weight'][:, None], (9, 6))
  asked_BT = (labels_BT >= 0) & (labels_BT != background)
  right_BT = logits_BTC.argmax(axis=-1) == labels_BT
  expected = (weight_BT * right_BT)[asked_BT].sum() / weight_BT[asked_BT].sum()
  np.testing.assert_allclose(figures['accuracy'], expected, rtol=1e-6)
  np.testing.assert_allclose(figures['confusion'].sum(), 1, rtol=1e-6)


def test_steps_that_do_not_count_have_no_gradient():
  task, batch = (
    EXAMPLE.make(tx=optax.sgd(1.0)),
    EXAMPLE.arrays(4) | {'weight': np.ones(4, np.float32)},
  )
  state = task.init(jax.random.key(0), batch)
  step = jax.jit(task.step)
  other = batch | {'inputs': np.where(batch['targets'][..., None] < 0, 9, batch['inputs'])}
  assert (other['inputs'] != batch['inputs']).any()
  one, two = (step(state, each, jax.random.key(1))[0].params for each in (batch, other))
  jax.tree.map(np.testing.assert_array_equal, one, two)


@pytest.mark.parametrize(
  ('fields', 'options', 'line'),
  [
    ({}, {}, r"task\.name='labelling' needs an output for each step: set .*every_position=true"),
    ({'every_position': True}, {'background': 3}, r'task\.background=3: expected -1 to 2'),
  ],
)
def test_what_does_not_fit_is_one_line(fields, options, line):
  model = create_model('gru', classes=3, **fields)
  with pytest.raises(InputError, match=f'^{line}'):
    TASKS['labelling'](model, optax.sgd(0.1), **options)
