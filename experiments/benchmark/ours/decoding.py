"""A GPT writes on from a prompt, always the likeliest token, by `predict` of the language task."""
# ruff: noqa: E402 (the imports are timed)

import time

began = time.perf_counter()

import jax
import numpy as np
import optax

import nn_zoo
from nn_zoo.tasks.language import language

import_seconds = time.perf_counter() - began

from experiments.benchmark import sequences, side, transformers
from experiments.benchmark.ours.roof import roof


def main() -> None:
  """Writes as often as the spec says and reports."""
  spec = side.spec()
  started = time.perf_counter()
  prompt = transformers.draw(spec)[:, : spec['prompt']]
  fields = ('vocabulary', 'width', 'heads', 'layers', 'context')
  model = nn_zoo.create_model('gpt', **{key: spec[key] for key in fields})
  length = spec['time'] - spec['prompt']
  bytes_V = np.ones(spec['vocabulary'], np.int32)
  settings = {'window': 8, 'length': length, 'temperature': 0.0}
  task = language(model, optax.sgd(0.0), bytes_V=bytes_V, **settings)
  key = jax.random.key(spec['seed'])
  state = jax.jit(task.init)(key, {'inputs': prompt})
  predict = jax.jit(task.predict)

  def step():
    return float(jax.block_until_ready(predict(state, prompt, key)).size)

  figures = sequences.measure(started, spec['steps'], step)
  parameters = sum(leaf.size for leaf in jax.tree.leaves(state.learner.params))
  own = {'parameters': parameters, 'threads': side.cores(), 'roof': roof()}
  side.report({**transformers.written(figures), 'import_seconds': import_seconds, **own})


if __name__ == '__main__':
  main()
