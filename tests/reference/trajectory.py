"""A few parameters of every kind, random gradients for them, and where an optimizer takes them."""

import jax
import numpy as np

from nn_zoo.task import stepping

STEPS = 8
HALVING = {'name': 'step', 'every': 3, 'factor': 0.5}
# Powers of two, as schedules are in float32 whatever the parameters are in.
RATES = [2.0**-3] * 3 + [2.0**-4] * 3 + [2.0**-5] * 2

_rng = np.random.default_rng(0)


def parameters():
  """A matrix, biases that start at 0, a kernel of a convolution, and a scalar such as PReLU's."""
  return {
    'Dense_0': {'kernel': _rng.normal(size=(3, 4)), 'bias': np.zeros(4)},
    'Conv_0': {'kernel': _rng.normal(size=(2, 2, 1, 3))},
    'PReLU_0': {'negative_slope': np.array(0.25)},
  }


PARAMS = parameters()
GRADIENTS = [jax.tree.map(lambda x: _rng.normal(size=x.shape), PARAMS) for _ in range(STEPS)]
LOSSES = [4.0 * step for step in range(1, STEPS + 1)]


def trajectory(tx, params=PARAMS, steps=STEPS, move=True):
  """The parameters after each step; not `move`: every step is taken from the start.

  Not jitted: one by one, most operations are the same for all optimizers, and compiled but once.
  """
  step, state, seen = stepping(tx), tx.init(params), []
  for grads, loss in zip(GRADIENTS[:steps], LOSSES[:steps], strict=True):
    grads = jax.tree.map(lambda grad, param: grad.astype(param.dtype), grads, params)
    after, state = step(grads, state, params, value=loss)
    seen.append(after)
    params = after if move else params
  return seen


def flat(tree):
  return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])
