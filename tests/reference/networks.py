"""Forward passes in NumPy float64, from the parameter trees of the models."""

import jax
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

ACTIVATIONS = {'relu': lambda x: np.maximum(x, 0), 'tanh': np.tanh}
POOLINGS = {'max': np.max, 'average': np.mean}


def parameters(model, inputs, seed=0):
  """Random parameters in float32, biases and scales too; much faster than to compile `model.init`."""
  rng = np.random.default_rng(seed)

  def draw(leaf):
    inputs_of_a_unit = np.prod(leaf.shape[:-1])
    return np.float32(rng.normal(size=leaf.shape) / np.sqrt(inputs_of_a_unit))

  return jax.tree.map(draw, jax.eval_shape(model.init, jax.random.key(0), inputs)['params'])


def dense(layer, x_BF):
  return x_BF @ layer['kernel'] + layer['bias']


def convolution(layer, x_BHWI):
  size = layer['kernel'].shape[:2]
  windows_BHWIij = sliding_window_view(x_BHWI, size, (1, 2))
  return np.einsum('bhwcij,ijco->bhwo', windows_BHWIij, layer['kernel']) + layer['bias']


def pool(x_BHWC, function):
  return function(sliding_window_view(x_BHWC, (2, 2), (1, 2))[:, ::2, ::2], axis=(-2, -1))


def lenet(params, x_BHWC, activation, pooling):
  activate = ACTIVATIONS[activation]
  for name in ('Conv_0', 'Conv_1'):
    x_BHWC = pool(activate(convolution(params[name], x_BHWC)), POOLINGS[pooling])
  h_BF = x_BHWC.reshape(len(x_BHWC), -1)
  for name in ('Dense_0', 'Dense_1'):
    h_BF = activate(dense(params[name], h_BF))
  return dense(params['Dense_2'], h_BF)


def mlp(params, x_BF, activation):
  *hidden, last = [params[f'Dense_{i}'] for i in range(len(params))]
  for layer in hidden:
    x_BF = ACTIVATIONS[activation](dense(layer, x_BF))
  return dense(last, x_BF)
