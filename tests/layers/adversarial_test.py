import jax
import jax.numpy as jnp
import numpy as np

from nn_zoo.layers.adversarial import BatchDeviation, ConditionalNormalization, Judgement
from nn_zoo.layers.spectral import SpectralLinear
from tests.reference import assert_near

rng = np.random.default_rng(0)
KEY = jax.random.key(0)


def test_the_power_iteration_finds_the_largest_singular_value():
  x = np.float32(rng.normal(size=(4, 6, 6, 3)))
  layer = SpectralLinear(5, (3, 3))
  variables = layer.init(KEY, x, True)
  kernel = np.float64(variables['params']['kernel']).reshape(-1, 5)
  train = jax.jit(lambda v: layer.apply(v, x, True, mutable=['batch_stats'])[1])
  for _ in range(100):
    variables |= train(variables)
  largest = np.linalg.svd(kernel)[1][0]
  plain = SpectralLinear(5, (3, 3), spectral=False).apply({'params': variables['params']}, x, True)
  assert_near(layer.apply(variables, x, False), plain / largest, 1e-4)


def test_evaluation_leaves_the_iteration_where_it_is():
  x = np.float32(rng.normal(size=(4, 3)))
  layer = SpectralLinear(5)
  variables = layer.init(KEY, x, True)
  _, after = layer.apply(variables, x, False, mutable=['batch_stats'])
  np.testing.assert_array_equal(after['batch_stats']['u'], variables['batch_stats']['u'])


def test_each_class_has_its_own_scale_and_bias():
  x = np.float32(rng.normal(2, 3, size=(6, 4, 4, 2)))
  label = np.array([0, 1, 2, 0, 1, 2])
  layer = ConditionalNormalization(3)
  scale, bias = np.float32(rng.normal(size=(2, 3, 2)))
  stats = layer.init(KEY, x, label, False)['batch_stats']
  params = {'scale': {'embedding': scale}, 'bias': {'embedding': bias}}
  found, _ = layer.apply(
    {'params': params, 'batch_stats': stats}, x, label, True, mutable=['batch_stats']
  )
  mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
  y = (x - mean) / np.sqrt(variance + 1e-5)
  assert_near(found, y * scale[label][:, None, None] + bias[label][:, None, None], 1e-5)


def test_the_critic_sees_how_much_a_batch_varies():
  x = np.float32(rng.normal(size=(8, 3, 3, 2)))
  layer = BatchDeviation()
  variables = layer.init(KEY, x, True)
  y, after = layer.apply(variables, x, True, mutable=['batch_stats'])
  np.testing.assert_array_equal(y[..., :2], x)
  np.testing.assert_allclose(y[..., 2], np.float32(x.std(axis=0).mean()), rtol=1e-5)
  np.testing.assert_allclose(after['batch_stats']['deviation'], 0.1 * y[0, 0, 0, 2], rtol=1e-6)
  at_evaluation = layer.apply(variables | after, x[:1], False)
  np.testing.assert_allclose(at_evaluation[..., 2], 0.1 * y[0, 0, 0, 2], rtol=1e-6)


def test_a_judgement_adds_the_projection_of_the_class():
  phi, label = np.float32(rng.normal(size=(4, 5))), np.array([2, 0, 1, 2])
  layer = Judgement(3)
  variables = layer.init(KEY, phi, label, True)
  params = jax.tree.map(lambda p: jnp.asarray(rng.normal(size=p.shape), jnp.float32), variables)
  own = params['params']
  linear = own['SpectralLinear_0']
  expected = phi @ linear['kernel'][:, 0] + linear['bias']
  expected += np.sum(np.asarray(own['label']['embedding'])[label] * phi, axis=1)
  assert_near(layer.apply(params, phi, label, False), expected, 1e-5)
