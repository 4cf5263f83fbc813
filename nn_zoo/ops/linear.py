"""A linear function together with its transpose, where one that is written out beats the derived one."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir, xla


def linear(function: Callable, transpose: Callable, residuals: Any, tangents: Any) -> Any:
  """function(residuals, tangents), whose transpose in `tangents` is transpose(residuals, cotangents).

  Derivatives in `residuals`, of any order, are those of the two functions as JAX sees them.

  Args:
    function: linear in its second argument.
    transpose: takes what `function` returns as its second argument and returns the like of `tangents`.
    residuals, tangents: trees of arrays.
  """
  flat_residuals, residual_tree = jax.tree.flatten(residuals)
  flat_tangents, tangent_tree = jax.tree.flatten(tangents)
  flat, flat_transpose, outputs = _flat(function, transpose, residual_tree, tangent_tree)
  found = linear_p.bind(
    *flat_residuals,
    *flat_tangents,
    function=flat,
    transpose=flat_transpose,
    count=len(flat_residuals),
  )
  return jax.tree.unflatten(outputs[0], found)


@functools.cache
def _flat(function, transpose, residual_tree, tangent_tree):
  outputs = []  # filled when the function is first traced, which binding does

  def flat(residuals, tangents):
    found = function(
      jax.tree.unflatten(residual_tree, residuals), jax.tree.unflatten(tangent_tree, tangents)
    )
    leaves, tree = jax.tree.flatten(found)
    outputs[:] = [tree]
    return leaves

  def flat_transpose(residuals, cotangents):
    found = transpose(
      jax.tree.unflatten(residual_tree, residuals), jax.tree.unflatten(outputs[0], cotangents)
    )
    return jax.tree.leaves(found)

  return flat, flat_transpose, outputs


linear_p = Primitive('linear')
linear_p.multiple_results = True
linear_p.def_impl(functools.partial(xla.apply_primitive, linear_p))


def _evaluate(*arrays, function, transpose, count):
  return function(list(arrays[:count]), list(arrays[count:]))


@linear_p.def_abstract_eval
def _shapes(*avals, function, transpose, count):
  return jax.make_jaxpr(function)(list(avals[:count]), list(avals[count:])).out_avals


def _jvp(primals, tangents, **fields):
  tangents = [ad.instantiate_zeros(tangent) for tangent in tangents]
  outputs, slopes = jax.jvp(functools.partial(_evaluate, **fields), primals, tuple(tangents))
  return outputs, slopes


def _transposed(cotangents, *arrays, function, transpose, count):
  found = transpose(list(arrays[:count]), [ad.instantiate_zeros(g) for g in cotangents])
  wanted = [
    slope if ad.is_undefined_primal(array) else None
    for slope, array in zip(found, arrays[count:], strict=True)
  ]
  return [None] * count + wanted


@functools.cache
def _mapped(function, transpose, axes):
  return jax.vmap(function, (list(axes), 0)), jax.vmap(transpose, (list(axes), 0))


def _map(arrays, axes, *, function, transpose, count):
  size = next(
    array.shape[axis] for array, axis in zip(arrays, axes, strict=True) if axis is not None
  )
  tangents = [
    jnp.broadcast_to(array, (size, *array.shape)) if axis is None else jnp.moveaxis(array, axis, 0)
    for array, axis in zip(arrays[count:], axes[count:], strict=True)
  ]
  function, transpose = _mapped(function, transpose, tuple(axes[:count]))
  found = linear_p.bind(
    *arrays[:count], *tangents, function=function, transpose=transpose, count=count
  )
  return found, [0] * len(found)


ad.primitive_jvps[linear_p] = _jvp
ad.primitive_transposes[linear_p] = _transposed
batching.primitive_batchers[linear_p] = _map
mlir.register_lowering(linear_p, mlir.lower_fun(_evaluate, multiple_results=True))
