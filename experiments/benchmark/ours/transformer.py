"""Training steps of a GPT or of an encoder-decoder Transformer, by `nn_zoo.task.descend`."""
# ruff: noqa: E402 (the imports are timed)

import time

began = time.perf_counter()

import jax
import numpy as np

import nn_zoo
from nn_zoo.ops.losses import cross_entropy
from nn_zoo.task import Mean, begin, descend

import_seconds = time.perf_counter() - began

from experiments.benchmark import sequences, side, transformers
from experiments.benchmark.ours.roof import roof


def network(spec):
  """The model, and what it reads besides the tokens; bfloat16 on a CPU is that of products alone."""
  fields = {key: spec[key] for key in ('vocabulary', 'width', 'heads', 'dtype', 'implementation')}
  if spec['device'] == 'cpu':
    fields['dtype'] = 'float32'
  if spec['net'] == 'gpt':
    own = {'layers': spec['layers'], 'context': spec['context'], 'use_bias': False}
    return nn_zoo.create_model('gpt', **fields, **own), ()
  layers = {'encoder_layers': spec['layers'], 'decoder_layers': spec['layers']}
  own = {'hidden': spec['hidden'], 'pre_norm': True, 'dropout': 0.0, 'length': spec['time']}
  source = {
    'values': transformers.draw(spec)[:, 1:],
    'length': np.full(spec['batch_size'], spec['time'], np.int32),
  }
  return nn_zoo.create_model('transformer', **fields, **layers, **own), (source,)


def main() -> None:
  """Takes steps of AdamW, one call each, and reports."""
  spec = side.spec()
  if (spec['device'], spec['dtype']) == ('cpu', 'bfloat16'):
    jax.config.update('jax_default_matmul_precision', 'bfloat16')
  started = time.perf_counter()
  tokens = transformers.draw(spec)
  model, source = network(spec)
  tx = nn_zoo.optimizer('adamw', spec['learning_rate'], weight_decay=0.01)

  def loss(params, stats, batch, key):
    logits_BTV = model.apply({'params': params}, *batch['source'], batch['tokens'][:, :-1])
    loss_BT = cross_entropy(logits_BTV, batch['tokens'][:, 1:])
    return Mean.of(loss_BT, jax.numpy.ones_like(loss_BT)), (stats, {})

  batch = jax.device_put({'source': source, 'tokens': tokens})
  init = jax.jit(lambda key: begin(model.init(key, *source, tokens[:, :-1]), tx))
  learner = init(jax.random.key(spec['seed']))
  update = jax.jit(descend(loss, tx, norms=False), donate_argnums=0)

  def step():
    nonlocal learner
    learner, metrics = update(learner, batch, None)
    return float(metrics['loss'].value)

  figures = sequences.measure(started, spec['steps'], step)
  parameters = sum(leaf.size for leaf in jax.tree.leaves(learner.params))
  own = {'parameters': parameters, 'threads': side.cores()}
  own |= {
    'device': jax.devices()[0].device_kind,
    'roof': roof(spec['device'], spec['dtype']),
  }
  side.report({**figures, 'import_seconds': import_seconds, **own})


if __name__ == '__main__':
  main()
