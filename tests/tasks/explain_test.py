"""Grad-CAM and saliency are what their papers say, for nets small enough to work out by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from nn_zoo.layers.convolution import Conv
from nn_zoo.models import create_model
from nn_zoo.tasks.explain import explain

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(3, 6, 5, 2)).astype(np.float32)
CLASSES = np.array([[0, 1, 2], [2, 2, 0]])


class Tiny(nn.Module):
  """Two convolutions; the logits are quadratic in the second one's output, so that its gradient is plain."""

  @nn.compact
  def __call__(self, x_BHWC, train=False):
    a_BHWK = Conv(4, (3, 3), name='late')(nn.relu(Conv(3, (2, 2), name='zeta')(x_BHWC)))
    weight = self.param('weight', nn.initializers.normal(1.0), (*a_BHWK.shape[1:], 3))
    return jnp.einsum('bhwk,hwkc->bc', a_BHWK**2, weight)


def begun(model, images):
  variables = jax.jit(model.init)(jax.random.key(0), images)
  return {**variables, 'params': jax.tree.map(lambda x: x + 0.1, variables['params'])}


def halved(images):
  return images.astype(jnp.float32) / 2


def test_grad_cam_is_the_relu_of_the_maps_weighted_by_their_mean_gradient():
  variables = begun(Tiny(), IMAGES)
  found = explain(Tiny(), variables, halved, Conv, IMAGES, CLASSES)
  assert found.layer == 'late'
  params = variables['params']
  hidden = nn.relu(Conv(3, (2, 2)).apply({'params': params['zeta']}, IMAGES / 2))
  a_NHWK = np.asarray(Conv(4, (3, 3)).apply({'params': params['late']}, hidden), np.float64)
  weight = np.asarray(params['weight'], np.float64)
  for asked, classes in enumerate(CLASSES):
    for n, c in enumerate(classes):
      gradient_HWK = 2 * a_NHWK[n] * weight[..., c]
      alpha_K = gradient_HWK.mean((0, 1))
      expected = np.maximum(0, sum(alpha_K[k] * a_NHWK[n, ..., k] for k in range(4)))
      np.testing.assert_allclose(found.cam_LNHW[asked, n], expected, rtol=1e-4, atol=1e-7)
  assert 0.1 < np.mean(found.cam_LNHW > 0) < 0.9


def test_saliency_is_the_size_of_the_gradient_in_the_raw_pixels():
  variables = begun(Tiny(), IMAGES)
  found = explain(Tiny(), variables, halved, Conv, IMAGES, CLASSES)
  for asked, classes in enumerate(CLASSES):
    for n, c in enumerate(classes):
      gradient = jax.grad(lambda x, c=c: Tiny().apply(variables, halved(x[None]))[0, c])(IMAGES[n])
      np.testing.assert_allclose(
        found.saliency_LNHW[asked, n], np.abs(gradient).max(-1), rtol=1e-4, atol=1e-7
      )


def test_feature_maps_are_the_outputs_for_the_last_image_in_order_of_use():
  variables = begun(Tiny(), IMAGES)
  maps = explain(Tiny(), variables, halved, Conv, IMAGES, CLASSES).maps
  assert [path for path, _ in maps] == ['zeta', 'late']
  expected = Conv(3, (2, 2)).apply({'params': variables['params']['zeta']}, IMAGES[-1:] / 2)
  np.testing.assert_allclose(maps[0][1], expected[0], rtol=1e-5, atol=1e-6)
  assert maps[1][1].shape == (6, 5, 4)


def test_the_last_convolution_larger_than_one_pixel_is_looked_at():
  class Squeezed(nn.Module):
    @nn.compact
    def __call__(self, x_BHWC, train=False):
      x_BHWC = nn.relu(Conv(20, strides=2, name='first')(x_BHWC))
      x_BHWC = Conv(3, (1, 1), name='last')(jnp.mean(x_BHWC, axis=(1, 2), keepdims=True))
      return x_BHWC[:, 0, 0]

  images = RNG.integers(0, 255, (2, 8, 8, 1)).astype(np.uint8)
  variables = begun(Squeezed(), images / np.float32(255))
  found = explain(Squeezed(), variables, halved, Conv, images, np.array([[0, 1]]))
  assert found.layer == 'first'
  assert found.cam_LNHW.shape == found.saliency_LNHW.shape == (1, 2, 8, 8)
  assert [(path, x.shape) for path, x in found.maps] == [
    ('first', (4, 4, 16)),
    ('last', (1, 1, 3)),
  ]


@pytest.mark.parametrize('normalization', ['batch', 'none'])
def test_a_model_of_the_table_needs_no_change(normalization):
  model = create_model('convnet', classes=3, widths=(4,), hidden=0, normalization=normalization)
  variables = begun(model, IMAGES)
  found = explain(model, variables, halved, Conv, IMAGES, CLASSES)
  assert found.layer == 'Normalization_0'
  assert found.maps[0][0] == 'Conv_0'
  assert np.isfinite(found.cam_LNHW).all()
  assert found.saliency_LNHW.max() > 0


def test_grad_cam_looks_at_the_sum_of_a_residual_block_after_its_activation():
  class Block(nn.Module):
    @nn.compact
    def __call__(self, x_BHWC):
      x_BHWC = Conv(3, name='inner')(x_BHWC)
      return nn.relu(x_BHWC + Conv(3, name='projection')(x_BHWC))

  class Net(nn.Module):
    @nn.compact
    def __call__(self, x_BHWC, train=False):
      return jnp.mean(Block(name='block')(x_BHWC), axis=(1, 2))

  variables = begun(Net(), IMAGES)
  found = explain(Net(), variables, halved, Conv, IMAGES, CLASSES)
  assert found.layer == 'block'
  a_NHWK = Block().apply({'params': variables['params']['block']}, IMAGES / 2)
  # The logit is the mean of its map, whose weight is therefore 1 / pixels, and that of all others 0.
  for n, c in enumerate(CLASSES[0]):
    np.testing.assert_allclose(found.cam_LNHW[0, n], a_NHWK[n, ..., c] / 30, rtol=1e-5, atol=1e-7)


def test_a_module_that_is_used_twice_is_looked_at_in_its_last_use():
  class Twice(nn.Module):
    @nn.compact
    def __call__(self, x_BHWC, train=False):
      conv = Conv(2, name='conv')
      return jnp.mean(conv(conv(x_BHWC)[:, ::2]), axis=(1, 2))

  variables = begun(Twice(), IMAGES)
  found = explain(Twice(), variables, halved, Conv, IMAGES, np.zeros((1, 3), int))
  assert [(path, x.shape) for path, x in found.maps] == [('conv', (6, 5, 2)), ('conv', (3, 5, 2))]
  assert np.isfinite(found.cam_LNHW).all()


def test_a_model_without_a_convolution_has_no_explanation():
  model = create_model('mlp', classes=3, widths=(4,))
  assert explain(model, begun(model, IMAGES), halved, Conv, IMAGES, CLASSES) is None
