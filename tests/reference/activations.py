"""Activations in float64, each as (value, pull back of a cotangent), in closed form."""

import math
from collections.abc import Callable
from functools import cache, partial

import jax
import numpy as np

from nn_zoo.ops.activations import activation

EXAMPLES = np.random.default_rng(0).normal(scale=3.0, size=(64, 5))
COTANGENTS = np.random.default_rng(1).normal(size=EXAMPLES.shape)

SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772

erf = np.vectorize(math.erf)


def sigmoid(x):
  return np.where(x >= 0, 1.0, np.exp(-abs(x))) / (1 + np.exp(-abs(x)))


def softplus(x):
  return np.logaddexp(x, 0)


def softmax(x):
  e = np.exp(x - x.max(-1, keepdims=True))
  return e / e.sum(-1, keepdims=True)


def log_softmax(x):
  x = x - x.max(-1, keepdims=True)
  return x - np.log(np.exp(x).sum(-1, keepdims=True))


def softmax_pullback(x, g):
  p = softmax(x)
  return p * (g - (g * p).sum(-1, keepdims=True))


def log_softmax_pullback(x, g):
  return g - softmax(x) * g.sum(-1, keepdims=True)


def gelu_tanh_slope(x):
  t = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
  return (1 + t) / 2 + x * (1 - t**2) / 2 * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)


def mish_slope(x):
  t = np.tanh(softplus(x))
  return t + x * (1 - t**2) * sigmoid(x)


def elementwise(value: Callable, slope: Callable) -> tuple[Callable, Callable]:
  return value, lambda x, g: g * slope(x)


def between(low, x, high):
  return ((low < x) & (x < high)).astype(float)


ORACLES = {
  'identity': elementwise(lambda x: x, np.ones_like),
  'sigmoid': elementwise(sigmoid, lambda x: sigmoid(x) * sigmoid(-x)),
  'tanh': elementwise(np.tanh, lambda x: 1 / np.cosh(x) ** 2),
  'relu': elementwise(lambda x: np.clip(x, 0, None), lambda x: between(0, x, np.inf)),
  'relu6': elementwise(lambda x: np.clip(x, 0, 6), lambda x: between(0, x, 6)),
  'leaky_relu': elementwise(
    lambda x: x * np.where(x > 0, 1, 0.01), lambda x: np.where(x > 0, 1, 0.01)
  ),
  'elu': elementwise(
    lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), lambda x: np.exp(np.minimum(x, 0))
  ),
  'celu': elementwise(
    lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), lambda x: np.exp(np.minimum(x, 0))
  ),
  'selu': elementwise(
    lambda x: SCALE * np.where(x > 0, x, ALPHA * np.expm1(np.minimum(x, 0))),
    lambda x: SCALE * np.where(x > 0, 1, ALPHA * np.exp(np.minimum(x, 0))),
  ),
  'gelu': elementwise(
    lambda x: x * (1 + erf(x / math.sqrt(2))) / 2,
    lambda x: (1 + erf(x / math.sqrt(2))) / 2 + x * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi),
  ),
  'gelu_tanh': elementwise(
    lambda x: x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2,
    gelu_tanh_slope,
  ),
  'silu': elementwise(lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * sigmoid(-x))),
  'mish': elementwise(lambda x: x * np.tanh(softplus(x)), mish_slope),
  'softplus': elementwise(softplus, sigmoid),
  'squareplus': elementwise(
    lambda x: (x + np.sqrt(x**2 + 4)) / 2, lambda x: (1 + x / np.sqrt(x**2 + 4)) / 2
  ),
  'soft_sign': elementwise(lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
  'hard_sigmoid': elementwise(
    lambda x: np.clip(x / 6 + 0.5, 0, 1), lambda x: between(-3, x, 3) / 6
  ),
  'hard_silu': elementwise(
    lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    lambda x: between(-3, x, 3) * (x / 3 + 0.5) + between(3, x, np.inf),
  ),
  'hard_tanh': elementwise(lambda x: np.clip(x, -1, 1), lambda x: between(-1, x, 1)),
  'log_sigmoid': elementwise(lambda x: -softplus(-x), lambda x: sigmoid(-x)),
  'softmax': (softmax, softmax_pullback),
  'log_softmax': (log_softmax, log_softmax_pullback),
}

# jax.nn.gelu differentiates to 1 - tanh², which cancels, and multiplies what is left by about 10.
FLOAT32 = dict.fromkeys(ORACLES, 1e-6) | {'gelu_tanh': 2e-6}


@cache
def compiled(name: str) -> Callable:
  """(x, cotangent) -> (value, its pull back) of an activation of ours, compiled as users' programs are.

  The suite's own level is the lowest; what single precision is off by depends on it.
  """

  @partial(jax.jit, compiler_options={'xla_backend_optimization_level': 3})
  def function(x, g):
    y, vjp = jax.vjp(activation(name), x)
    return y, *vjp(g)

  return function
