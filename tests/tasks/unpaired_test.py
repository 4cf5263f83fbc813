"""What is particular to translation without pairs."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nn_zoo.data.preprocess import symmetric
from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.tasks.players import Players
from nn_zoo.tasks.unpaired import round_trip, unpaired
from tests.reference import assert_near

KEY = jax.random.key(0)
TX = optax.sgd(0.1)
rng = np.random.default_rng(0)


def nets(**fields):
  return create_model('cyclegan', **({'shape': (8, 8, 1), 'width': 2, 'blocks': 1} | fields))


def batch(count=4, channels=1):
  x, y = rng.uniform(-1, 1, (2, count, 8, 8, channels)).astype(np.float32)
  return {'inputs': x, 'targets': {'image': y}, 'weight': np.ones(count, np.float32)}


def difference(a, b):
  return np.mean(np.abs(np.float64(a) - b), axis=(1, 2, 3))


def test_both_losses_are_their_equations():
  data, model = batch(), nets()
  data['weight'][1] = 0
  task = unpaired(model, TX, cycle=3.0, identity=2.0)
  state = jax.jit(task.init)(KEY, data)
  figures = jax.jit(task.evaluate)(state, data, KEY)
  net = {
    name: partial(
      jax.jit(
        lambda params, x, name=name: model.apply(params, x, method=lambda m, x: getattr(m, name)(x))
      ),
      {'params': {**state.generator.params, **state.critic.params}},
    )
    for name in ('forth', 'back', 'critic_first', 'critic_second')
  }
  x, y = data['inputs'], data['targets']['image']
  as_y, as_x = net['forth'](x), net['back'](y)

  def squares(critic, image, wanted):
    return np.mean((np.float64(net[critic](image)) - wanted) ** 2 / 2, axis=(1, 2))

  critic_B = squares('critic_first', x, 1) + squares('critic_second', y, 1)
  critic_B += squares('critic_first', as_x, 0) + squares('critic_second', as_y, 0)
  cycle_B = difference(net['back'](as_y), x) + difference(net['forth'](as_x), y)
  own_B = squares('critic_first', as_x, 1) + squares('critic_second', as_y, 1) + 3 * cycle_B
  own_B += 2 * (difference(net['forth'](y), y) + difference(net['back'](x), x))
  for name, expected_B in (
    ('critic_loss', critic_B),
    ('generator_loss', own_B),
    ('cycle', cycle_B),
  ):
    assert_near(figures[name].value, np.average(expected_B, weights=data['weight']), 1e-5)


def test_the_critics_move_first_and_only_by_their_own_loss():
  data, model = batch(), nets()
  task = unpaired(model, optax.set_to_zero(), critic_tx=TX)
  state = jax.jit(task.init)(KEY, data)
  after, _ = jax.jit(task.step)(state, data, KEY)
  assert isinstance(after, Players)
  jax.tree.map(np.testing.assert_array_equal, after.generator.params, state.generator.params)
  moved = jax.tree.map(lambda a, b: np.any(a != b), after.critic.params, state.critic.params)
  assert all(jax.tree.leaves(moved))
  assert set(state.critic.params) == {'critic_first', 'critic_second'}
  assert set(state.generator.params) == {'forth', 'back'}


def test_pixels_are_translated_to_pixels_and_back():
  images = np.uint8(rng.integers(0, 256, (3, 8, 8, 1)))
  model, prepare = nets(), symmetric(images)
  task = unpaired(model, TX, prepare=prepare)
  data = {'inputs': images, 'targets': {'image': images}, 'weight': np.ones(3, np.float32)}
  state = jax.jit(task.init)(KEY, data)
  there = jax.jit(task.predict)(state, images, KEY)
  assert there.shape == images.shape
  assert 0 <= float(jnp.min(there)) <= float(jnp.max(there)) <= 255
  found = round_trip({'prepare': prepare}, model, state, images)['returned']
  variables = {'params': state.generator.params}
  back = model.apply(variables, prepare(there), method=lambda m, x: m.back(x))
  assert_near(found, prepare.restore(back), 1e-4)


@pytest.mark.parametrize(
  ('fields', 'channels', 'line'),
  [
    ({'cycle': -1.0}, 1, r'^task.cycle=-1.0: expected 0 or more$'),
    ({'loss': 'least_square'}, 1, r"^task.loss='least_square'.*Did you mean 'least_squares'"),
    ({'loss': 'relativistic'}, 1, r"^task.loss='relativistic' compares pairs.*expected one of"),
    ({}, 3, r'do not fit the images of the first kind, \(8, 8, 3\); expected \(8, 8, 1\)'),
  ],
)
def test_what_does_not_fit_is_said_in_a_line(fields, channels, line):
  with pytest.raises(InputError, match=line):
    jax.eval_shape(unpaired(nets(), TX, **fields).init, KEY, batch(channels=channels))


def test_other_models_and_odd_sizes_are_refused():
  with pytest.raises(InputError, match=r"task.name='unpaired' needs; try cyclegan$"):
    unpaired(create_model('mlp', classes=2), TX)
  with pytest.raises(InputError, match=r'^model.shape=\(10, 8, 1\): expected .* multiples of 4'):
    nets(shape=(10, 8, 1)).init(KEY, jnp.zeros((1, 10, 8, 1)))
