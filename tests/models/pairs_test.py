"""Generators and critics of images: every size, number of channels and kind of conditioning there is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.models import create_model

KEY = jax.random.key(0)


def make(name, side, channels, classes, **fields):
  small = {'shape': (side, side, channels), 'latent': 5, 'width': 4, 'classes': classes}
  model = create_model(name, **small, **fields)
  inputs = {'latent': jax.random.normal(KEY, (6, 5)), 'label': jnp.arange(6, dtype=jnp.int32) % 3}
  return model, model.init(KEY, inputs), inputs


@pytest.mark.parametrize('classes', [0, 3])
@pytest.mark.parametrize('channels', [1, 3])
@pytest.mark.parametrize('side', [28, 32, 64])
@pytest.mark.parametrize('name', ['dcgan', 'sngan'])
def test_images_have_their_size_and_are_judged_one_by_one(name, side, channels, classes):
  def shapes():
    model, variables, inputs = make(name, side, channels, classes)
    label_B = inputs['label'] if classes else None
    image = model.apply(variables, inputs['latent'], label_B, method='generate')
    return image, model.apply(variables, image, label_B, method='criticise')

  image, logit = jax.eval_shape(shapes)
  assert image.shape == (6, side, side, channels)
  assert logit.shape == (6,)


@pytest.mark.parametrize('name', ['dcgan', 'sngan'])
def test_a_label_changes_what_is_made_and_how_it_is_judged(name):
  model, variables, inputs = make(name, 8, 1, 3)
  zeros = jnp.zeros(6, jnp.int32)
  z_BZ, label_B = inputs['latent'], inputs['label']
  # Scales of the classes are alike at first: they are moved apart.
  parts = jax.tree.map(lambda leaf: leaf + jax.random.normal(KEY, leaf.shape), variables['params'])
  variables = {**variables, 'params': parts}

  def both(label_B):
    image = model.apply(variables, z_BZ, label_B, method='generate')
    return image, model.apply(variables, inputs['image'], label_B, method='criticise')

  inputs['image'] = model.apply(variables, z_BZ, zeros, method='generate')
  for found, other in zip(both(label_B), both(zeros), strict=True):
    same = np.isclose(np.asarray(found), np.asarray(other)).reshape(6, -1).all(1)
    np.testing.assert_array_equal(same, np.asarray(label_B) == 0)
  with pytest.raises(InputError, match=r'a conditional net needs labels, and there are none'):
    model.apply(variables, z_BZ, method='generate')


@pytest.mark.parametrize('side', [4, 22, 30])
@pytest.mark.parametrize('name', ['dcgan', 'sngan'])
def test_a_side_that_no_doubling_leads_to_is_named(name, side):
  with pytest.raises(
    InputError, match=rf'^model.shape=\({side}, {side}, 1\): expected \(side, side'
  ):
    make(name, side, 1, 0)
