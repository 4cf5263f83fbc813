"""Workloads of Transformers: training steps of a GPT and of an encoder-decoder, and a GPT that writes."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from experiments.benchmark.kinds import Target, Training, Workload
from experiments.settings import SETTINGS

_GPT = {'vocabulary': 65, 'width': 384, 'layers': 6, 'heads': 6, 'context': 256}
_PAIRS = {'vocabulary': 8000, 'width': 256, 'hidden': 1024, 'heads': 8, 'layers': 3}
ROWS = {
  'gpt': (
    'GPT of 6 layers, 6 heads, width 384, AdamW step on 8 windows of 256 characters',
    {'net': 'gpt', **_GPT, 'time': 256, 'batch_size': 8, 'steps': 20},
  ),
  'gpt_bfloat16': (
    'the GPT, with what its products multiply rounded to bfloat16 by a unit, AMX (PyTorch: autocast)',
    {'net': 'gpt', **_GPT, 'time': 256, 'batch_size': 8, 'steps': 20, 'dtype': 'bfloat16'},
  ),
  'encoder_decoder': (
    'Transformer of 3 + 3 layers, 8 heads, width 256, 8000 tokens, AdamW step on 32 pairs of 48 tokens',
    {'net': 'transformer', **_PAIRS, 'time': 48, 'batch_size': 32, 'steps': 20},
  ),
}
_WRITING = {'net': 'gpt', **_GPT, 'prompt': 32, 'time': 256}
_KEPT = {'environment': SETTINGS['kept memory']}
_FORMS = {
  'generate of transformers': {'form': 'generate'},
  'a loop over its forward pass': {'form': 'loop'},
  'a plain GPT': {'form': 'plain'},
  'a plain GPT, kept memory': {'form': 'plain', **_KEPT},
}
_SLEEP = {'environment': {'OMP_WAIT_POLICY': 'passive'}}


def workloads(
  ours: Mapping[str, Mapping[str, Any]], huge: Mapping[str, Any]
) -> dict[str, Workload]:
  """Every row beside PyTorch.

  Args:
    ours: forms of our side, as of `Training`.
    huge: what gives PyTorch huge pages.
  """
  peer = {
    'eager': {'compile': False},
    'eager, passive wait': {'compile': False, **_SLEEP},
    'eager, huge pages': {'compile': False, **huge},
    'eager, kept memory': {'compile': False, **_KEPT},
    'compiled': {'compile': True},
    'compiled, kept memory': {'compile': True, **_KEPT},
  }
  target = Target('peer/ours', 1.2, 'step_seconds')
  found = {}
  for name, (about, spec) in ROWS.items():
    spec = {'seed': 0, 'learning_rate': 1e-3, **spec}
    work = Training(
      'transformer', spec, (), peer, macs(spec), ours, 'transformer', input_gradients=True
    )
    found[name] = Workload(about, target, 3, work)
  for batch_size, steps in ((1, 8), (32, 4)):
    spec = {'seed': 0, **_WRITING, 'batch_size': batch_size, 'steps': steps}
    fields = {'input_gradients': True, 'passes': 1}
    work = Training('decoding', spec, (), _FORMS, macs(spec), ours, 'decoding', **fields)
    about = f'the GPT writes 224 characters after 32, the likeliest each, {batch_size} at once'
    found[f'gpt_writes_{batch_size}'] = Workload(
      about, Target('peer/ours', 1.0, 'step_seconds'), 3, work
    )
  return found


def macs(spec: Mapping[str, Any]) -> tuple[int, ...]:
  """Multiplications of an example: of each block, of the encoder first, and of the output.

  A causal mask spares nothing here: the products of attention are counted whole.
  """
  time, width, layers = spec['time'], spec['width'], spec['layers']
  hidden = spec.get('hidden', 4 * width)
  itself = time * (4 * width**2 + 2 * width * hidden) + 2 * time**2 * width
  output = time * width * spec['vocabulary']
  if spec['net'] == 'gpt':
    return (*(itself,) * layers, output)
  across = itself + time * 4 * width**2 + 2 * time**2 * width
  return (*(itself,) * layers, *(across,) * layers, output)


def written(figures: Mapping[str, float]) -> dict[str, float]:
  """Figures of writing, whose 'loss' is the number of tokens that a step wrote."""
  others = {key: value for key, value in figures.items() if key != 'final_loss'}
  return {**others, 'tokens_per_second': figures['final_loss'] / figures['step_seconds']}


def draw(spec: Mapping[str, Any]) -> np.ndarray:
  """Token ids [batch, time + 1]; ids below 4 have meanings of their own and are left out."""
  shape = (spec['batch_size'], spec['time'] + 1)
  return np.random.default_rng(spec['seed']).integers(4, spec['vocabulary'], shape).astype(np.int32)
