import functools
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from nn_zoo.errors import InputError
from nn_zoo.native import library
from nn_zoo.ops import product
from nn_zoo.ops.recurrence import check_lengths, recurrence, step
from nn_zoo.ops.recurrence_cells import CELLS, State
from nn_zoo.ops.recurrence_variants import EPSILON, GATES, Norm, Weights
from tests.reference import assert_near
from tests.reference import recurrence as reference
from tests.reference import recurrence_variants as variants

# Sizes that fill neither a tile nor a vector.
BATCH, TIME, INPUTS, HIDDEN = 9, 6, 3, 21
LENGTHS = np.array([6, 1, 4, 2, 6, 3, 5, 1, 2])


def example(cell, dtype, batch=BATCH, time=TIME, hidden=HIDDEN, outputs=None):
  """(weights, x_BTD, state), and cotangents of the outputs and the last state."""
  rng = np.random.default_rng(0)
  width, outputs = GATES[cell] * hidden, outputs or hidden

  def draw(*shape, size=1.0):
    return jnp.asarray(rng.normal(size=shape) * size, dtype)

  def state():
    return State(draw(batch, outputs), draw(batch, hidden) if cell == 'lstm' else None)

  weights = Weights(draw(INPUTS, width), draw(outputs, width, size=hidden**-0.5), draw(width))
  if cell == 'gru':
    weights = weights._replace(recurrent_bias_H=draw(hidden))
  return (weights, draw(batch, time, INPUTS), state()), (draw(batch, time, outputs), state())


def oracle(cell, primals, slopes, length_B, reverse):
  (W, U, b, b_r, *_), x_BTD, (h_BH, c_BH) = primals
  dy_BTH, (dh_BH, dc_BH) = slopes
  none, memory = np.zeros(h_BH.shape), c_BH is not None
  arrays = [W, U, b, none[0] if b_r is None else b_r, x_BTD, h_BH, c_BH if memory else none]
  slopes = [dy_BTH, dh_BH, dc_BH if memory else none]
  length_B = [x_BTD.shape[1]] * len(h_BH) if length_B is None else length_B
  (y, h, c), (dW, dU, db, dr, dx, dh, dc) = reference.recurrence(
    cell, *map(np.float64, arrays), length_B, reverse, *map(np.float64, slopes)
  )
  weights = Weights(dW, dU, db, None if b_r is None else dr)
  last = State(h, c if memory else None)
  return (y, last), (weights, dx, State(dh, dc if memory else None))


def with_gradients(cell, length_B, reverse):
  @jax.jit
  def run(primals, slopes):
    values, pull = jax.vjp(lambda *p: recurrence(cell, *p, length_B, reverse), *primals)
    return values, pull(slopes)

  return run


def assert_all_near(found, want, tolerance):
  assert jax.tree.structure(found) == jax.tree.structure(want)
  for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(want), strict=True):
    assert_near(one, other, tolerance)


@pytest.mark.parametrize(('length_B', 'reverse'), [(None, False), (LENGTHS, True)])
@pytest.mark.parametrize('cell', GATES)
def test_values_and_gradients_are_those_of_the_oracle(cell, length_B, reverse):
  with jax.enable_x64(True):
    arrays = example(cell, 'float64')
    found = with_gradients(cell, length_B, reverse)(*arrays)
    assert_all_near(found, oracle(cell, *arrays, length_B, reverse), 1e-10)


@pytest.mark.parametrize(('hidden', 'reverse'), [(64, False), (HIDDEN, False), (HIDDEN, True)])
@pytest.mark.parametrize('cell', CELLS)
def test_kernels_agree_with_the_oracle(cell, hidden, reverse):
  if library.load():
    pytest.skip(f'no kernels here: {library.load()}')
  arrays = example(cell, 'float32', hidden=hidden)
  for length_B in (None, LENGTHS):
    found = with_gradients(cell, length_B, reverse)(*arrays)
    assert_all_near(found, oracle(cell, *arrays, length_B, reverse), 2e-6)


