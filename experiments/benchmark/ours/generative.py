"""Steps of both players of a DCGAN, by the adversarial task."""
# ruff: noqa: E402 (the imports are timed)

import time

began = time.perf_counter()

import jax
import numpy as np

import nn_zoo
from nn_zoo.task import descend
from nn_zoo.tasks.adversarial import adversarial

import_seconds = time.perf_counter() - began

from experiments.benchmark import generative, sequences, side
from experiments.benchmark.ours.roof import roof


def network(spec):
  """The pair of generator and critic."""
  return nn_zoo.create_model(
    'dcgan',
    shape=(spec['side'], spec['side'], spec['channels']),
    latent=spec['latent'],
    width=spec['width'],
    normalization='layer' if spec['penalty'] else 'batch',
  )


def main() -> None:
  """Takes steps of Adam, one call each, and reports."""
  spec = side.spec()
  started = time.perf_counter()
  images = generative.draw(spec)
  tx = nn_zoo.optimizer('adam', spec['learning_rate'], b1=0.5)

  def plainly(loss, tx):
    return descend(loss, tx, norms=False)

  task = adversarial(
    network(spec), tx, loss=spec['game'], gradient_penalty=spec['penalty'], descend=plainly
  )
  count = len(images)
  latent = np.zeros((count, spec['latent']), np.float32)  # a step draws its own
  batch = {'inputs': {'latent': latent}, 'targets': images, 'weight': np.ones(count, np.float32)}
  batch, key = jax.device_put(batch), jax.random.key(spec['seed'])
  state = jax.jit(task.init)(key, batch)
  update = jax.jit(
    lambda state, number: task.step(state, batch, jax.random.fold_in(key, number)), donate_argnums=0
  )
  taken = 0

  def step():
    nonlocal state, taken
    state, metrics = update(state, taken)
    taken += 1
    return float(metrics['critic_loss'].value)

  figures = sequences.measure(started, spec['steps'], step)
  players = state.generator.params, state.critic.params
  parameters = sum(leaf.size for leaf in jax.tree.leaves(players))
  own = {'parameters': parameters, 'threads': side.cores(), 'roof': roof()}
  side.report({**figures, 'import_seconds': import_seconds, **own})


if __name__ == '__main__':
  main()
