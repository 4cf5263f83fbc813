"""The same image classifier in PyTorch: tensors in memory, one index_select a batch, no DataLoader.

The images are turned into float32 once, the optimizer is as it comes or the fused one, the network may be
compiled, and denormals are flushed to zero as XLA does. Only the loss is reported.
"""
# ruff: noqa: E402 (the imports are timed)

import time

began = time.perf_counter()

import torch
from torch import nn

torch.optim.Adam([torch.zeros(1)])  # the first optimizer imports some 800 modules more
import_seconds = time.perf_counter() - began

from experiments.benchmark import side
from experiments.benchmark.peers.networks import NETS
from experiments.benchmark.peers.roof import roof


def main() -> None:
  """Trains as the spec says and reports."""
  spec = side.spec()
  data = side.arrays(spec['data'])
  torch.set_num_threads(side.cores())
  torch.set_flush_denormal(True)
  torch.manual_seed(spec['seed'])
  started = time.perf_counter()
  inputs, targets_N = _tensors(data, spec['channels_last'])
  net = NETS[spec['net']](spec['model']['classes'])
  if spec['channels_last']:
    net = net.to(memory_format=torch.channels_last)
  call = torch.compile(net) if spec['compile'] else net
  optimizer = _optimizer(net, spec)
  examples, batch_size, steps = len(targets_N), spec['batch_size'], spec['steps']
  epochs = -(-steps * batch_size // examples)
  order = torch.cat([torch.randperm(examples) for _ in range(epochs)])
  total = torch.zeros(())
  for step in range(steps):
    rows_B = order[step * batch_size : (step + 1) * batch_size]
    logits_BC = call(inputs.index_select(0, rows_B))
    loss = nn.functional.cross_entropy(logits_BC, targets_N.index_select(0, rows_B))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    total += loss.detach()
    if step == 0:
      first = time.perf_counter()
    if (step + 1) % spec['log_every'] == 0 or step + 1 == steps:
      final_loss = total.item() / (step % spec['log_every'] + 1)
      total.zero_()
  ended = time.perf_counter()
  side.report(
    {
      'seconds': ended - started,
      'import_seconds': import_seconds,
      'setup_seconds': first - started,
      'step_seconds': (ended - first) / max(steps - 1, 1),
      'steps': steps,
      'parameters': sum(parameter.numel() for parameter in net.parameters()),
      'final_loss': final_loss,
      'threads': torch.get_num_threads(),
      'roof': roof(),
    }
  )


def _tensors(data, channels_last):
  inputs = torch.from_numpy(data['inputs']).movedim(-1, 1).float().div_(255)
  layout = torch.channels_last if channels_last else torch.contiguous_format
  return inputs.contiguous(memory_format=layout), torch.from_numpy(data['targets']).long()


def _optimizer(net, spec):
  fused = spec['fused'] or None
  if spec['optimizer'] == 'adam':
    return torch.optim.Adam(net.parameters(), spec['learning_rate'], fused=fused)
  return torch.optim.SGD(net.parameters(), spec['learning_rate'], momentum=0.9, fused=fused)


if __name__ == '__main__':
  main()
