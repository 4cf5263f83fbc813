import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from tests.reference.networks import parameters

KEY = jax.random.key(0)
IMAGES = jax.ShapeDtypeStruct((2, 224, 224, 3), jnp.float32)


def shapes(images=IMAGES, **fields):
  return jax.eval_shape(create_model('vgg', **{'classes': 1000, **fields}).init, KEY, images)


def count(variables):
  return sum(leaf.size for leaf in jax.tree.leaves(variables['params']))


@pytest.mark.parametrize(
  ('depth', 'parameters'),
  [(11, 132_863_336), (13, 133_047_848), (16, 138_357_544), (19, 143_667_240)],
)
def test_parameters_are_those_of_the_published_networks(depth, parameters):
  assert count(shapes(depth=depth)) == parameters


def test_batch_normalization_takes_the_biases_place():
  # A scale and a bias of each of the 2,752 channels, in place of a bias.
  variables = shapes(depth=11, normalization='batch')
  assert count(variables) == 132_863_336 + 2_752
  assert sum(leaf.size for leaf in jax.tree.leaves(variables['batch_stats'])) == 2 * 2_752


@pytest.mark.parametrize('size', [(32, 32), (224, 224), (230, 301)])
def test_the_parameters_do_not_depend_on_the_size_of_the_images(size):
  assert count(shapes(jax.ShapeDtypeStruct((1, *size, 3), jnp.float32), depth=11)) == 132_863_336


def test_a_smaller_grid_has_a_smaller_first_dense_layer():
  for grid in (1, 2):
    kernel = shapes(depth=11, grid=grid, width=0.25)['params']['Dense_0']['kernel']
    assert kernel.shape == (128 * grid**2, 1024)


def test_features_are_what_the_head_sees_and_have_dropout_in_training():
  model = create_model('vgg', classes=3, depth=11, width=0.0625, grid=1)
  x_BHWC = jax.random.normal(KEY, (2, 32, 32, 1))
  params = parameters(model, x_BHWC)
  features_BF = model.apply({'params': params}, x_BHWC, method='features')
  expected_BC = features_BF @ params['head']['kernel'] + params['head']['bias'][None]
  np.testing.assert_allclose(model.apply({'params': params}, x_BHWC), expected_BC, rtol=1e-5)
  dropped_BF = model.apply(
    {'params': params}, x_BHWC, train=True, method='features', rngs={'dropout': KEY}
  )
  assert features_BF.shape == dropped_BF.shape == (2, 256)
  # Half of the units that were alive; 5 standard deviations of a share among 256.
  alive = np.mean(np.asarray(dropped_BF) != 0) / np.mean(np.asarray(features_BF) != 0)
  assert abs(alive - 0.5) < 5 * np.sqrt(0.25 / 256)


@pytest.mark.parametrize('shape', [(2, 31, 32, 3), (2, 32, 32), (2, 3072)])
def test_images_that_the_stages_would_use_up_are_named(shape):
  with pytest.raises(InputError, match=r'vgg takes images .* at least 32x32 pixels, got \(2, '):
    shapes(jax.ShapeDtypeStruct(shape, jnp.float32))


def test_an_unknown_depth_is_answered_with_those_there_are():
  with pytest.raises(InputError, match=r'depth=12: vgg has 11, 13, 16, 19'):
    shapes(depth=12)
