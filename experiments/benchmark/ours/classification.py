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
  state = nn_zoo.fit(
    task,
    nn_zoo.Shuffled(data, spec['batch_size'], spec['seed']),
    steps=spec['steps'],
    seed=spec['seed'],
    log_every=spec['log_every'],
    steps_per_call=spec['steps_per_call'],
    record=record,
  )
  seconds = time.perf_counter() - started
  side.report(
    {
      'seconds': seconds,
      'import_seconds': import_seconds,
      'setup_seconds': seconds - record.timing['train_seconds'],
      'compile_seconds': record.timing['compile_seconds'],
      'step_seconds': record.timing['train_seconds'] / spec['steps'],
      'steps': int(record.timing['train_steps']),
      'parameters': sum(leaf.size for leaf in jax.tree.leaves(state.params)),
      'final_loss': record.rows[-1]['loss'],
      'threads': side.cores(),
      'roof': roof(),
    }
  )


if __name__ == '__main__':
  main()
