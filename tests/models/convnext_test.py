import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.models.convnext import ConvNeXtBlock
from nn_zoo.models.summary import summary

KEY = jax.random.key(0)


@pytest.mark.parametrize(
  ('fields', 'parameters'),
  [
    ({}, 28_589_128),
    ({'depths': (3, 3, 27, 3)}, 50_223_688),
    ({'depths': (3, 3, 27, 3), 'width': 4 / 3}, 88_591_464),
    ({'depths': (3, 3, 27, 3), 'width': 2.0}, 197_767_336),
  ],
)
def test_parameters_of_t_s_b_and_l_are_those_of_torchvision(fields, parameters):
  model = create_model('convnext', classes=1000, **fields)
  params = jax.eval_shape(model.init, KEY, jnp.ones((1, 224, 224, 3)))['params']
  assert sum(leaf.size for leaf in jax.tree.leaves(params)) == parameters


def test_multiplications_are_the_four_and_a_half_billion_of_the_paper():
  found = summary(create_model('convnext', classes=1000), jnp.ones((1, 224, 224, 3)))
  assert found.flops / 2 == pytest.approx(4.5e9, rel=0.01)


@pytest.mark.parametrize(
  ('small_images', 'size', 'last'),
  [(False, (224, 63), (7, 1)), (True, (32, 28), (4, 3)), (True, (8, 8), (1, 1))],
)
def test_images_shrink_by_32_or_by_8(small_images, size, last):
  model = create_model('convnext', classes=10, small_images=small_images)
  rows = summary(model, jnp.ones((1, *size, 1))).rows
  assert rows[-3].path == 'ConvNeXtBlock_17'
  assert rows[-3].output == (*last, 768)


def test_a_blocks_branch_weighs_its_layer_scale():
  x_BHWC = jax.random.normal(KEY, (2, 4, 5, 6))
  block = ConvNeXtBlock()
  variables = block.init(KEY, x_BHWC, False)
  np.testing.assert_array_equal(variables['params']['layer_scale'], np.full(6, 1e-6, np.float32))

  def branch(scale):
    variables['params']['layer_scale'] = jnp.full(6, scale)
    return block.apply(variables, x_BHWC, False) - x_BHWC

  assert not bool((branch(0.0) != 0).any())
  np.testing.assert_allclose(branch(4.0), 4 * branch(1.0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(('small_images', 'smallest'), [(False, 32), (True, 8)])
def test_images_that_the_stages_would_use_up_are_named(small_images, smallest):
  model = create_model('convnext', classes=3, small_images=small_images)
  line = rf'convnext takes images .* of at least {smallest}x{smallest} pixels, got \(2, '
  for shape in ((2, smallest - 1, 64, 3), (2, 64, 64)):
    with pytest.raises(InputError, match=line):
      model.init(KEY, jnp.ones(shape))


def test_as_many_depths_as_widths_are_asked_for():
  with pytest.raises(InputError, match=r'depths=\(3, 3\) and widths=\(96, 192, 384, 768\)'):
    create_model('convnext', classes=3, depths=(3, 3)).init(KEY, jnp.ones((1, 32, 32, 3)))
