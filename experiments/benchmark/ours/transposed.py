"""Transposed convolutions, forward and backward, many times in one scan."""
# ruff: noqa: E402 (the imports are timed)

import time

began = time.perf_counter()

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from nn_zoo.layers.convolution import ConvTranspose

import_seconds = time.perf_counter() - began

from experiments.benchmark import side
from experiments.benchmark.ours.roof import roof


class Stack(nn.Module):
  """The transposed convolutions of a generator, by a class of layers."""

  layer: type[nn.Module]
  features: tuple[int, ...]

  @nn.compact
  def __call__(self, x_BHWC):
    for features in self.features:
      x_BHWC = self.layer(features, (4, 4), (2, 2))(x_BHWC)
    return x_BHWC


def main(layer: type[nn.Module] = ConvTranspose) -> None:
  """Takes steps of gradient descent in a scan, one call for all, and reports."""
  spec = side.spec()
  started = time.perf_counter()
  width, first = spec['width'], spec['side'] // 8
  shape = (spec['batch_size'], first, first, 4 * width)
  x_BHWC = np.random.default_rng(spec['seed']).normal(size=shape).astype(np.float32)
  net = Stack(layer, (2 * width, width, spec['channels']))
  params = jax.jit(net.init)(jax.random.key(spec['seed']), x_BHWC)

  def step(params, _):
    loss, gradient = jax.value_and_grad(lambda p: jnp.mean(jnp.sin(net.apply(p, x_BHWC))))(params)
    return jax.tree.map(lambda p, g: p - 0.1 * g, params, gradient), loss

  many = jax.jit(lambda params: jax.lax.scan(step, params, length=spec['steps']))
  many = many.lower(params).compile()
  jax.block_until_ready(many(params))
  began_steps = time.perf_counter()
  params, losses = jax.block_until_ready(many(params))
  ended = time.perf_counter()
  figures = {
    'seconds': ended - started,
    'setup_seconds': began_steps - started,
    'step_seconds': (ended - began_steps) / spec['steps'],
    'steps': spec['steps'],
    'final_loss': float(losses[-1]),
  }
  parameters = sum(leaf.size for leaf in jax.tree.leaves(params))
  own = {'parameters': parameters, 'threads': side.cores(), 'roof': roof()}
  side.report({**figures, 'import_seconds': import_seconds, **own})


if __name__ == '__main__':
  main()
