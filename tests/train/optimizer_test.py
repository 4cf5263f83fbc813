import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.task import Average, Mean, averaged, begin, descend
from nn_zoo.train.optimizer import is_weight, optimizer
from nn_zoo.train.optimizers import OPTIMIZERS
from tests.reference import assert_near
from tests.reference.trajectory import GRADIENTS, PARAMS, flat, trajectory

every = pytest.mark.parametrize('name', OPTIMIZERS)


def test_normalisations_and_biases_are_not_weights():
  class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
      x = nn.LayerNorm()(nn.BatchNorm(use_running_average=False)(nn.Conv(3, (2, 2))(x)))
      return nn.Dense(2)(nn.PReLU()(x).reshape(2, -1))

  params = jax.eval_shape(Net().init, jax.random.key(0), jnp.ones((2, 4, 4, 1)))['params']
  paths = [
    jax.tree_util.keystr(path, simple=True, separator='/')
    for path, weight in jax.tree.leaves_with_path(is_weight(params))
    if weight
  ]
  assert paths == ['Conv_0/kernel', 'Dense_0/kernel']


def first_updates(**settings):
  tx = optimizer('sgd', 1.0, **settings)
  params, gradient = jax.tree.map(jnp.float32, (PARAMS, GRADIENTS[0]))
  return tx.update(gradient, tx.init(params), params)[0]


@pytest.mark.parametrize('limit', [0.5, 100.0])
def test_clipping_by_the_norm_of_all_gradients(limit):
  updates = first_updates(clip_norm=limit)
  length = np.linalg.norm(flat(GRADIENTS[0]))
  assert 0.5 < length < 100
  assert_near(flat(updates), -flat(GRADIENTS[0]) * min(1, limit / length), 1e-6)


def test_clipping_by_value_comes_before_clipping_by_norm():
  updates = first_updates(clip_value=0.2, clip_norm=0.5)
  gradient = np.clip(flat(GRADIENTS[0]), -0.2, 0.2)
  assert np.linalg.norm(gradient) > 0.5
  assert_near(flat(updates), -gradient * 0.5 / np.linalg.norm(gradient), 1e-6)


@every
def test_frozen_parameters_stay_to_the_bit_and_cost_no_state(name):
  params = jax.tree.map(jnp.float32, PARAMS)
  settings = {'weight_decay': 0.1, 'clip_norm': 1.0, 'clip_value': 1.0}
  tx = optimizer(name, 0.1, freeze=('Conv_*', '*/bias'), **settings)
  after = trajectory(tx, params, steps=2)[-1]
  for layer, leaf in (('Conv_0', 'kernel'), ('Dense_0', 'bias')):
    np.testing.assert_array_equal(after[layer][leaf], params[layer][leaf])
  assert not np.array_equal(after['Dense_0']['kernel'], params['Dense_0']['kernel'])
  trained = {'Dense_0': {'kernel': params['Dense_0']['kernel']}, 'PReLU_0': params['PReLU_0']}
  states = [jax.eval_shape(tx.init, params)]
  states.append(jax.eval_shape(optimizer(name, 0.1, **settings).init, trained))
  with_frozen, without = ([leaf.shape for leaf in jax.tree.leaves(state)] for state in states)
  assert with_frozen == without


def test_frozen_gradients_do_not_count_in_the_norm():
  updates = first_updates(clip_norm=0.5, freeze=('Conv_0/*', 'PReLU*'))
  np.testing.assert_allclose(np.linalg.norm(flat(updates['Dense_0'])), 0.5, rtol=1e-5)


def test_freezing_everything_changes_nothing():
  params = jax.tree.map(jnp.float32, PARAMS)
  tx = optimizer('adam', 0.1, weight_decay=0.1, clip_norm=1.0, freeze=('*',))
  np.testing.assert_array_equal(flat(trajectory(tx, params)[-1]), flat(params))


def test_a_pattern_that_fits_nothing_is_named_with_the_paths_there_are():
  tx = optimizer('adam', 0.1, freeze=('Conv_0/*', 'Dense_7/*'))
  with pytest.raises(InputError, match=r"optimizer.freeze='Dense_7/\*' .* Dense_0/kernel"):
    tx.init(PARAMS)


def steady(params, stats, batch, key):
  """A loss whose gradient is 1 everywhere."""
  return Mean(sum(map(jnp.sum, jax.tree.leaves(params))), jnp.ones(())), (stats, {})


@pytest.mark.parametrize('freeze', [(), ('Conv_0/*',)])
def test_the_running_average_is_its_closed_form(freeze):
  tx = optimizer('momentum', 0.1, average=0.7, freeze=freeze)
  learner = begin({'params': jax.tree.map(jnp.float32, PARAMS)}, tx)
  update, seen = jax.jit(descend(steady, tx)), [flat(learner.params)]
  for _ in range(30):
    learner, _ = update(learner, (), None)
    seen.append(flat(learner.params))
  # a_T = sum_t (1 - d_t) prod_{s > t} d_s w_t, where the start has 1 in place of 1 - d_t.
  keep = np.array([0.0] + [min(0.7, t / (t + 9)) for t in range(1, 31)])
  assert {keep[1], keep[-1]} == {0.1, 0.7}
  factors = [(1 - keep[t]) * np.prod(keep[t + 1 :]) for t in range(31)]
  np.testing.assert_allclose(flat(averaged(learner)), factors @ np.array(seen), rtol=1e-5)
  assert not np.allclose(flat(averaged(learner)), flat(learner.params))


def test_the_average_starts_as_a_copy_of_the_parameters():
  params = {'w': jnp.ones(3)}
  (_, state) = optimizer('sgd', 0.1, average=0.9).init(params)
  assert isinstance(state, Average)
  assert state.params['w'].unsafe_buffer_pointer() != params['w'].unsafe_buffer_pointer()


def test_without_an_average_the_parameters_are_given():
  learner = begin({'params': {'w': jnp.ones(3)}}, optimizer('adam', 0.1, clip_norm=1.0))
  assert averaged(learner) is learner.params


@pytest.mark.parametrize(
  ('settings', 'line'),
  [
    ({'name': 'adma'}, r"optimizer.name='adma' is unknown. Did you mean '\w+'\? There are: ada"),
    ({'beta1': 0.9}, r'optimizer.beta1: adam has no such key. .*It takes: b1, b2, eps'),
    ({'b11': 0.9}, r"optimizer.b11: adam has no such key. Did you mean 'b1'\?"),
    ({'name': 'adamw', 'mask': True}, r'optimizer.mask: adamw has no such key'),
    ({'b1': '0.9'}, r"optimizer.b1='0.9': expected a number"),
    ({'learning_rate': '1e-3'}, r"optimizer.learning_rate='1e-3': expected a number"),
    ({'learning_rate': float('nan')}, r'optimizer.learning_rate=nan: expected a finite number'),
    ({'weight_decay': -0.1}, r'optimizer.weight_decay=-0.1: expected a finite number, 0 or above'),
    ({'clip_norm': -1.0}, r'optimizer.clip_norm=-1.0: expected'),
    ({'average': 1.0}, r'optimizer.average=1.0: expected a number from 0 to below 1'),
    ({'freeze': 'Conv_0/*'}, r"optimizer.freeze='Conv_0/\*': expected a tuple"),
    ({'schedule': 'cosine'}, r"optimizer.schedule='cosine': expected a section"),
  ],
)
def test_what_does_not_fit_is_answered_in_a_line(settings, line):
  with pytest.raises(InputError, match=line):
    optimizer(**{'name': 'adam', 'learning_rate': 0.1, **settings})
