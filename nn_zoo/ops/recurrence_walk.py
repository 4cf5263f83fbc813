"""What all walks along a sequence share: their derivative's place, and states that stop at a sequence's end.

Axes: B batch, T time, N = B x T.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nn_zoo.ops.linear import linear
from nn_zoo.ops.recurrence_cells import State
from nn_zoo.ops.sequences import before_end


class Walk(NamedTuple):
  """What runs: the cell's name, and whether from the sequences' ends to their beginnings."""

  cell: str
  reverse: bool


def derived(forward: Callable, plain: Callable, transpose: Callable) -> Callable:
  """(walk, arguments) -> (y_BTH, last) of `forward`, with a derivative that walks back in its own way.

  Forward-mode derivatives and those beyond the first are JAX's own, of `plain` and `transpose`.

  Args:
    forward: (walk, save, arguments) -> (y_BTH, last, saved); arguments are a NamedTuple with `length_B`.
    plain: the same in operations that JAX can differentiate.
    transpose: (walk, (arguments, y_BTH, saved), slopes) -> derivatives, as the arguments but for `length_B`.
  """

  @functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
  def run(walk, arguments):
    return forward(walk, False, arguments)[:2]

  def tangent(walk, residuals, tangents):
    arguments = residuals[0]

    def outputs(others):
      return plain(walk, False, others._replace(length_B=arguments.length_B))[:2]

    return jax.jvp(outputs, (arguments._replace(length_B=None),), (tangents,))[1]

  @functools.cache
  def derivative(walk):
    return functools.partial(tangent, walk), functools.partial(transpose, walk)

  @run.defjvp
  def jvp(walk, primals, tangents):
    y_BTH, last, saved = forward(walk, True, primals[0])
    residuals, directions = (primals[0], y_BTH, saved), tangents[0]._replace(length_B=None)
    return (y_BTH, last), linear(*derivative(walk), residuals, directions)

  return run


def alive(length_B: jax.Array | None, values: jax.Array) -> jax.Array:
  """Whether a step of values [batch, time, ...] lies inside its sequence, as [T, B, 1]."""
  return before_end(length_B, values).T[..., None]


def choose(alive_B1: jax.Array, state: State, other: State) -> State:
  """`state` where a sequence goes on, else the other one."""
  return jax.tree.map(lambda a, b: jnp.where(alive_B1, a, b), state, other)


def by_time(array: jax.Array) -> jax.Array:
  """[B, T, ...] as [T, B, ...], and back."""
  return array.swapaxes(0, 1)


def rows(array: jax.Array) -> jax.Array:
  """[B, T, D] as [N, D]."""
  return array.reshape(-1, array.shape[-1])
