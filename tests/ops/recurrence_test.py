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
from nn_zoo.ops.recurrence import EPSILON, GATES, Norm, Weights, check_lengths, recurrence, step
from nn_zoo.ops.recurrence_cells import CELLS, State
from tests.reference import assert_near
from tests.reference import recurrence as reference

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
@pytest.mark.parametrize('cell', ['gru', 'lstm', 'rnn_tanh'])
def test_second_derivatives_are_those_of_differences(cell):
  with jax.enable_x64(True):
    primals, slopes = example(cell, 'float64', batch=2, time=3, hidden=4)
    length_B = jnp.array([2, 3])

    def weighed(*primals):
      found = recurrence(cell, *primals, length_B)
      return sum(jax.tree.leaves(jax.tree.map(lambda a, b: jnp.sum(a * b), found, slopes)))

    check_grads(jax.jit(weighed), primals, order=2, modes=('fwd', 'rev'), eps=1e-5)


@pytest.mark.parametrize('cell', ['gru', 'lstm', 'rnn_relu'])
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


def normalized(a, scale, gates):
  parts = np.stack(np.split(a, gates, -1), -2)
  parts = (parts - parts.mean(-1, keepdims=True)) / np.sqrt(parts.var(-1, keepdims=True) + EPSILON)
  return parts.reshape(a.shape) * scale


def lstm_in_numpy(weights, x_BTD, state):
  """The equations of all variants of an LSTM at once."""
  W, U, b, _, peephole, P, norm = jax.tree.map(np.float64, weights)
  (h, c), y = jax.tree.map(np.float64, state), []
  for x in np.moveaxis(np.float64(x_BTD), 1, 0):
    a = normalized(x @ W, norm.input_G, 4) + normalized(h @ U, norm.recurrent_G, 4) + b
    i, f, n, o = np.split(a, 4, -1)
    i, f = (reference.sigmoid(gate + p * c) for gate, p in ((i, peephole[0]), (f, peephole[1])))
    c = f * c + i * np.tanh(n)
    shifted = normalized(c, norm.memory_H, 1) + norm.memory_shift_H
    h = (reference.sigmoid(o + peephole[2] * c) * np.tanh(shifted)) @ P
    y.append(h)
  return np.stack(y, 1), State(h, c)


def all_variants():
  (weights, x_BTD, state), _ = example('lstm', 'float64', outputs=5)
  rng = np.random.default_rng(1)
  norm = Norm(*(rng.normal(size=size) for size in (4 * HIDDEN, 4 * HIDDEN, HIDDEN, HIDDEN)))
  weights = weights._replace(
    peephole_3H=rng.normal(size=(3, HIDDEN)), projection_HP=rng.normal(size=(HIDDEN, 5)), norm=norm
  )
  return weights, x_BTD, state


def test_peepholes_projection_and_layer_normalization_are_their_equations():
  with jax.enable_x64(True):
    primals = all_variants()
    found = jax.jit(lambda *p: recurrence('lstm', *p))(*primals)
    assert_all_near(found, lstm_in_numpy(*primals), 1e-10)


def one_variant(name):
  """(cell, primals) of a small example in which one variant is taken, or all of them."""
  cell = {'normalized GRU': 'gru', 'reset before': 'gru_reset_before'}.get(name, 'lstm')
  (weights, x_BTD, state), _ = example(cell, 'float64', 3, 4, 5, outputs=3 if 'proj' in name else 5)
  rng = np.random.default_rng(1)
  width, memory = GATES[cell] * 5, (5, 5) if cell == 'lstm' else ()
  norm = Norm(*(rng.normal(size=size) for size in (width, width, *memory)))
  fields = {'peephole_3H': rng.normal(size=(3, 5)), 'projection_HP': rng.normal(size=(5, 3))}
  taken = {
    'reset before': {},
    'peepholes': {'peephole_3H': fields['peephole_3H']},
    'projection': {'projection_HP': fields['projection_HP']},
    'normalized': {'norm': norm},
    'normalized GRU': {'norm': norm},
    'peepholes, projection and normalized': {**fields, 'norm': norm},
  }
  return cell, (weights._replace(**taken[name]), x_BTD, state)


VARIANTS = (
  *('reset before', 'peepholes', 'projection', 'normalized', 'normalized GRU'),
  'peepholes, projection and normalized',
)


@pytest.mark.parametrize('reverse', [False, True])
@pytest.mark.parametrize('name', VARIANTS)
def test_gradients_of_the_variants_are_those_of_differences(name, reverse):
  with jax.enable_x64(True):
    cell, primals = one_variant(name)
    run = jax.jit(lambda *p: recurrence(cell, *p, np.array([2, 4, 1]), reverse))
    check_grads(run, primals, order=1, modes=('fwd', 'rev'), eps=1e-5)


@pytest.mark.parametrize('name', [VARIANTS[0], VARIANTS[-1]])
def test_second_derivatives_of_the_variants_are_those_of_differences(name):
  with jax.enable_x64(True):
    cell, primals = one_variant(name)
    run = jax.jit(lambda *p: recurrence(cell, *p, np.array([2, 4, 1])))
    check_grads(run, primals, order=2, modes=('rev',), eps=1e-5)


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
