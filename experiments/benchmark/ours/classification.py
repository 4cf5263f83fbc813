"""An image classifier trained by `nn_zoo.fit`, as any user would."""
# ruff: noqa: E402 (the imports are timed)

import time
from functools import partial

began = time.perf_counter()

import jax
import optax

import nn_zoo
from nn_zoo.task import descend
from nn_zoo.train.record import Record

import_seconds = time.perf_counter() - began

from experiments.benchmark import side
from experiments.benchmark.ours.roof import roof

OPTIMIZERS = {'adam': partial(nn_zoo.optimizer, 'adam'), 'sgd': partial(optax.sgd, momentum=0.9)}


def main() -> None:
  """Trains as the spec says and reports; norms of gradients are left out, which the peer has not either."""
  spec = side.spec()
  data = side.arrays(spec['data'])
  record = Record(show=False)
  started = time.perf_counter()
  model = nn_zoo.create_model(**spec['model'])
  task = nn_zoo.classification(
    model,
    OPTIMIZERS[spec['optimizer']](spec['learning_rate']),
    prepare=lambda x: x / 255,
    descend=partial(descend, norms=False),
  )
  # What was trained before each call; the first one warms up, and steps are timed without it, as the peer's.
  calls = []

  def watch() -> bool:
    calls.append((record.timing['train_seconds'], int(record.timing['train_steps'])))
    return False

  state = nn_zoo.fit(
    task,
    nn_zoo.Shuffled(data, spec['batch_size'], spec['seed']),
    steps=spec['steps'],
    seed=spec['seed'],
    log_every=spec['log_every'],
    steps_per_call=spec['steps_per_call'],
    record=record,
    stop=watch,
  )
  seconds = time.perf_counter() - started
  first_seconds, first_steps = calls[1] if len(calls) > 1 else calls[0]
  train_seconds = record.timing['train_seconds'] - first_seconds
  side.report(
    {
      'seconds': seconds,
      'import_seconds': import_seconds,
      'setup_seconds': seconds - train_seconds,
      'compile_seconds': record.timing['compile_seconds'],
      'step_seconds': train_seconds / (spec['steps'] - first_steps),
      'steps': int(record.timing['train_steps']),
      'parameters': sum(leaf.size for leaf in jax.tree.leaves(state.params)),
      'final_loss': record.rows[-1]['loss'],
      'threads': side.cores(),
      'roof': roof(),
    }
  )


if __name__ == '__main__':
  main()
