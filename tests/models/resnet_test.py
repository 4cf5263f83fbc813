import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.models import create_model

KEY = jax.random.key(0)
SMALL = {'depth': 18, 'stages': (1, 1), 'width': 0.0625}
x_BHWC = jax.random.normal(KEY, (4, 16, 16, 3))


def shapes(name='resnet', images=(2, 224, 224, 3), **fields):
  model = create_model(name, **{'classes': 1000, **fields})
  return jax.eval_shape(model.init, KEY, jax.ShapeDtypeStruct(images, jnp.float32))['params']


def count(params):
  return sum(leaf.size for leaf in jax.tree.leaves(params))


@pytest.mark.parametrize(
  ('depth', 'parameters'),
  [
    (18, 11_689_512),
    (34, 21_797_672),
    (50, 25_557_032),
    (101, 44_549_160),
    (152, 60_192_808),
  ],
)
def test_parameters_are_those_of_the_published_networks(depth, parameters):
  assert count(shapes(depth=depth)) == parameters


@pytest.mark.parametrize(('depth', 'blocks'), [(50, (3, 4, 6, 3)), (152, (3, 8, 36, 3))])
def test_preactivation_has_other_normalizations_and_the_same_convolutions(depth, blocks):
  # After: the stem's, three of a block and the shortcut's. Before: three of a block, and one at the end.
  after, before, channels = 64, 2048, 64
  for stage, count_ in enumerate(blocks):
    inner = 64 * 2**stage
    for block in range(count_):
      after += inner + inner + 4 * inner + (4 * inner if block == 0 else 0)
      before += channels + inner + inner
      channels = 4 * inner
  found = count(shapes(depth=depth, preactivation=True))
  assert found == count(shapes(depth=depth)) + 2 * (before - after)
  assert found == {50: 25_549_352, 152: 60_185_128}[depth]


@pytest.mark.parametrize(
  ('depth', 'blocks'), [(20, 3), (32, 5), (44, 7), (56, 9), (110, 18), (8, 1)]
)
def test_parameters_for_cifar_are_counted_by_hand(depth, blocks):
  stem, head = 27 * 16 + 32, 64 * 10 + 10
  stages = sum(9 * c * c * (2 * blocks) + 2 * c * (2 * blocks) for c in (16, 32, 64))
  narrower = 9 * 16 * 32 + 9 * 32 * 64  # the first kernels of two stages see half of the channels
  found = count(shapes('resnet_cifar', (2, 32, 32, 3), classes=10, depth=depth))
  assert found == stem + stages - narrower + head


def test_parameters_for_cifar_are_those_of_the_paper():
  for depth, millions in ((20, 0.27), (32, 0.46), (44, 0.66), (56, 0.85), (110, 1.7)):
    found = count(shapes('resnet_cifar', (2, 32, 32, 3), classes=10, depth=depth))
    assert round(found / 1e6, 1 if depth == 110 else 2) == millions


@pytest.mark.parametrize('size', [(32, 32), (33, 50)])
@pytest.mark.parametrize('small_images', [False, True])
def test_small_images_change_the_first_convolution_alone(size, small_images):
  params = shapes(images=(2, *size, 1), depth=18, small_images=small_images)
  side = 3 if small_images else 7
  assert params['Conv_0']['kernel'].shape == (side, side, 1, 64)
  assert count(params) == 11_689_512 - 49 * 3 * 64 + side**2 * 64


