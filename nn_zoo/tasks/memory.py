"""How far back a recurrent network's loss reaches: its gradient in the state after every step.

The model is not changed: its recurrent layer is met on the way, as `flax.linen.intercept_methods` allows.

Axes: B batch, T time, H hidden.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from nn_zoo.task import Batch, Key, State, Task


def state_gradients(
  task: Task, state: State, batch: Batch, layer: type[nn.Module]
) -> dict[str, jax.Array]:
  """The mean over a batch of |d loss_b / d h_t|, and of an LSTM also |d loss_b / d c_t|, by step.

  The derivative is the whole one: of what the step gives out and of all that later steps make of its state.
  It is taken in zeros that are added to the state of the top layer, walked step by step. Where it falls by
  the same factor with every step back, the gradient vanishes.

  Args:
    task: whose evaluation gives 'loss'.
    state: of the task.
    batch: examples of one length, which all count.
    layer: the class of the model's recurrent layer, of one direction.

  Returns:
    'h', and 'c' of an LSTM: norms over H for t = 0 ... T - 1.

  Source: Bengio, Simard & Frasconi 1994, "Learning long-term dependencies with gradient descent is
  difficult", https://doi.org/10.1109/72.279181.
  """
  found: dict[str, Any] = {}

  def total(shift):
    def walk(call, arguments, fields, context):
      if not isinstance(context.module, layer) or context.method_name != '__call__':
        return call(*arguments, **fields)
      y_BTF, found['states'] = _walked(context.module, arguments[0], shift)
      return y_BTF

    with nn.intercept_methods(walk):
      return task.evaluate(state, batch, jax.random.key(0))['loss'].total

  jax.eval_shape(total, None)  # to see the states' shapes
  zeros = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), found['states'])
  slopes = jax.jit(jax.grad(total))(zeros)
  names = {'h': slopes.h_BH, 'c': slopes.c_BH}
  return {
    name: jnp.mean(jnp.linalg.norm(slope_TBH, axis=-1), axis=1)
    for name, slope_TBH in names.items()
    if slope_TBH is not None
  }


def _walked(module, x_BTD, shift):
  # What the layer gives out and the top layer's states [T, B, H], to which `shift` is added, step by step.
  layer, variables = module.unbind()

  def move(states, now):
    x_BD, shift = now
    _, states = layer.apply(variables, x_BD, states, method='step')
    top = states[-1] if shift is None else jax.tree.map(jnp.add, states[-1], shift)
    return (*states[:-1], top), top

  first = layer.initial_state(len(x_BTD))
  _, top = jax.lax.scan(move, first, (x_BTD.swapaxes(0, 1), shift))
  return top.h_BH.swapaxes(0, 1), top


def memories(
  tasks: Mapping[str, Task], own: str, state: State, batch: Batch, key: Key, layer: type[nn.Module]
) -> dict[str, dict[str, dict[str, np.ndarray]]]:
  """`state_gradients` as arrays: when -> kind of cell -> 'h' or 'c' -> norms.

  Args:
    tasks: kind of cell -> the same task with such a network.
    own: the kind that has been trained.
    state: what it has come to.
    batch, layer: see `state_gradients`.
    key: of the first states.
  """
  first = {name: jax.jit(task.init)(key, batch) for name, task in tasks.items()}

  def norms(name, state):
    found = state_gradients(tasks[name], state, batch, layer)
    return {part: np.asarray(norm_T) for part, norm_T in found.items()}

  return {
    'before training': {name: norms(name, first[name]) for name in tasks},
    'after training': {own: norms(own, state)},
  }