@pytest.mark.slow
@pytest.mark.parametrize('cell', ['gru', 'lstm', 'rnn_tanh', 'rnn_relu'])
def test_second_derivatives_are_those_of_differences(cell):
  with jax.enable_x64(True):
    primals, slopes = example(cell, 'float64', batch=2, time=3, hidden=4)
    length_B = jnp.array([2, 3])

    def weighed(*primals):
      found = recurrence(cell, *primals, length_B)
      return sum(jax.tree.leaves(jax.tree.map(lambda a, b: jnp.sum(a * b), found, slopes)))

    check_grads(jax.jit(weighed), primals, order=2, modes=('fwd', 'rev'), eps=1e-5)


@pytest.mark.parametrize('cell', CELLS)
def test_forward_and_second_derivatives_pass_through_kernels(cell):
  primals, slopes = example(cell, 'float32')
  direction = jax.tree.map(lambda a: a[::-1], primals)

  def both(primals, slopes, direction):
    def gradient(primals):
      _, pull = jax.vjp(lambda *p: recurrence(cell, *p, LENGTHS), *primals)
      return pull(slopes)

    forward = jax.jvp(lambda p: recurrence(cell, *p, LENGTHS), (primals,), (direction,))[1]
    over, pull = jax.vjp(gradient, primals)
    return forward, jax.jvp(gradient, (primals,), (direction,))[1], pull(over)

  found = jax.jit(both)(primals, slopes, direction)
  with jax.enable_x64(True):
    wide = jax.tree.map(np.float64, (primals, slopes, direction))
    assert_all_near(found, jax.jit(both)(*wide), 2e-5)


def test_a_gru_without_a_recurrent_bias_has_one_of_zeros(kernels):
  (weights, x_BTD, state), _ = example('gru', 'float32')
  zeros = weights._replace(recurrent_bias_H=jnp.zeros(HIDDEN))
  run = jax.jit(lambda weights: recurrence('gru', weights, x_BTD, state))
  jax.tree.map(
    np.testing.assert_array_equal, run(weights._replace(recurrent_bias_H=None)), run(zeros)
  )


@pytest.mark.parametrize(
  ('cell', 'field', 'size', 'message'),
  [
    ('gru', 'recurrent_bias_H', HIDDEN + 1, r'a recurrent bias of shape \(22,\), expected \(21,\)'),
    ('lstm', 'recurrent_bias_H', HIDDEN, r'a recurrent bias of shape \(21,\), expected None'),
    (
      'rnn_relu',
      'recurrent_PG',
      (5, HIDDEN),
      r'recurrent weights of shape \(5, 21\), expected \(21, 21\)',
    ),
    ('rnn_tanh', 'peephole_3H', (3, HIDDEN), r'peepholes of shape \(3, 21\), expected None'),
    ('lstm', 'peephole_3H', (3, 1), r'peepholes of shape \(3, 1\), expected \(3, 21\)'),
    ('gru', 'projection_HP', (HIDDEN, HIDDEN), r'a projection of shape \(21, 21\), expected None'),
    ('rnn_tanh', 'bias_G', HIDDEN - 1, r'input weights of shape \(3, 21\), expected \(3, 20\)'),
  ],
)
def test_weights_that_do_not_fit_are_named(cell, field, size, message):
  (weights, x_BTD, state), _ = example(cell, 'float32')
  with pytest.raises(InputError, match=message):
    recurrence(cell, weights._replace(**{field: jnp.zeros(size)}), x_BTD, state)
  with pytest.raises(InputError, match=r'lengths: int64 of shape \(8,\), expected 9 integers'):
    recurrence(cell, weights, x_BTD, state, LENGTHS[1:])


