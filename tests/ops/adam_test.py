"""Adam's step against optax's, wherever it can stand; tests/train/optimizers_test.py has float64."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nn_zoo.ops import adam as module
from nn_zoo.ops.adam import adam
from tests.reference import assert_near

FIELDS = {'b1': 0.8, 'b2': 0.95, 'eps': 1e-3}
DECAYS = (0.0, 0.25, 0.0)
rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def even_few_by_the_kernel(monkeypatch):
  monkeypatch.setattr(module, 'LEAST', 0)


def net(dtype=jnp.float32):
  """More than a task of the kernel takes, a scalar, and nothing."""
  shapes = {'a': (), 'b': (131, 71), 'c': (0, 3)}
  return {name: jnp.asarray(rng.normal(size=shape), dtype) for name, shape in shapes.items()}


def ours(params, gradients, rate=0.1):
  def body(carry, each):
    count, grads = each
    mu, nu, params = adam(rate, count, grads, *carry, **FIELDS, decays=DECAYS)
    return (mu, nu, params), None

  zeros = jax.tree.map(jnp.zeros_like, params)
  steps = jnp.arange(1, 1 + len(gradients['a']))
  return jax.lax.scan(body, (zeros, zeros, params), (steps, gradients))[0]


def theirs(params, gradients, rate=0.1):
  mask = {'a': False, 'b': True, 'c': False}
  tx = optax.adamw(rate, **FIELDS, weight_decay=0.25, mask=mask)
  state = tx.init(params)
  for step in range(len(gradients['a'])):
    grads = jax.tree.map(lambda leaf, step=step: leaf[step], gradients)
    updates, state = tx.update(grads, state, params)
    params = optax.apply_updates(params, updates)
  return state[0].mu, state[0].nu, params


def some(steps=3, dtype=jnp.float32):
  return net(dtype), jax.tree.map(lambda *leaves: jnp.stack(leaves), *(net(dtype),) * steps)


def near(found, wanted, tolerance=1e-6):
  for leaf, want in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
    assert (leaf.dtype, leaf.shape) == (want.dtype, want.shape)
    if want.size:
      assert_near(np.float64(leaf), np.float64(want), tolerance)


def test_steps_in_a_compiled_loop_are_those_of_optax(kernels):
  arguments = some()
  near(jax.jit(ours)(*arguments), theirs(*arguments))


def test_arrays_of_the_caller_stay_as_they_are(kernels):
  params, gradients = some()
  before = jax.tree.map(np.array, params)
  jax.jit(ours)(params, gradients)
  jax.tree.map(np.testing.assert_array_equal, params, before)


def test_bfloat16_is_that_of_optax(kernels):
  arguments = some(dtype=jnp.bfloat16)
  near(jax.jit(ours)(*arguments), theirs(*arguments), 2**-6)


def test_it_maps_over_rates_and_nets(kernels):
  params, gradients = jax.tree.map(lambda *leaves: jnp.stack(leaves), some(), some())
  rates = jnp.array([0.1, 0.3])
  found = jax.jit(jax.vmap(ours))(params, gradients, rates)
  for place, rate in enumerate((0.1, 0.3)):
    one = [
      jax.tree.map(lambda leaf, place=place: leaf[place], tree)
      for tree in (params, gradients, found)
    ]
    near(one[2], theirs(*one[:2], rate))


def test_it_has_a_derivative_with_respect_to_the_rate(kernels):
  params, gradients = some()

  def norm(take, rate):
    return optax.tree.norm(take(params, gradients, rate)[2])

  slopes = [jax.grad(lambda rate, take=take: norm(take, rate))(0.1) for take in (ours, theirs)]
  assert slopes[1] != 0
  np.testing.assert_allclose(*slopes, rtol=1e-4)


def test_devices_step_alike_under_shard_map(kernels):
  params, gradients = some(2)
  mesh = jax.make_mesh((2,), ('data',), axis_types=(jax.sharding.AxisType.Auto,))

  def own(params, gradients):
    # Made here, since jax 0.11 crashes on every empty array that is given to shard_map.
    params, gradients = params | {'c': jnp.zeros((0, 3))}, gradients | {'c': jnp.zeros((1, 0, 3))}
    gradients = jax.tree.map(lambda leaf: jax.lax.pmean(leaf[0], 'data')[None], gradients)
    return ours(params, gradients)

  split = jax.shard_map(own, mesh=mesh, in_specs=(jax.P(), jax.P('data')), out_specs=jax.P())
  mean = jax.tree.map(lambda leaf: jnp.mean(leaf, axis=0, keepdims=True), gradients)
  given = [{name: tree[name] for name in ('a', 'b')} for tree in (params, gradients)]
  near(jax.jit(split)(*given), theirs(params, mean))


def test_small_nets_stay_with_xla(kernels, monkeypatch):
  size = 131 * 71 + 1
  targets = []
  for least in (size, size + 1):
    monkeypatch.setattr(module, 'LEAST', least)
    jax.clear_caches()
    targets.append('nn_zoo_adam_step' in jax.jit(ours).lower(*some()).as_text())
  assert targets == [kernels == 'native', False]
