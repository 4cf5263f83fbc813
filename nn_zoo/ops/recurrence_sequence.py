"""A cell along a sequence: fast forms of it and of its derivative.

Axes: B batch, T time, D inputs, H hidden, G gates x hidden, N = B x T.

  g_t = x_t W;    r_t = h_{t-1} U + b_r;    state_t = cell(g_t + b, r_t, state_{t-1})

The product with the inputs is one over all steps in the scan, one over some steps at a time in the kernels,
where it stays in the cache. The derivative walks back over time with the derivative in the state alone; those
in the weights are one product each at the end. On a CPU the walks are kernels of `nn_zoo.native`, elsewhere a
`lax.scan`. Forward-mode derivatives and those beyond the first are JAX's own, of the scan.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nn_zoo.native import library
from nn_zoo.ops.product import product
from nn_zoo.ops.recurrence_cells import CELLS, Saved, State
from nn_zoo.ops.recurrence_walk import alive, by_time, choose, derived, rows


class Arguments(NamedTuple):
  """Of a sequence; recurrent_bias_H is the candidate's b_r in a GRU."""

  x_BTD: jax.Array
  input_DG: jax.Array
  recurrent_HG: jax.Array
  bias_G: jax.Array
  recurrent_bias_H: jax.Array | None
  state: State
  length_B: jax.Array | None


def _transpose(walk, residuals, slopes):
  primals, y_BTH, saved = residuals
  h_BTH = _before(walk, y_BTH, primals.state.h_BH, primals.length_B)
  g_BTG, r_BTH, state, bias_BG = _backward(
    walk, primals.recurrent_HG, primals.state, primals.length_B, y_BTH, h_BTH, saved, *slopes
  )
  x_ND, h_NH, g_NG = rows(primals.x_BTD), rows(h_BTH), rows(g_BTG)
  recurrent_HG = product(h_NH, g_NG, a_turned=True, helped=True)
  if r_BTH is not None:
    r_NH = rows(r_BTH)
    last_HH = product(h_NH, r_NH, a_turned=True, helped=True)
    recurrent_HG = recurrent_HG.at[:, -r_NH.shape[1] :].set(last_HH)
  # One after the other: products of all cores that run at once are in each other's way.
  recurrent_HG, g_NG = jax.lax.optimization_barrier((recurrent_HG, g_NG))
  input_DG = product(x_ND, g_NG, a_turned=True, helped=True)
  input_DG, g_NG = jax.lax.optimization_barrier((input_DG, g_NG))
  x_ND = product(g_NG, primals.input_DG, b_turned=True, helped=True)
  biases = _summed(bias_BG, g_NG.shape[1])
  return Arguments(x_ND.reshape(primals.x_BTD.shape), input_DG, recurrent_HG, *biases, state, None)


def _summed(bias_BG, gates):
  # The biases' derivatives: of all gates, and of a GRU's candidate in the product behind them.
  bias_G = bias_BG.sum(0)
  return bias_G[:gates], bias_G[gates:] if bias_G.size > gates else None


def _before(walk, h_BTH, first_BH, length_B):
  # The state before each step.
  if not walk.reverse:
    return jnp.concatenate([first_BH[:, None], h_BTH[:, :-1]], 1)
  h_BTH = jnp.concatenate([h_BTH[:, 1:], first_BH[:, None]], 1)
  if length_B is None:
    return h_BTH
  last_BT1 = jnp.arange(h_BTH.shape[1])[None, :, None] == length_B[:, None, None] - 1
  return jnp.where(last_BT1, first_BH[:, None], h_BTH)


# Forward: outputs, the last state, and what is saved.


def _scan(walk, save, arguments):
  x_BTD, input_DG, recurrent_HG, bias_G, recurrent_bias_H, state, length_B = arguments
  cell = CELLS[walk.cell]

  def step(state, now):
    g_BG, alive_B1 = now
    r_BG = state.h_BH @ recurrent_HG
    if recurrent_bias_H is not None:
      r_BG = r_BG.at[:, -recurrent_bias_H.size :].add(recurrent_bias_H[None])
    after, saved = cell.forward(g_BG + bias_G[None], r_BG, state)
    y_BH = jnp.where(alive_B1, after.h_BH, 0)
    return choose(alive_B1, after, state), (y_BH, saved if save else Saved())

  steps = by_time(x_BTD) @ input_DG, alive(length_B, x_BTD)
  last, found = jax.lax.scan(step, state, steps, reverse=walk.reverse)
  y_BTH, saved = jax.tree.map(by_time, found)
  return y_BTH, last, saved


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _forward(walk, save, arguments):
  plain = functools.partial(_scan, walk, save)
  if not _fits(arguments.x_BTD, arguments.input_DG, arguments.recurrent_HG):
    return plain(arguments)
  native = functools.partial(_native_forward, walk, save)
  return jax.lax.platform_dependent(arguments, cpu=native, default=plain)


@_forward.defjvp
def _forward_jvp(walk, save, primals, tangents):
  return jax.jvp(functools.partial(_scan, walk, save), primals, tangents)


