"""Workloads of recurrent layers: forward and backward through a whole sequence, one step after the other."""

from collections.abc import Mapping
from typing import Any

from experiments.benchmark.kinds import Target, Training, Workload
from experiments.benchmark.sequences import macs
from experiments.settings import SETTINGS

PAIRS, FEW = 5, 3  # of most rows; of those that take long, or lie far above their aim
CELLS = ('rnn_tanh', 'lstm', 'gru')
SIZES = {
  'large': {'batch_size': 64, 'time': 128, 'inputs': 256, 'features': 256, 'steps': 30},
  'small': {'batch_size': 32, 'time': 32, 'inputs': 64, 'features': 128, 'steps': 500},
}
PLAIN = {'layers': 1, 'bidirectional': False, 'lengths': False, 'seed': 0}
FORMS = {
  '': PLAIN,
  '_lengths': PLAIN | {'lengths': True},
  '_deep': PLAIN | {'layers': 2, 'bidirectional': True},
}
WORDS = {
  '': 'one layer',
  '_lengths': 'one layer, sequences of 1 to all of the steps',
  '_deep': 'two layers in both directions',
}
_WAYS = {
  '': {},
  ', passive wait': {'environment': {'OMP_WAIT_POLICY': 'passive'}},
  ', huge pages': {'environment': SETTINGS['huge pages']},
  ', kept memory': {'environment': SETTINGS['kept memory']},
}
PEER = {
  f'{layout} first{way}': {'batch_first': layout == 'batch', **more}
  for layout in ('batch', 'time')
  for way, more in _WAYS.items()
}


def workloads(ours: Mapping[str, Mapping[str, Any]]) -> dict[str, Workload]:
  """Every cell in every size and form beside PyTorch, and one layer of it beside stock Flax.

  Args:
    ours: forms of our side, as of `Training`.
  """
  rows = {}
  for cell in CELLS:
    for size, fields in SIZES.items():
      for form, options in FORMS.items():
        spec, name = {'cell': cell, **options, **fields}, f'{cell}_{size}{form}'
        about = (
          f'{cell}, {WORDS[form]}, batch {spec["batch_size"]}, {spec["time"]} steps, {spec["inputs"]} to '
          f'{spec["features"]}'
        )
        pairs = FEW if size == 'large' and form == '_deep' else PAIRS
        rows[name] = _workload(about, spec, 'recurrence', 1.0, pairs, PEER, ours)
        if form == '':
          about += ', beside stock Flax'
          rows[f'{name}_linen'] = _workload(
            about, spec, 'recurrence_linen', 1.5, FEW, {'stock': {}}, ours
          )
  return rows


def _workload(about, spec, peer, bound, pairs, variants, ours):
  target = Target('peer/ours', bound, 'step_seconds')
  work = Training(peer, spec, (), variants, macs(spec), ours, 'recurrence', input_gradients=True)
  return Workload(about, target, pairs, work)
