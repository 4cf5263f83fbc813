"""Workloads on a GPU: recurrent layers beside cuDNN's, and a step of GPT-2 small."""

from collections.abc import Mapping
from typing import Any

from experiments.benchmark import sequences, transformers
from experiments.benchmark.kinds import Target, Training, Workload

PAIRS = 3
CELLS, DTYPES = ('lstm', 'gru'), ('float32', 'bfloat16')
FEATURES = (128, 256, 512, 768, 1024)
LENGTHS = 512  # units of the layers that are compared on sequences of unequal length, too
_ON_GPU = {'environment': {'JAX_PLATFORMS': 'cuda,cpu'}}
_GPT2 = {
  'net': 'gpt',
  'vocabulary': 50257,
  'width': 768,
  'layers': 12,
  'heads': 12,
  'context': 1024,
  'time': 1024,
  'batch_size': 32,
  'steps': 20,
  'seed': 0,
  'learning_rate': 1e-3,
  'device': 'gpu',
  'dtype': 'bfloat16',
}


def workloads() -> dict[str, Workload]:
  """Every row, by names that end in _gpu."""
  rows = {'gpt2_gpu': _gpt2()}
  for cell in CELLS:
    for dtype in DTYPES:
      for features in FEATURES:
        rows[f'{cell}_{features}_{dtype}_gpu'] = _recurrent(cell, dtype, features, False)
      rows[f'{cell}_{LENGTHS}_{dtype}_lengths_gpu'] = _recurrent(cell, dtype, LENGTHS, True)
  return rows


def _gpt2() -> Workload:
  attention = ('cudnn', 'xla')
  ours = {name: {'implementation': name, **_ON_GPU} for name in attention}
  peer = {'eager': {'compile': False}, 'compiled': {'compile': True}}
  work = Training(
    'transformer',
    _GPT2,
    (),
    peer,
    transformers.macs(_GPT2),
    ours,
    'transformer',
    input_gradients=True,
  )
  about = 'GPT-2 small without biases, AdamW step on 32 windows of 1024 tokens, bfloat16, on a GPU'
  return Workload(about, Target('peer/ours', 1.0, 'step_seconds'), PAIRS, work)


def _recurrent(cell: str, dtype: str, features: int, lengths: bool) -> Workload:
  spec: Mapping[str, Any] = {
    'cell': cell,
    'batch_size': 64,
    'time': 128,
    'inputs': features,
    'features': features,
    'layers': 1,
    'bidirectional': False,
    'lengths': lengths,
    'steps': 50,
    'seed': 0,
    'device': 'gpu',
    'dtype': dtype,
  }
  peer = {f'{layout} first': {'batch_first': layout == 'batch'} for layout in ('batch', 'time')}
  ours, macs = {'plain': _ON_GPU}, sequences.macs(spec)
  work = Training('recurrence', spec, (), peer, macs, ours, 'recurrence', input_gradients=True)
  unequal = ', sequences of 1 to all of the steps' if lengths else ''
  kind = f'{dtype}, weights of the peer too' if dtype == 'bfloat16' else dtype
  about = f'{cell}, {kind}, batch 64, 128 steps, {features} to {features}{unequal}, on a GPU'
  return Workload(about, Target('peer/ours', 1.0, 'step_seconds'), PAIRS, work)
