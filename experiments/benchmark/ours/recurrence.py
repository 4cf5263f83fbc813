"""A stack of recurrent layers, forward and backward, by `nn_zoo.layers.recurrent`."""
# ruff: noqa: E402 (the imports are timed)

import time

began = time.perf_counter()

import jax
import jax.numpy as jnp

from nn_zoo.layers.recurrent import Recurrent

import_seconds = time.perf_counter() - began

from experiments.benchmark import sequences, side
from experiments.benchmark.ours.roof import roof


def network(spec):
  """The stack as a Linen module that takes (x_BTD, length_B)."""
  return Recurrent(
    spec['cell'], spec['features'], spec['layers'], spec['bidirectional'], dtype=spec['dtype']
  )


def main(network=network) -> None:
  """Takes gradients of the mean square of the outputs in parameters and inputs, and reports."""
  spec = side.spec()
  started = time.perf_counter()
  x_BTD, length_B = sequences.draw(spec)
  x_BTD, model = jnp.asarray(x_BTD, spec['dtype']), network(spec)
  variables = jax.jit(model.init)(jax.random.key(spec['seed']), x_BTD)

  @jax.jit
  def gradient(variables, x_BTD, length_B):
    return jax.value_and_grad(
      lambda variables, x_BTD: jnp.mean(model.apply(variables, x_BTD, length_B) ** 2), (0, 1)
    )(variables, x_BTD)

  def step():
    loss, _ = jax.block_until_ready(gradient(variables, x_BTD, length_B))
    return float(loss)

  figures = sequences.measure(started, spec['steps'], step)
  side.report(
    {
      **figures,
      'import_seconds': import_seconds,
      # Of matrices: PyTorch has two biases of the same effect.
      'parameters': sum(leaf.size for leaf in jax.tree.leaves(variables) if leaf.ndim == 2),
      'threads': side.cores(),
      'device': jax.devices()[0].device_kind,
      'roof': roof(spec['device'], spec['dtype']),
    }
  )


if __name__ == '__main__':
  main()
