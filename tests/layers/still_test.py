import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.layers.still import with_still_normalization
from nn_zoo.models import create_model

rng = np.random.default_rng(0)
MODEL = create_model('resnet_cifar', classes=3, depth=8, width=0.25)


def stepped(patterns):
  """Statistics and logits of a call in training, and the variables before it."""
  x_BHWC = jnp.float32(rng.normal(2, 3, size=(8, 8, 8, 3)))
  variables = MODEL.init(jax.random.key(0), x_BHWC)
  stats = jax.tree.map(lambda leaf: leaf + 0.5, variables['batch_stats'])
  variables = {'params': variables['params'], 'batch_stats': stats}

  def step(variables, x_BHWC):
    return MODEL.apply(variables, x_BHWC, train=True, mutable=['batch_stats'])

  logits_BC, after = jax.jit(with_still_normalization(step, patterns))(variables, x_BHWC)
  return logits_BC, after['batch_stats'], variables, x_BHWC


def changed(before, after):
  """Paths of the statistics that differ."""
  pairs = zip(jax.tree.leaves_with_path(before), jax.tree.leaves(after), strict=True)
  return {jax.tree_util.keystr(path) for (path, old), new in pairs if np.any(old != new)}


def test_a_net_that_is_frozen_altogether_gives_what_it_gives_in_evaluation():
  logits_BC, after, variables, x_BHWC = stepped(('*',))
  assert not changed(variables['batch_stats'], after)
  np.testing.assert_allclose(logits_BC, MODEL.apply(variables, x_BHWC), rtol=1e-5, atol=1e-6)


def test_only_what_is_frozen_stays():
  _, after, variables, _ = stepped(('ResidualBlock_1/*',))
  moved = changed(variables['batch_stats'], after)
  assert moved == {
    path
    for path in changed(variables['batch_stats'], jax.tree.map(lambda leaf: leaf + 1, after))
    if 'ResidualBlock_1' not in path
  }
  assert moved


@pytest.mark.parametrize('patterns', [(), ('Conv_*',)])
def test_without_a_frozen_normalization_nothing_changes(patterns):
  _, after, variables, _ = stepped(patterns)
  everything = changed(variables['batch_stats'], jax.tree.map(lambda leaf: leaf + 1, after))
  assert changed(variables['batch_stats'], after) == everything
