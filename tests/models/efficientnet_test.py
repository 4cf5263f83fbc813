import jax
import jax.numpy as jnp
import pytest

from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.models.summary import summary

KEY = jax.random.key(0)
B0 = create_model('efficientnet', classes=1000)


@pytest.mark.parametrize(
  ('width', 'depth', 'parameters'),
  [(1.0, 1.0, 5_288_548), (1.0, 1.1, 7_794_184), (1.2, 1.4, 12_233_232)],
)
def test_parameters_of_b0_b1_and_b3_are_those_of_torchvision(width, depth, parameters):
  model = create_model('efficientnet', classes=1000, width=width, depth=depth)
  params = jax.eval_shape(model.init, KEY, jnp.ones((1, 64, 64, 3)))['params']
  assert sum(leaf.size for leaf in jax.tree.leaves(params)) == parameters


def test_multiplications_are_the_390_million_of_the_paper():
  assert summary(B0, jnp.ones((1, 224, 224, 3))).flops / 2 == pytest.approx(390e6, rel=0.02)


@pytest.mark.parametrize(
  ('small_images', 'size', 'last'), [(False, (33, 32), (2, 1)), (True, (28, 32), (2, 2))]
)
def test_images_shrink_by_32_or_by_16(small_images, size, last):
  model = create_model('efficientnet', classes=10, small_images=small_images)
  *_, convolution, _, _ = summary(model, jnp.ones((1, *size, 1))).rows
  assert convolution.output == (*last, 1280)


def test_gates_have_a_quarter_of_the_blocks_inputs_as_hidden_units():
  params = jax.eval_shape(B0.init, KEY, jnp.ones((1, 32, 32, 3)))['params']
  gate = params['InvertedResidual_3']['SqueezeExcitation_0']
  assert gate['Dense_0']['kernel'].shape == (6 * 24, 24 // 4)


@pytest.mark.parametrize('shape', [(2, 28, 28), (2, 784)])
def test_what_are_no_images_is_named(shape):
  with pytest.raises(InputError, match=r'efficientnet takes images \[batch, height.*, got \(2, '):
    create_model('efficientnet', classes=3).init(KEY, jnp.ones(shape))