# Backward: derivatives in g, in the candidate's r, in the first state, and in each sequence's biases.


def _scan_back(walk, recurrent_HG, state, length_B, y_BTH, h_BTH, saved, dy_BTH, dlast):
  cell = CELLS[walk.cell]
  c_BTH = None if not cell.memory else _before(walk, saved.kept_BH, state.c_BH, length_B)

  def step(slope, now):
    y_BH, before, saved, dy_BH, alive_B1 = now
    found = cell.backward(saved, before, State(y_BH), slope._replace(h_BH=slope.h_BH + dy_BH))
    r_BG = found.g_BG
    if found.r_BH is not None:
      r_BG = jnp.concatenate([r_BG[:, : -found.r_BH.shape[1]], found.r_BH], -1)
    h_BH = found.state.h_BH + r_BG @ recurrent_HG.T
    outer = jax.tree.map(lambda a: jnp.where(alive_B1, a, 0), (found.g_BG, found.r_BH))
    return choose(alive_B1, found.state._replace(h_BH=h_BH), slope), outer

  steps = jax.tree.map(by_time, (y_BTH, State(h_BTH, c_BTH), saved, dy_BTH))
  steps = *steps, alive(length_B, y_BTH)
  first, found = jax.lax.scan(step, dlast, steps, reverse=not walk.reverse)
  biases = [array.sum(0) for array in found if array is not None]
  return *jax.tree.map(by_time, found), first, jnp.concatenate(biases, -1)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _backward(walk, recurrent_HG, *arrays):
  plain = functools.partial(_scan_back, walk)
  if not _fits(recurrent_HG, arrays[2]):
    return plain(recurrent_HG, *arrays)
  native = functools.partial(_native_back, walk)
  return jax.lax.platform_dependent(recurrent_HG, *arrays, cpu=native, default=plain)


@_backward.defjvp
def _backward_jvp(walk, primals, tangents):
  return jax.jvp(functools.partial(_scan_back, walk), primals, tangents)


# The kernels take all arguments; an array that a cell does not have is empty.


def _fits(*arrays):
  floats = all(array.dtype == jnp.float32 and array.size for array in arrays)
  return floats and not library.load()


def _filled(*arrays):
  return [jnp.zeros((0,), jnp.float32) if array is None else array for array in arrays]


def _lengths(length_B):
  return jnp.zeros((0,), jnp.int32) if length_B is None else length_B.astype(jnp.int32)


def _call(name, outputs, walk, alias, arrays):
  shapes = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in outputs]
  run = jax.ffi.ffi_call(name, shapes, vmap_method='sequential', input_output_aliases=alias)
  return run(*arrays, cell=list(CELLS).index(walk.cell), reverse=int(walk.reverse))


def _native_forward(walk, save, arguments):
  *arrays, state, length_B = arguments
  cell, h = CELLS[walk.cell], state.h_BH.shape
  batch, time, _ = arguments.x_BTD.shape
  y, gated, none = (batch, time, h[1]), cell.gates > 1, (0,)
  gates = (batch * time, cell.gates * h[1]) if gated else none
  outputs = y, gates, y if save and gated else none, h, h if cell.memory else none
  arrays = (*_filled(*arrays, state.h_BH, state.c_BH), _lengths(length_B))
  y_BTH, gates_NG, kept_BTH, h_BH, c_BH = _call(library.RECURRENCE, outputs, walk, {}, arrays)
  last = State(h_BH, c_BH if cell.memory else None)
  saved = Saved(gates_NG.reshape(*y[:2], -1), kept_BTH) if save and gated else Saved()
  return y_BTH, last, saved


def _native_back(walk, recurrent_HG, state, length_B, y_BTH, h_BTH, saved, dy_BTH, dlast):
  cell, candidate = CELLS[walk.cell], walk.cell == 'gru'
  gates = rows(saved.gates_BG) if cell.gates > 1 else y_BTH
  biases = y_BTH.shape[0], (cell.gates + candidate) * y_BTH.shape[2]
  first = [array.shape for array in _filled(*dlast)]
  outputs = gates.shape, y_BTH.shape if candidate else (0,), *first, biases
  arrays = _filled(gates, saved.kept_BH, dy_BTH, recurrent_HG)
  arrays += _filled(h_BTH if candidate else None, state.c_BH, *dlast)
  # Derivatives take the place of what they are of: fresh memory costs as much as a product.
  alias = {0: 0} if cell.gates > 1 else {2: 0}
  if candidate:
    alias[1] = 1
  found = _call(library.RECURRENCE_BACKWARD, outputs, walk, alias, (*arrays, _lengths(length_B)))
  g, r_BTH, h_BH, c_BH, bias_BG = found
  last = State(h_BH, c_BH if cell.memory else None)
  return g.reshape(*y_BTH.shape[:2], -1), r_BTH if candidate else None, last, bias_BG


sequence = derived(_forward, _scan, _transpose)
