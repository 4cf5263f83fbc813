"""Stacks of RNNs, LSTMs and GRUs against PyTorch's: outputs, last states, gradients and ten steps of SGD."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.layers.recurrent import Recurrent
from nn_zoo.layers.recurrent_torch import from_torch
from tests.parity.networks import torch

STEPS, BATCH, TIME, INPUTS, HIDDEN = 10, 7, 9, 5, 19
rnn = torch.nn.utils.rnn
CELLS = {
  'rnn_tanh': (torch.nn.RNN, {'nonlinearity': 'tanh'}),
  'rnn_relu': (torch.nn.RNN, {'nonlinearity': 'relu'}),
  'lstm': (torch.nn.LSTM, {}),
  'gru': (torch.nn.GRU, {}),
}
# cell, layers, both directions, sequences of different lengths, outputs of a projection
CASES = [
  ('rnn_tanh', 3, True, True, 0),
  ('rnn_relu', 1, False, True, 0),
  ('rnn_relu', 2, True, True, 0),
  ('lstm', 2, False, False, 0),
  ('lstm', 3, True, True, 0),
  ('lstm', 1, True, True, 6),
  ('gru', 3, True, True, 0),
  ('gru', 1, False, False, 0),
]


def numpy(tree):
  return {name: tensor.detach().numpy().copy() for name, tensor in tree.items()}


def run_torch(module, x_BTD, length_B, first=None):
  """Outputs and last states, as (layers x directions, B, .) each; `first` are the initial ones."""
  packed = rnn.pack_padded_sequence(x_BTD, length_B, batch_first=True, enforce_sorted=False)
  y, last = module(packed, first[0] if first and len(first) == 1 else first)
  y_BTF, _ = rnn.pad_packed_sequence(y, batch_first=True, total_length=x_BTD.shape[1])
  return y_BTF, last if isinstance(last, tuple) else (last,)


@pytest.mark.parametrize(('cell', 'layers', 'bidirectional', 'ragged', 'projection'), CASES)
def test_outputs_and_gradients_match_torch(
  cell, layers, bidirectional, ragged, projection, difference
):
  make, fields = CELLS[cell]
  torch.manual_seed(0)
  fields = fields | ({'proj_size': projection} if projection else {})
  module = make(
    INPUTS, HIDDEN, layers, batch_first=True, bidirectional=bidirectional, **fields
  ).float()
  rng = np.random.default_rng(0)
  length_B = rng.integers(1, TIME + 1, BATCH) if ragged else np.full(BATCH, TIME)
  model = Recurrent(cell, HIDDEN, layers, bidirectional, projection=projection)
  params = from_torch(numpy(module.state_dict()), cell)
  initial = jax.tree.map(
    lambda zeros: np.float32(rng.normal(size=zeros.shape)), model.initial_state(BATCH)
  )
  arrays = np.float32(rng.normal(size=(BATCH, TIME, INPUTS))), *stacked(initial)
  leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
  outputs = [*run_torch(module, leaves[0], torch.tensor(length_B), tuple(leaves[1:]))]
  outputs = outputs[0], *outputs[1]
  slopes = [np.float32(rng.normal(size=y.shape)) for y in outputs]
  sum((y * torch.tensor(slope)).sum() for y, slope in zip(outputs, slopes, strict=True)).backward()

  @jax.jit
  def run(params, x_BTD, initial):
    def outputs(params, x_BTD, initial):
      lengths = length_B if ragged else None
      y_BTF, last = model.apply({'params': params}, x_BTD, lengths, initial, return_state=True)
      return y_BTF, *stacked(last)

    found, pull = jax.vjp(outputs, params, x_BTD, initial)
    return found, pull(tuple(slopes))

  found, (params, dx_BTD, dinitial) = run(params, arrays[0], initial)
  subject = f'layer {cell}' + (' with projection' if projection else '')
  for ours, theirs in zip(found, outputs, strict=True):
    assert difference(subject, 'outputs', ours, theirs.detach().numpy()) < 1e-5
  for ours, theirs in zip((dx_BTD, *stacked(dinitial)), leaves, strict=True):
    assert difference(subject, 'gradients', ours, theirs.grad.numpy()) < 1e-5
  want = from_torch({name: p.grad.numpy() for name, p in module.named_parameters()}, cell)
  for name, layer in params.items():
    assert layer.keys() == want[name].keys()
    for key in layer.keys() - {'bias'}:
      assert difference(subject, 'gradients', layer[key], want[name][key]) < 1e-5
    # Both of PyTorch's biases get the same gradient, but for the GRU's candidate.
    parts = {'gru': [2 * HIDDEN, HIDDEN]}.get(cell, [layer['bias'].size])
    shares = np.float32(np.repeat([0.5, 1.0][: len(parts)], parts))
    assert difference(subject, 'gradients', layer['bias'], want[name]['bias'] * shares) < 1e-5


def stacked(states):
  """States of all layers and directions, h and, if there is one, c, as PyTorch has them."""
  return [jnp.stack(each) for each in zip(*states, strict=True) if each[0] is not None]


@pytest.mark.parametrize('layers', [1, 2, 3])
@pytest.mark.parametrize('cell', CELLS)
def test_parameters_after_ten_steps_match_torch(cell, layers, difference):
  torch.manual_seed(0)
  make, fields = CELLS[cell]
  module = make(INPUTS, HIDDEN, layers, batch_first=True, bidirectional=True, **fields).float()
  for name, parameter in module.named_parameters():
    if name.startswith('bias_hh'):  # ours have one bias where PyTorch's have two of the same effect
      trained = torch.zeros_like(parameter)
      trained[2 * HIDDEN :] = float(cell == 'gru')
      parameter.register_hook(lambda g, trained=trained: g * trained)
  rng = np.random.default_rng(0)
  x_SBTD = np.float32(rng.normal(size=(STEPS, BATCH, TIME, INPUTS)))
  length_SB = rng.integers(1, TIME + 1, (STEPS, BATCH))
  model = Recurrent(cell, HIDDEN, layers, True)
  start = from_torch(numpy(module.state_dict()), cell)

  def loss(params, x_BTD, length_B):
    return jnp.mean((model.apply({'params': params}, x_BTD, length_B) - 0.5) ** 2)

  @jax.jit
  def descend(params, x_BTD, length_B):
    return jax.tree.map(
      lambda p, g: p - layers * g, params, jax.grad(loss)(params, x_BTD, length_B)
    )

  params, descent = start, torch.optim.SGD(module.parameters(), lr=float(layers))
  for x_BTD, length_B in zip(x_SBTD, length_SB, strict=True):
    params = descend(params, x_BTD, length_B)
    descent.zero_grad()
    y_BTF, _ = run_torch(module, torch.tensor(x_BTD), torch.tensor(length_B))
    ((y_BTF - 0.5) ** 2).mean().backward()
    descent.step()
  want = from_torch(numpy(module.state_dict()), cell)
  for ours, theirs in zip(jax.tree.leaves(params), jax.tree.leaves(want), strict=True):
    assert difference(f'layer {cell}', 'parameters', ours, theirs) < 1e-5
  moved = jax.tree.map(lambda a, b: np.abs(a - b).max(), start, want)
  assert min(jax.tree.leaves(moved)) > 1e-3


def test_arrays_of_another_cell_are_refused():
  arrays = numpy(torch.nn.RNN(3, 5).state_dict())
  with pytest.raises(InputError, match='weight_ih_l0: no weights of a lstm, which has 4 gates'):
    from_torch(arrays, 'lstm')
  with pytest.raises(InputError, match='expected the state_dict of a recurrent layer'):
    from_torch({}, 'lstm')
