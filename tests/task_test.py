"""The contract: exact means, and the one place where gradients are taken."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nn_zoo.task import Average, Learner, Mean, averaged, begin, descend, gradient_norms

RANDOM = np.random.default_rng(0)
BATCH = {
  'inputs': RANDOM.normal(size=(12, 3)).astype(np.float32),
  'targets': RANDOM.normal(size=12).astype(np.float32),
  'weight': RANDOM.uniform(size=12).astype(np.float32),
}
KEY = jax.random.key(0)


def loss(params, stats, batch, key):
  """Least squares of a line: gradients are known in closed form."""
  del key
  error_B = batch['inputs'] @ params['w'] + params['b'] - batch['targets']
  return Mean.of(error_B**2, batch['weight']), (
    stats,
    {'mae': Mean.of(jnp.abs(error_B), batch['weight'])},
  )


def learner(tx):
  return begin({'params': {'w': jnp.array([1.0, -2.0, 0.5]), 'b': jnp.array([0.3])}}, tx)


def gradient():
  """The oracle, in float64."""
  x, y, weight = (np.float64(BATCH[name]) for name in ('inputs', 'targets', 'weight'))
  error = x @ np.array([1.0, -2.0, 0.5]) + 0.3 - y
  return {
    'w': 2 * (weight * error) @ x / weight.sum(),
    'b': np.array([2 * (weight * error).sum() / weight.sum()]),
  }


def test_a_step_of_gradient_descent_is_that_of_the_weighted_mean():
  tx = optax.sgd(0.1)
  new, metrics = jax.jit(descend(loss, tx))(learner(tx), BATCH, KEY)
  for name, expected in gradient().items():
    np.testing.assert_allclose(
      new.params[name], learner(tx).params[name] - 0.1 * expected, rtol=1e-5
    )
  norm = np.sqrt(sum((grad**2).sum() for grad in gradient().values()))
  np.testing.assert_allclose(metrics['grad_norm'].value, norm, rtol=1e-5)
  np.testing.assert_allclose(metrics['param_norm'].value, optax.tree.norm(new.params), rtol=1e-6)


@pytest.mark.parametrize('parts', [2, 3, 4, 6, 12])
def test_accumulation_equals_the_large_batch_with_any_weights(parts):
  tx = optax.adam(0.1)
  expected, metrics = descend(loss, tx)(learner(tx), BATCH, KEY)
  found, parts_metrics = descend(loss, tx, accumulate=parts)(learner(tx), BATCH, KEY)
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6), found, expected)
  for name, mean in metrics.items():
    np.testing.assert_allclose(parts_metrics[name].value, mean.value, rtol=1e-6, err_msg=name)


def test_accumulation_that_does_not_divide_the_batch_is_refused():
  tx = optax.sgd(0.1)
  with pytest.raises(ValueError, match='accumulate=5 does not divide a batch of 12'):
    descend(loss, tx, accumulate=5)(learner(tx), BATCH, KEY)


def test_each_part_gets_a_key_of_its_own():
  def noisy(params, stats, batch, key):
    noise_B = jax.random.normal(key, batch['weight'].shape)
    return Mean.of(noise_B * params['b'], batch['weight']), (
      stats,
      {'noise': Mean(noise_B[0], 1.0)},
    )

  tx = optax.sgd(0.1)
  _, two = descend(noisy, tx, accumulate=2)(learner(tx), BATCH, KEY)
  first = jax.random.normal(jax.random.fold_in(KEY, 0), (6,))[0]
  second = jax.random.normal(jax.random.fold_in(KEY, 1), (6,))[0]
  assert first != second
  np.testing.assert_allclose(two['noise'].total, first + second, rtol=1e-6)


def test_per_example_norms_are_those_of_each_gradient_alone():
  tx = optax.sgd(0.1)
  batch = BATCH | {'weight': BATCH['weight'] * (np.arange(12) > 3)}
  norms_B, weight_B = gradient_norms(loss)(learner(tx), batch, KEY)
  np.testing.assert_array_equal(weight_B, batch['weight'])
  assert not norms_B[:4].any()
  for index in range(4, 12):
    one = jax.tree.map(lambda x, i=index: x[i : i + 1], batch)
    grads = jax.grad(lambda params, one=one: loss(params, {}, one, KEY)[0].value)(
      learner(tx).params
    )
    np.testing.assert_allclose(norms_B[index], optax.tree.norm(grads), rtol=1e-5)
  _, metrics = descend(loss, tx, example_norms=True, norms=False)(learner(tx), batch, KEY)
  expected = np.average(norms_B, weights=weight_B)
  np.testing.assert_allclose(metrics['example_grad_norm'].value, expected, rtol=1e-6)
  assert 'grad_norm' not in metrics


def test_rest_arguments_reach_the_loss():
  def shifted(params, stats, batch, key, shift):
    return loss(params, stats, batch | {'targets': batch['targets'] - shift}, key)

  tx = optax.sgd(0.1)
  for accumulate in (1, 3):
    update = descend(shifted, tx, accumulate=accumulate)
    moved, _ = update(learner(tx), BATCH, KEY, 5.0)
    still, _ = update(learner(tx), BATCH, KEY, 0.0)
    assert not np.allclose(moved.params['b'], still.params['b'])


def test_merged_means_are_the_mean_of_all():
  values, weights = RANDOM.normal(size=10), RANDOM.uniform(size=10)
  whole = Mean.of(values, weights)
  parts = [Mean.of(values[a:b], weights[a:b]) for a, b in ((0, 1), (1, 4), (4, 10))]
  merged = functools.reduce(lambda a, b: jax.tree.map(jnp.add, a, b), parts)
  np.testing.assert_allclose(merged.value, whole.value, rtol=1e-6)
  np.testing.assert_allclose(whole.value, np.average(values, weights=weights), rtol=1e-6)


def test_averaged_finds_the_average_and_else_gives_the_parameters():
  params = {'w': jnp.ones(2)}
  assert averaged(Learner(params, {}, optax.EmptyState())) is params
  mean = {'w': jnp.zeros(2)}
  nested = (optax.EmptyState(), (Average(mean, jnp.array(3)),))
  assert averaged(Learner(params, {}, nested)) is mean
