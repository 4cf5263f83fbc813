"""Many steps in one compiled program.

The loop's length is an argument of the program, not part of it: one executable runs 1 step or 1000, so
how a run is cut into calls changes neither its results, bit for bit, nor what has to be compiled.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nn_zoo.task import Key, Metrics

RESIDENT_BYTES = 4 << 30  # data up to this size is kept on the device
SENT_BYTES = 64 << 20  # of other data, what is sent to the device in one call

Carry = Any
Context = Any
Step = Callable[[Carry, Context, Any, Key], tuple[Carry, Metrics]]


class Calls(NamedTuple):
  """`run(carry, context, first, count)` does steps first ... first + count - 1; count <= size.

  It returns the new carry and the metrics of every step as numpy arrays with a leading axis of `count`.
  """

  run: Callable[[Carry, Context, int, int], tuple[Carry, Metrics]]
  size: int
  compile_seconds: float


def compile_steps(
  step: Step,
  stream: Any,
  carry: Carry,
  context: Context,
  seed: int | Sequence[int],
  use: int,
  size: int,
  meanwhile: Callable[[], None] = lambda: None,
) -> Calls:
  """Compiles a loop over a stream's batches, ahead of time.

  Args:
    step: (carry, context, batch, key) -> (carry, metrics); step i gets fold_in(fold_in(key(seed), use), i).
    stream: indexable by step. One with `arrays` and `rows` that fits the device is put there whole and
      batches are gathered inside the program; of any other, batches are sent with each call.
    carry: donated, so the caller's arrays are gone afterwards.
    context: arrays that every step reads.
    seed: of the run; several give a step as many keys, one for each.
    use: a number of one's own, for random numbers of one's own.
    size: the largest number of steps in a call; fewer where batches are sent and are large.
    meanwhile: called while XLA compiles.
  """
  step = jax.jit(step, inline=True)  # traced once for its shapes and for the loop
  resident, row = _placed(stream)
  if resident is None:
    batch_bytes = sum(leaf.nbytes for leaf in jax.tree.leaves(stream[0]))
    size = min(size, max(1, SENT_BYTES // max(batch_bytes, 1)))

  def many(carry, context, resident, rows, key, first, count):
    key = _fold(key, use)

    def body(index, loop):
      carry, metrics = loop
      batch = jax.tree.map(lambda row: row[index], rows)
      if resident is not None:
        batch = jax.tree.map(lambda array: array[batch], resident)
      carry, new = step(carry, context, batch, _fold(key, first + index))
      return carry, jax.tree.map(lambda all, one: all.at[index].set(one), metrics, new)

    return jax.lax.fori_loop(
      0, count, body, (carry, _buffers(step, carry, context, batch_like, key, size))
    )

  rows = _stack([row(0)] * size)
  batch_like, key = _like(stream[0]), _key(seed)
  arguments = (carry, context, resident, rows, key, np.int32(0), np.int32(0))
  started = time.perf_counter()
  lowered = jax.jit(many, donate_argnums=0).lower(*map(_like, arguments))
  with ThreadPoolExecutor(1) as beside:
    compiled = beside.submit(lowered.compile)
    meanwhile()
    program = compiled.result()
  compile_seconds = time.perf_counter() - started

  def run(carry, context, first, count):
    rows = [row(step) for step in range(first, first + count)]
    rows = _stack(rows + rows[-1:] * (size - count))
    carry, metrics = program(carry, context, resident, rows, key, np.int32(first), np.int32(count))
    return carry, jax.tree.map(lambda array: np.asarray(array)[:count], metrics)

  return Calls(run, size, compile_seconds)


def _placed(stream):
  # (what lives on the device, what is sent for each step)
  arrays = getattr(stream, 'arrays', None)
  if arrays is None or sum(array.nbytes for array in jax.tree.leaves(arrays)) > RESIDENT_BYTES:
    return None, stream.__getitem__
  return jax.device_put(arrays), stream.rows


def _stack(rows):
  return jax.tree.map(lambda *leaves: np.stack(leaves), *rows)


def _like(tree):
  return jax.tree.map(lambda x: jax.ShapeDtypeStruct(np.shape(x), jax.dtypes.result_type(x)), tree)


def _key(seed):
  return jnp.stack([*map(_key, seed)]) if np.ndim(seed) else jax.random.key(seed)


def _fold(key, number):
  fold = jax.random.fold_in
  return jax.vmap(fold, (0, None))(key, number) if key.ndim else fold(key, number)


def _buffers(step, carry, context, batch, key, size):
  _, metrics = jax.eval_shape(step, carry, context, batch, key)
  return jax.tree.map(lambda x: jnp.zeros((size, *x.shape), x.dtype), metrics)
