import jax
import jax.numpy as jnp
import pytest

from nn_zoo.errors import InputError
from nn_zoo.models import create_model

KEY = jax.random.key(0)


@pytest.mark.parametrize(
  ('fields', 'parameters'),
  [
    ({}, 288 + 2 * 32 + 18_432 + 2 * 64 + 36_864 + 2 * 64 + (576 + 1) * 64 + 650),
    ({'normalization': 'none'}, 288 + 32 + 18_432 + 64 + 36_864 + 64 + (576 + 1) * 64 + 650),
    ({'widths': (8,), 'hidden': 4}, 72 + 2 * 8 + (14 * 14 * 8 + 1) * 4 + (4 + 1) * 10),
  ],
)
def test_parameters_are_counted_by_hand(fields, parameters):
  model = create_model('convnet', classes=10, **fields)
  params = jax.eval_shape(model.init, KEY, jnp.ones((2, 28, 28, 1)))['params']
  assert sum(leaf.size for leaf in jax.tree.leaves(params)) == parameters


def test_batch_statistics_move_in_training_alone():
  model = create_model('convnet', classes=3, widths=(4,), hidden=4)
  x_BHWC = jax.random.normal(jax.random.key(1), (3, 6, 6, 1))
  shapes = jax.eval_shape(model.init, KEY, x_BHWC)
  variables = jax.tree.map(lambda leaf: jnp.ones(leaf.shape), shapes)
  before = variables['batch_stats']['Normalization_0']['BatchNorm_0']['mean']
  for train, moves in ((True, True), (False, False)):
    _, after = model.apply(variables, x_BHWC, train, mutable='batch_stats')
    after = after['batch_stats']['Normalization_0']['BatchNorm_0']['mean']
    assert bool((after != before).any()) is moves


@pytest.mark.parametrize('shape', [(2, 7, 8, 1), (2, 64), (2, 28, 28)])
def test_images_that_the_stages_would_use_up_are_named(shape):
  with pytest.raises(InputError, match=r'convnet with 3 stages .* at least 8x8 pixels, got \(2, '):
    create_model('convnet', classes=3).init(KEY, jnp.ones(shape))
