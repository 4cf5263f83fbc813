"""Adam's step over all arrays of a net at once.

  m' = b1 m + (1 - b1) g
  s' = b2 s + (1 - b2) g^2
  w' = w - rate (m' / c1 / (sqrt(s' / c2) + eps) + decay w),   c1 = 1 - b1^t,  c2 = 1 - b2^t

On a CPU it is a kernel of `nn_zoo.native`: XLA walks the arrays three times, and copies some so that it
may, where one walk that reads g, m, s, w and writes m, s, w in their places will do. Elsewhere, and for
arrays that are not float32, it is these lines as they stand, of which a GPU's compiler makes one walk.

Source: Kingma & Ba 2014, "Adam: A Method for Stochastic Optimization", https://arxiv.org/abs/1412.6980;
decay as in Loshchilov & Hutter 2017, https://arxiv.org/abs/1711.05101.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir, xla

from nn_zoo.native import library
from nn_zoo.ops.varying import alike

LEAST = 2**14  # parameters, below which a call costs more than it gains


def adam(
  rate: jax.Array,
  count: jax.Array,
  grads: Any,
  first: Any,
  second: Any,
  params: Any,
  *,
  b1: float,
  b2: float,
  eps: float,
  decays: Sequence[float],
) -> tuple[Any, Any, Any]:
  """m', s' and w' of the equations above.

  Args:
    rate: the learning rate.
    count: t, of steps with this one.
    grads, first, second, params: g, m, s and w, trees of one form.
    b1, b2, eps: as above.
    decays: of the leaves of `params`, in their order.
  """
  corrections = [1 - b**count for b in (b1, b2)]
  tree = jax.tree.structure(params)
  leaves = [leaf for part in (grads, first, second, params) for leaf in jax.tree.leaves(part)]
  numbers = jnp.stack([jnp.asarray(rate, corrections[0].dtype), *corrections])
  settings = {'b1': b1, 'b2': b2, 'eps': eps, 'decays': tuple(decays)}
  new = adam_p.bind(*alike((numbers, *leaves)), **settings)
  return tuple(jax.tree.unflatten(tree, part) for part in _parts(new, 3))


adam_p = Primitive('adam')
adam_p.multiple_results = True
adam_p.def_impl(functools.partial(xla.apply_primitive, adam_p))


@adam_p.def_abstract_eval
def _shapes(numbers, *leaves, **settings):
  return leaves[len(leaves) // 4 :]


def _parts(leaves, count):
  size = len(leaves) // count
  return [leaves[first : first + size] for first in range(0, len(leaves), size)]


def _lines(numbers, *leaves, b1, b2, eps, decays):
  new = [
    _line(numbers, *arrays, b1, b2, eps, decay)
    for *arrays, decay in zip(*_parts(leaves, 4), decays, strict=True)
  ]
  return [leaf for part in zip(*new, strict=True) for leaf in part]


def _line(numbers, g, m, s, w, b1, b2, eps, decay):
  rate, first, second = numbers.astype(w.dtype)
  m, s = (1 - b1) * g + b1 * m, (1 - b2) * g**2 + b2 * s
  return m, s, w - rate * (m / first / (jnp.sqrt(s / second) + eps) + decay * w)


def _cpu(numbers, *leaves, b1, b2, eps, decays):
  plain = {leaf.dtype for leaf in (numbers, *leaves)} != {jnp.dtype('float32')}
  if plain or sum(leaf.size for leaf in leaves) < 4 * LEAST or library.load():
    return _lines(numbers, *leaves, b1=b1, b2=b2, eps=eps, decays=decays)
  kept = leaves[len(decays) :]
  aliases = {1 + len(decays) + place: place for place in range(len(kept))}
  call = jax.ffi.ffi_call(
    library.ADAM, [jax.typeof(leaf) for leaf in kept], input_output_aliases=aliases
  )
  settings = {name: np.float32(value) for name, value in (('b1', b1), ('b2', b2), ('eps', eps))}
  return call(numbers, *leaves, decays=np.asarray(decays, np.float32), **settings)


def _map(arrays, axes, **settings):
  new = jax.vmap(functools.partial(_lines, **settings), axes)(*arrays)
  return new, [0] * len(new)


def _jvp(primals, tangents, **settings):
  tangents = map(ad.instantiate_zeros, tangents)
  return jax.jvp(functools.partial(_lines, **settings), primals, tuple(tangents))


batching.primitive_batchers[adam_p] = _map
ad.primitive_jvps[adam_p] = _jvp
mlir.register_lowering(adam_p, mlir.lower_fun(_lines, multiple_results=True))
mlir.register_lowering(adam_p, mlir.lower_fun(_cpu, multiple_results=True), platform='cpu')