def test_seeds_and_their_gradients_map(kernels):
  cell = 'gru'
  (weights, *inputs), slopes = example(cell, 'float32', batch=3)
  many = jax.tree.map(lambda a: jnp.stack([a, a[..., ::-1]]), weights)

  def loss(weights):
    y_BTH, last = recurrence(cell, weights, *inputs, LENGTHS[:3])
    return jnp.sum(y_BTH * slopes[0]) + jnp.sum(last.h_BH)

  found = jax.jit(jax.vmap(jax.grad(loss)))(many)
  outside = jax.jit(jax.grad(lambda many: jax.vmap(loss)(many).sum()))(many)
  single = jax.jit(jax.grad(loss))
  want = [single(jax.tree.map(lambda a: a[seed], many)) for seed in (0, 1)]  # noqa: B023
  want = jax.tree.map(lambda *a: jnp.stack(a), *want)
  assert_all_near(found, want, 1e-6)
  assert_all_near(outside, want, 1e-6)


@pytest.mark.parametrize('name', ['reset before', 'peepholes, projection and normalized'])
def test_seeds_of_variants_and_their_gradients_map(name, kernels, monkeypatch):
  monkeypatch.setattr(product, 'LEAST', 1)
  with jax.enable_x64(True):
    cell, primals, slopes = one_variant(name)
  (weights, *inputs), slopes = jax.tree.map(np.float32, (primals, slopes))
  many = jax.tree.map(lambda a: np.stack([a, a[..., ::-1]]), weights)
  length_B = np.array([2, 4, 1])

  def loss(weights):
    found = recurrence(cell, weights, *inputs, length_B)
    return sum(jax.tree.leaves(jax.tree.map(lambda a, b: jnp.sum(a * b), found, slopes)))

  found = jax.jit(jax.vmap(jax.grad(loss)))(many)
  single = jax.jit(jax.grad(loss))
  want = [single(jax.tree.map(lambda a: a[seed], many)) for seed in (0, 1)]  # noqa: B023
  assert_all_near(found, jax.tree.map(lambda *a: np.stack(a), *want), 2e-6)


@pytest.mark.parametrize('cell', ['gru', 'gru_reset_before', 'lstm'])
def test_what_is_behind_a_sequence_has_no_effect(cell):
  (weights, x_BTD, state), slopes = example(cell, 'float32')
  outside_BT = np.arange(TIME) >= LENGTHS[:, None]
  other_BTD = jnp.where(outside_BT[..., None], jnp.nan, x_BTD)
  run = with_gradients(cell, LENGTHS, True)
  found, want = run((weights, other_BTD, state), slopes), run((weights, x_BTD, state), slopes)
  jax.tree.map(np.testing.assert_array_equal, found, want)
  (y_BTH, _), (_, dx_BTD, _) = found
  assert not np.any(y_BTH[outside_BT])
  assert not np.any(dx_BTD[outside_BT])
  assert np.all(np.any(dx_BTD[~outside_BT], -1))


VARIANTS = {
  'reset before': ('gru_reset_before', ()),
  'peepholes': ('lstm', ('peephole_3H',)),
  'projection': ('lstm', ('projection_HP',)),
  'normalized': ('lstm', ('norm',)),
  'normalized GRU': ('gru', ('norm',)),
  'normalized RNN': ('rnn_tanh', ('norm',)),
  'normalized, reset before': ('gru_reset_before', ('norm',)),
  'peepholes, projection and normalized': ('lstm', ('peephole_3H', 'projection_HP', 'norm')),
}


def one_variant(name):
  """(cell, primals) and slopes of a small example in which one variant is taken, or all of them."""
  cell, taken = VARIANTS[name]
  outputs = 3 if 'projection_HP' in taken else 5
  (weights, x_BTD, state), slopes = example(cell, 'float64', 3, 4, 5, outputs)
  rng = np.random.default_rng(1)
  width, memory = GATES[cell] * 5, (5, 5) if cell == 'lstm' else ()
  fields = {
    'norm': Norm(*(rng.normal(size=size) for size in (width, width, *memory))),
    'peephole_3H': rng.normal(size=(3, 5)),
    'projection_HP': rng.normal(size=(5, 3)),
  }
  weights = weights._replace(**{name: fields[name] for name in taken})
  return cell, (weights, x_BTD, state), slopes


