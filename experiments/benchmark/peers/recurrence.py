"""The same stack as `torch.nn.RNN`, `LSTM` or `GRU`; sequences of different lengths are packed.

`batch_first` is PyTorch's own choice of layout: without it the batch is time-major from the beginning.
"""
# ruff: noqa: E402 (the imports are timed)

import time

began = time.perf_counter()

import torch
from torch.nn.utils import rnn

import_seconds = time.perf_counter() - began

from experiments.benchmark import sequences, side
from experiments.benchmark.peers.roof import DEVICES, device_name, roof

CELLS = {
  'rnn_tanh': (torch.nn.RNN, {'nonlinearity': 'tanh'}),
  'rnn_relu': (torch.nn.RNN, {'nonlinearity': 'relu'}),
  'lstm': (torch.nn.LSTM, {}),
  'gru': (torch.nn.GRU, {}),
}


def longest(step, count=3) -> str:
  """The names of the kernels that take most of a step: cuDNN's algorithm is told by them."""
  with torch.profiler.profile() as profile:
    step()
  found = sorted(profile.key_averages(), key=lambda each: -each.self_device_time_total)
  return ', '.join(each.key for each in found[:count])


def main() -> None:
  """Takes gradients of the mean square of the outputs in parameters and inputs, and reports."""
  spec = side.spec()
  torch.set_num_threads(side.cores())
  torch.set_flush_denormal(True)
  torch.manual_seed(spec['seed'])
  started = time.perf_counter()
  x, length_B = sequences.draw(spec)
  at = {'device': DEVICES[spec['device']], 'dtype': getattr(torch, spec['dtype'])}
  x = torch.from_numpy(x if spec['batch_first'] else x.swapaxes(0, 1).copy()).to(**at)
  x.requires_grad_()
  make, fields = CELLS[spec['cell']]
  net = make(
    spec['inputs'],
    spec['features'],
    spec['layers'],
    bidirectional=spec['bidirectional'],
    batch_first=spec['batch_first'],
    **fields,
    **at,
  )

  def outputs():
    if length_B is None:
      return net(x)[0]
    packed = rnn.pack_padded_sequence(
      x, torch.from_numpy(length_B), spec['batch_first'], enforce_sorted=False
    )
    return rnn.pad_packed_sequence(net(packed)[0], spec['batch_first'], 0.0, spec['time'])[0]

  def step():
    net.zero_grad()
    x.grad = None
    loss = outputs().square().mean()
    loss.backward()
    return loss.item()

  figures = sequences.measure(started, spec['steps'], step)
  if spec['device'] == 'gpu':
    figures['kernels'] = longest(step)
  side.report(
    {
      **figures,
      'import_seconds': import_seconds,
      'parameters': sum(each.numel() for each in net.parameters() if each.ndim == 2),
      'threads': torch.get_num_threads(),
      'device': device_name(spec['device']),
      'roof': roof(spec['device'], spec['dtype']),
    }
  )


if __name__ == '__main__':
  main()
