"""Weights of PyTorch's recurrent modules for `Recurrent`."""

from collections.abc import Mapping

import numpy as np

from nn_zoo.errors import InputError
from nn_zoo.ops.recurrence_variants import GATES


def from_torch(arrays: Mapping[str, np.ndarray], cell: str) -> dict[str, dict[str, np.ndarray]]:
  """Parameters of `Recurrent` from those of `torch.nn.RNN`, `LSTM` or `GRU`.

  PyTorch's two biases are one here, but for the GRU's candidate.

  Args:
    arrays: the state_dict, as NumPy arrays: weight_ih_l0, weight_hh_l0, bias_ih_l0, ...
    cell: 'rnn_tanh', 'rnn_relu', 'lstm' or 'gru'.

  Raises:
    InputError: the arrays are not those of such a cell.
  """
  if cell not in GATES or cell == 'gru_reset_before':
    raise InputError(f'cell={cell!r}: PyTorch has rnn_tanh, rnn_relu, lstm and gru')
  params = {}
  for key, input_GD in arrays.items():
    if not key.startswith('weight_ih_l'):
      continue
    suffix = key.removeprefix('weight_ih')
    layer, _, reverse = suffix.removeprefix('_l').partition('_')
    recurrent_GP = arrays.get(f'weight_hh{suffix}')
    if recurrent_GP is None or len(input_GD) % GATES[cell] or len(recurrent_GP) != len(input_GD):
      raise InputError(f'{key}: no weights of a {cell}, which has {GATES[cell]} gates')
    hidden, none = len(input_GD) // GATES[cell], np.zeros(len(input_GD), input_GD.dtype)
    bias_G, product_G = (arrays.get(f'bias_{part}{suffix}', none) for part in ('ih', 'hh'))
    mine = {'input': input_GD.T, 'recurrent': recurrent_GP.T, 'bias': bias_G + product_G}
    if cell == 'gru':
      mine['recurrent_bias'] = product_G[-hidden:]
      mine['bias'] = np.concatenate([mine['bias'][:-hidden], bias_G[-hidden:]])
    if f'weight_hr{suffix}' in arrays:
      mine['projection'] = arrays[f'weight_hr{suffix}'].T
    params[f'{"backward" if reverse else "forward"}_{layer}'] = mine
  if not params:
    raise InputError(
      'no weight_ih_l0 among the arrays: expected the state_dict of a recurrent layer'
    )
  return params
