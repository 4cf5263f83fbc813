import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.models import create_model

KEY = jax.random.key(0)
SMALL = {'classes': 3, 'stages': (2, 1), 'width': 0.125}
x_BHWC = jax.random.normal(KEY, (4, 16, 17, 3))


def shapes(images=(2, 224, 224, 3), **fields):
  model = create_model('densenet', **{'classes': 1000, **fields})
  return jax.eval_shape(model.init, KEY, jax.ShapeDtypeStruct(images, jnp.float32))['params']


def count(params):
  return sum(leaf.size for leaf in jax.tree.leaves(params))


@pytest.mark.parametrize(
  ('depth', 'parameters'),
  [(121, 7_978_856), (161, 28_681_000), (169, 14_149_480), (201, 20_013_928)],
)
def test_parameters_are_those_of_the_published_networks(depth, parameters):
  assert count(shapes(depth=depth)) == parameters


def test_the_network_for_cifar_has_the_layers_and_parameters_of_the_paper():
  fields = {'stages': (16, 16, 16), 'width': 0.375, 'small_images': True}
  params = shapes((2, 32, 32, 3), classes=10, **fields)
  kernels = [path for path, _ in jax.tree.leaves_with_path(params) if path[-1].key == 'kernel']
  assert (count(params), len(kernels)) == (769_162, 100)
  assert params['Conv_0']['kernel'].shape == (3, 3, 3, 24)


def test_what_a_layer_sees_holds_all_that_came_before_it():
  model = create_model('densenet', **SMALL, activation='identity')
  variables = jax.jit(model.init)(KEY, x_BHWC)
  _, seen = model.apply(variables, x_BHWC, capture_intermediates=True, mutable='intermediates')
  layers = {name: calls for name, calls in seen['intermediates'].items() if type(calls) is dict}
  seen = {name: calls['__call__'][0] for name, calls in layers.items()}
  # Stem; the first dense layer, and what the second normalizes: 8 + 4 channels.
  first, second = seen['Conv_2'], seen['Normalization_3']
  assert (first.shape[1:], second.shape[1:]) == ((4, 5, 4), (4, 5, 12))
  pooled = seen['Normalization_1']
  # At the start statistics are 0 and 1: normalization divides by sqrt(1 + epsilon), no more.
  np.testing.assert_allclose(second[..., :8], pooled, rtol=1e-6)
  np.testing.assert_allclose(second[..., 8:] * np.sqrt(1 + 1e-5), first, rtol=1e-5, atol=1e-7)
  # The transition halves the 8 + 4 + 4 channels, and then the pixels.
  assert seen['Conv_5'].shape[1:] == (4, 5, 8)
  assert seen['Conv_7'].shape[1:] == (2, 2, 4)
  assert variables['params']['head']['kernel'].shape == (12, 3)


def test_features_are_what_the_head_sees():
  model = create_model('densenet', **SMALL, dropout=0.5)
  variables = jax.jit(model.init)(KEY, x_BHWC)
  features_BF = model.apply(variables, x_BHWC, method='features')
  head = variables['params']['head']
  expected_BC = features_BF @ head['kernel'] + head['bias'][None]
  np.testing.assert_allclose(model.apply(variables, x_BHWC), expected_BC, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
  ('fields', 'shape', 'smallest'),
  [
    ({}, (2, 31, 32, 3), '4 blocks .* 32x32'),
    ({'small_images': True}, (2, 8, 7, 3), '4 blocks .* 8x8'),
    ({'stages': (2, 2)}, (2, 7, 8, 3), '2 blocks .* 8x8'),
    ({}, (2, 3072), '4 blocks .* 32x32'),
  ],
)
def test_images_that_the_blocks_would_use_up_are_named(fields, shape, smallest):
  with pytest.raises(InputError, match=rf'densenet with {smallest} pixels, got \(2, '):
    shapes(shape, **fields)


@pytest.mark.parametrize('fields', [{}, {'small_images': True}, {'stages': (2, 2)}])
def test_the_smallest_images_leave_a_pixel(fields):
  side = 8 if fields else 32
  model = create_model('densenet', classes=2, width=0.125, **fields)
  images = jax.ShapeDtypeStruct((2, side, side, 1), jnp.float32)
  assert jax.eval_shape(model.init_with_output, KEY, images)[0].shape == (2, 2)


def test_an_unknown_depth_is_answered_with_those_there_are():
  with pytest.raises(InputError, match=r'depth=100: densenet has 121, 161, 169, 201'):
    shapes(depth=100)
