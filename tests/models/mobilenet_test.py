import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.models.mobilenet import InvertedResidual, divisible
from nn_zoo.models.summary import summary

KEY = jax.random.key(0)
SMALL = {'width': 0.25, 'stages': ((1, 32, 1, 1), (2, 32, 2, 2)), 'last_width': 16}


@pytest.mark.parametrize(('width', 'parameters'), [(1.0, 3_504_872), (0.5, 1_968_680)])
def test_parameters_are_those_of_torchvision(width, parameters):
  model = create_model('mobilenet_v2', classes=1000, width=width)
  params = jax.eval_shape(model.init, KEY, jnp.ones((1, 224, 224, 3)))['params']
  assert sum(leaf.size for leaf in jax.tree.leaves(params)) == parameters


def test_multiplications_are_the_300_million_of_the_paper():
  found = summary(create_model('mobilenet_v2', classes=1000), jnp.ones((1, 224, 224, 3)))
  assert found.flops / 2 == pytest.approx(300e6, rel=0.01)


@pytest.mark.parametrize(
  ('small_images', 'size', 'last'),
  [(False, (224, 224), (7, 7)), (False, (32, 33), (1, 2)), (True, (32, 28), (2, 2))],
)
def test_images_shrink_by_32_or_by_16(small_images, size, last):
  model = create_model('mobilenet_v2', classes=10, small_images=small_images)
  *_, convolution, _, _ = summary(model, jnp.ones((1, *size, 1))).rows
  assert convolution.path == 'ConvNormalization_1/Conv_0'
  assert convolution.output == (*last, 1280)


@pytest.mark.parametrize(
  ('channels', 'rounded'), [(1, 8), (12, 16), (11.9, 16), (33.6, 32), (44.8, 48), (18, 24)]
)
def test_channels_are_multiples_of_8_and_at_most_a_tenth_fewer(channels, rounded):
  assert divisible(channels) == rounded


@pytest.mark.parametrize('normalization', ['batch', 'group', 'none'])
def test_a_block_may_start_as_the_identity(normalization):
  x_BHWC = jax.random.normal(KEY, (2, 4, 5, 6))
  for zero_init in (True, False):
    block = InvertedResidual(6, 2, normalization=normalization, zero_init=zero_init)
    y_BHWC, _ = block.init_with_output(KEY, x_BHWC, True)
    assert bool((y_BHWC == x_BHWC).all()) is zero_init


@pytest.mark.parametrize(('features', 'strides'), [(6, 2), (4, 1)])
def test_a_block_that_changes_the_shape_has_no_shortcut(features, strides):
  block = InvertedResidual(features, 2, strides=strides, zero_init=True)
  y_BHWC, variables = block.init_with_output(KEY, jax.random.normal(KEY, (2, 4, 5, 6)), True)
  assert y_BHWC.shape == (2, -(-4 // strides), -(-5 // strides), features)
  assert bool((y_BHWC != 0).any())
  last = variables['params']['ConvNormalization_2']['Normalization_0']['BatchNorm_0']
  nothing = jax.tree.map(jnp.zeros_like, last)
  variables['params']['ConvNormalization_2']['Normalization_0']['BatchNorm_0'] = nothing
  y_BHWC, _ = block.apply(variables, jnp.ones((2, 4, 5, 6)), True, mutable='batch_stats')
  assert not bool((y_BHWC != 0).any())


def test_stochastic_depth_leaves_blocks_out_in_training_alone():
  block = InvertedResidual(6, 2, normalization='none', stochastic_depth=0.5)
  x_BHWC = jax.random.normal(KEY, (40, 4, 5, 6))
  variables = block.init(KEY, x_BHWC, False)
  plain_BHWC = block.apply(variables, x_BHWC, False)
  y_BHWC = block.apply(variables, x_BHWC, True, rngs={'dropout': KEY})
  dropped_B = np.asarray((y_BHWC == x_BHWC).all((1, 2, 3)))
  assert 0 < dropped_B.sum() < 40
  np.testing.assert_allclose(
    (y_BHWC - x_BHWC)[~dropped_B], 2 * (plain_BHWC - x_BHWC)[~dropped_B], rtol=1e-4, atol=1e-5
  )


def test_biases_are_there_only_without_normalization():
  for normalization, biased in (('batch', False), ('none', True)):
    model = create_model('mobilenet_v2', classes=3, normalization=normalization, **SMALL)
    params = jax.eval_shape(model.init, KEY, jnp.ones((1, 8, 8, 1)))['params']
    assert ('bias' in params['ConvNormalization_0']['Conv_0']) is biased


@pytest.mark.parametrize('shape', [(2, 28, 28), (2, 784)])
def test_what_are_no_images_is_named(shape):
  with pytest.raises(InputError, match=r'mobilenet_v2 takes images \[batch, height.*, got \(2, '):
    create_model('mobilenet_v2', classes=3).init(KEY, jnp.ones(shape))