@pytest.mark.parametrize('small_images', [False, True])
def test_each_stage_but_the_first_halves_the_images(small_images):
  model = create_model('resnet', classes=3, depth=50, width=0.0625, small_images=small_images)
  shape = jax.ShapeDtypeStruct((2, 64, 96, 3), jnp.float32)
  _, state = jax.eval_shape(
    lambda x: model.init_with_output(KEY, x, capture_intermediates=True, mutable=True), shape
  )
  found = [
    state['intermediates'][f'ResidualBlock_{index}']['__call__'][0].shape[1:]
    for index in (2, 6, 12, 15)
  ]
  first = 1 if small_images else 4
  assert found == [(64 // first >> i, 96 // first >> i, 16 << i) for i in range(4)]


def test_the_stride_of_a_bottleneck_is_that_of_its_3x3_convolution():
  model = create_model('resnet', classes=3, **{**SMALL, 'depth': 50}, small_images=True)
  _, state = jax.eval_shape(
    lambda x: model.init_with_output(KEY, x, capture_intermediates=True, mutable=True), x_BHWC
  )
  block = state['intermediates']['ResidualBlock_1']
  sides = [block[f'Conv_{index}']['__call__'][0].shape[1] for index in range(4)]
  assert sides == [16, 8, 8, 8]


@pytest.mark.parametrize(
  ('normalization', 'preactivation'),
  [('batch', False), ('group', False), ('batch', True), ('none', False), ('none', True)],
)
def test_branches_that_begin_as_nothing_learn_from_the_first_step(normalization, preactivation):
  fields = {'classes': 3, 'normalization': normalization, 'preactivation': preactivation}
  # With stochastic depth the branch is to be seen before it is added.
  model = create_model('resnet_cifar', depth=8, width=0.25, stochastic_depth=0.1, **fields)
  variables = jax.jit(model.init)(KEY, x_BHWC)

  def outputs(params):
    logits_BC, state = model.apply(
      {**variables, 'params': params}, x_BHWC, capture_intermediates=True, mutable=['intermediates']
    )
    return jnp.sum(jnp.sin(logits_BC)), state['intermediates']

  grads, seen = jax.jit(jax.grad(outputs, has_aux=True))(variables['params'])
  for name in (f'ResidualBlock_{index}' for index in range(3)):
    branch = seen[name]['StochasticDepth_0']['__call__'][0]
    assert not branch.any()
    assert any(grad.any() for grad in jax.tree.leaves(grads[name]))


def test_shortcuts_without_parameters_keep_every_other_pixel_and_add_zeros():
  model = create_model('resnet_cifar', classes=3, depth=8, width=0.25)
  _, seen = model.init_with_output(KEY, x_BHWC, capture_intermediates=True, mutable=True)
  before, after = (
    seen['intermediates'][f'ResidualBlock_{index}']['__call__'][0] for index in (0, 1)
  )
  assert (before.shape, after.shape) == ((4, 16, 16, 4), (4, 8, 8, 8))
  np.testing.assert_array_equal(after[..., :4], before[:, ::2, ::2])  # the branch is still nothing
  assert not after[..., 4:].any()


def test_preactivation_normalizes_before_and_leaves_the_sum_as_it_is():
  model = create_model('resnet', classes=3, **SMALL, preactivation=True, zero_init=False)
  variables = jax.jit(model.init)(KEY, x_BHWC)
  _, seen = model.apply(variables, x_BHWC, capture_intermediates=True, mutable='intermediates')
  seen = seen['intermediates']
  assert (seen['ResidualBlock_1']['__call__'][0] < 0).any()
  assert (seen['Normalization_0']['__call__'][0] >= 0).all()
  # Stem, twice two convolutions and a shortcut; one normalization of each block's inputs and convolutions.
  kernels = [p for p, _ in jax.tree.leaves_with_path(variables['params']) if p[-1].key == 'kernel']
  scales = [p for p, _ in jax.tree.leaves_with_path(variables['params']) if p[-1].key == 'scale']
  assert (len(kernels), len(scales)) == (1 + 2 + 3 + 1, 2 + 2 + 1)


@pytest.mark.parametrize('name', ['resnet', 'resnet_cifar'])
def test_features_are_what_the_head_sees(name):
  fields = SMALL if name == 'resnet' else {'depth': 8, 'width': 0.25}
  model = create_model(name, classes=3, dropout=0.9, **fields)
  variables = jax.jit(model.init)(KEY, x_BHWC)
  features_BF = model.apply(variables, x_BHWC, method='features')
  head = variables['params']['head']
  assert features_BF.shape == (4, head['kernel'].shape[0])
  expected_BC = features_BF @ head['kernel'] + head['bias'][None]
  np.testing.assert_allclose(model.apply(variables, x_BHWC), expected_BC, rtol=1e-5, atol=1e-6)


def test_stochastic_depth_drops_later_blocks_more_often_and_in_training_alone():
  model = create_model('resnet_cifar', classes=3, depth=8, width=0.25, stochastic_depth=0.9)
  x = jax.random.normal(KEY, (200, 4, 4, 1))
  variables = jax.tree.map(jnp.ones_like, model.init(KEY, x))

  def dropped(train):
    _, seen = model.apply(
      variables, x, train, capture_intermediates=True, mutable=True, rngs={'dropout': KEY}
    )
    branches = [seen['intermediates'][f'ResidualBlock_{i}']['StochasticDepth_0'] for i in range(3)]
    return [np.mean(~branch['__call__'][0].any(axis=(1, 2, 3))) for branch in branches]

  assert dropped(False) == [0, 0, 0]
  for share, rate in zip(dropped(True), (0.3, 0.6, 0.9), strict=True):
    assert abs(share - rate) < 5 * np.sqrt(rate * (1 - rate) / 200)


@pytest.mark.parametrize(
  ('name', 'fields', 'shape', 'smallest'),
  [
    ('resnet', {}, (2, 31, 32, 3), 'resnet with 4 stages .* 32x32'),
    ('resnet', {'small_images': True}, (2, 7, 8, 3), 'resnet with 4 stages .* 8x8'),
    ('resnet', {'stages': (1, 1)}, (2, 8, 7, 3), 'resnet with 2 stages .* 8x8'),
    ('resnet', {}, (2, 3072), 'resnet with 4 stages .* 32x32'),
    ('resnet_cifar', {}, (2, 3, 4, 3), 'resnet_cifar takes .* 4x4'),
    ('resnet_cifar', {}, (2, 32, 32), 'resnet_cifar takes .* 4x4'),
  ],
)
def test_images_that_the_stages_would_use_up_are_named(name, fields, shape, smallest):
  with pytest.raises(InputError, match=rf'{smallest} pixels, got \(2, '):
    shapes(name, shape, **fields)


@pytest.mark.parametrize(
  ('name', 'depth', 'line'),
  [
    ('resnet', 20, 'depth=20: resnet has 18, 34, 50, 101, 152'),
    ('resnet_cifar', 18, r'depth=18: resnet_cifar has 6 n \+ 2 layers'),
    ('resnet_cifar', 2, r'depth=2: resnet_cifar has 6 n \+ 2 layers'),
  ],
)
def test_an_unknown_depth_is_answered_with_those_there_are(name, depth, line):
  with pytest.raises(InputError, match=line):
    shapes(name, depth=depth)