@pytest.mark.parametrize('reverse', [False, True])
@pytest.mark.parametrize('name', VARIANTS)
def test_variants_and_their_gradients_are_those_of_the_oracle(name, reverse):
  length_B = np.array([2, 4, 1])
  with jax.enable_x64(True):
    cell, primals, slopes = one_variant(name)
    direction = jax.tree.map(lambda a: a[::-1], primals)
    run = functools.partial(recurrence, cell, length_B=length_B, reverse=reverse)
    values, pull = jax.vjp(jax.jit(run), *primals)
    forward = jax.jvp(jax.jit(run), primals, direction)[1]
    gradients = pull(slopes)
  primals, slopes, direction = jax.tree.map(np.asarray, (primals, slopes, direction))

  def outputs(primals):
    weights, x_BTD, state = primals
    y, h, c = variants.recurrence(cell, weights, x_BTD, *state, length_B, reverse, EPSILON)
    return y, State(h, c)

  def weighed(primals):
    products = jax.tree.map(lambda a, b: np.sum(a * b), outputs(primals), slopes)
    return sum(jax.tree.leaves(products))

  assert_all_near(values, jax.tree.map(np.real, outputs(primals)), 1e-10)
  assert_all_near(forward, variants.slope(outputs, primals, direction), 1e-10)
  assert_all_near(gradients, variants.gradient(weighed, primals), 1e-10)


@pytest.mark.parametrize(
  'name',
  [
    'reset before',
    pytest.param('peepholes, projection and normalized', marks=pytest.mark.slow),
  ],
)
def test_second_derivatives_of_the_variants_are_those_of_differences(name):
  with jax.enable_x64(True):
    cell, primals, _ = one_variant(name)
    run = jax.jit(lambda *p: recurrence(cell, *p, np.array([2, 4, 1])))
    check_grads(run, primals, order=2, modes=('fwd', 'rev'), eps=1e-5)


@pytest.mark.parametrize('cell', GATES)
def test_single_steps_are_the_sequence(cell):
  (weights, x_BTD, state), _ = example(cell, 'float32')
  y_BTH, last = recurrence(cell, weights, x_BTD, state)
  one = jax.jit(lambda x_BD, state: step(cell, weights, x_BD, state))
  for t in range(TIME):
    state = one(x_BTD[:, t], state)
    assert_near(state.h_BH, y_BTH[:, t], 1e-6)
  assert_all_near(state, last, 1e-6)


def test_results_do_not_depend_on_the_number_of_threads():
  if library.load():
    pytest.skip(f'no kernels here: {library.load()}')
  program = """
import jax, hashlib
from tests.ops.recurrence_test import LENGTHS, example, with_gradients
for cell in ('rnn_tanh', 'lstm', 'gru'):
  found = with_gradients(cell, LENGTHS, False)(*example(cell, 'float32'))
  print(hashlib.sha256(b''.join(a.tobytes() for a in jax.tree.leaves(found))).hexdigest())
"""
  digests = set()
  for cores in ([0], sorted(os.sched_getaffinity(0))):
    bound = f'import os\nos.sched_setaffinity(0, {cores})\n' + program
    done = subprocess.run(
      [sys.executable, '-c', bound], capture_output=True, text=True, check=True,
      env={**os.environ, 'JAX_PLATFORMS': 'cpu', 'XLA_FLAGS': ''},
    )  # fmt: skip
    digests.add(done.stdout)
  assert len(digests) == 1
  assert done.stdout.count('\n') == 3


@pytest.mark.parametrize(
  ('length_B', 'message'),
  [
    (np.array([1.0, 2.0]), 'float64 of shape'),
    (np.array([1, 2, 3]), 'expected 2 integers'),
    (np.array([3, 0]), '0 of sequence 1, expected 1 to 4'),
    (np.array([5, 2]), '5 of sequence 0, expected 1 to 4'),
  ],
)
def test_wrong_lengths_are_named(length_B, message):
  check_lengths(np.array([4, 1]), 2, 4)
  with pytest.raises(InputError, match=message):
    check_lengths(length_B, 2, 4)
