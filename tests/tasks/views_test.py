"""Test-time augmentation: the mean over views by hand, and nothing at all without views."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.tasks import TASKS
from nn_zoo.tasks.views import VIEWS, over_views
from tests.examples import as_float

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 4, 6, 2)).astype(np.uint8)
BATCH = {
  'inputs': IMAGES,
  'targets': np.array([0, 1, 2, 0, 1], np.int32),
  'weight': np.array([1, 1, 1, 1, 0], np.float32),
}


def task(**fields):
  model = create_model('convnet', classes=3, widths=(4,), hidden=0)
  return TASKS['classification'](model, optax.sgd(0.1), prepare=as_float, **fields)


@cache
def plain():
  """The task without views, its first state, and what one step makes of that."""
  made, key = task(), jax.random.key(1)
  state = jax.jit(made.init)(jax.random.key(0), BATCH)
  return made, state, jax.jit(made.step)(state, BATCH, key)


def test_two_views_by_hand():
  one, state, _ = plain()
  both = task(views=('flip',))
  probabilities = [
    np.asarray(jax.nn.softmax(one.predict(state, images, None)), np.float64)
    for images in (IMAGES, IMAGES[:, :, ::-1])
  ]
  mean = sum(probabilities) / 2
  found = np.asarray(both.predict(state, IMAGES, None))
  np.testing.assert_allclose(found, np.log(mean), rtol=1e-5, atol=1e-6)
  np.testing.assert_allclose(jax.nn.softmax(found), mean, rtol=1e-5)
  metrics = both.evaluate(state, BATCH, None)
  label = np.log(mean)[np.arange(4), BATCH['targets'][:4]]
  np.testing.assert_allclose(metrics['loss'].value, -label.mean(), rtol=1e-5)


def test_the_views_of_several_names_count_alike():
  def predict(state, images, key):
    del state, key
    return images[:, 1, 1].astype(jnp.float32)

  found = over_views(predict, ('shift', 'flip_vertical'))(None, IMAGES / 100, None)
  places = [(1, 1), (0, 1), (2, 1), (1, 0), (1, 2), (2, 1)]
  logits = np.stack([IMAGES[:, i, j] / 100 for i, j in places])
  shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
  np.testing.assert_allclose(np.exp(found), shares.mean(axis=0), rtol=1e-5)


def test_shifts_bring_in_zeros():
  down, up, right, left = VIEWS['shift'](IMAGES)
  np.testing.assert_array_equal(down[:, 1:], IMAGES[:, :-1])
  np.testing.assert_array_equal(up[:, :-1], IMAGES[:, 1:])
  np.testing.assert_array_equal(right[:, :, 1:], IMAGES[:, :, :-1])
  np.testing.assert_array_equal(left[:, :, :-1], IMAGES[:, :, 1:])
  assert not any(map(np.any, (down[:, 0], up[:, -1], right[:, :, 0], left[:, :, -1])))


@pytest.mark.parametrize('name', VIEWS)
def test_training_knows_of_no_view_and_jit_changes_nothing(name):
  one, state, stepped = plain()
  other, key = task(views=(name,)), jax.random.key(1)
  for found, expected in zip(
    jax.tree.leaves(jax.jit(other.step)(state, BATCH, key)),
    jax.tree.leaves(stepped),
    strict=True,
  ):
    np.testing.assert_array_equal(found, expected)
  np.testing.assert_allclose(
    jax.jit(other.predict)(state, IMAGES, key), other.predict(state, IMAGES, key), rtol=1e-5
  )
  assert np.any(other.predict(state, IMAGES, key) != one.predict(state, IMAGES, key))


def test_without_views_the_logits_are_the_models():
  _, state, _ = plain()
  model = create_model('convnet', classes=3, widths=(4,), hidden=0)
  expected = model.apply({'params': state.params, **state.stats}, as_float(IMAGES))
  np.testing.assert_array_equal(task(views=()).predict(state, IMAGES, None), expected)


@pytest.mark.parametrize(
  ('fields', 'message'),
  [
    ({'views': ('flipp',)}, "task.views='flipp' is unknown. Did you mean 'flip'"),
    ({'views': ('flip',), 'loss': 'hinge'}, "task.loss='hinge' has no probabilities to average"),
  ],
)
def test_views_that_cannot_be_are_one_line(fields, message):
  with pytest.raises(InputError, match=message) as caught:
    task(**fields)
  assert '\n' not in str(caught.value)


def test_inputs_that_are_no_images_are_named():
  with pytest.raises(InputError, match=r"task.views=\('flip',\): expected images .* \(3, 2\)"):
    over_views(None, ('flip',))(None, np.zeros((3, 2)), None)
