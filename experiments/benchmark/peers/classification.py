"""The same image classifier in PyTorch: tensors in memory, one index_select a batch, no DataLoader.

The images are turned into float32 once, Adam is the fused or the foreach one, the network may be
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


def mlp(classes: int) -> nn.Module:
  """784-512-512-classes."""
  return nn.Sequential(
    nn.Flatten(),
    *(nn.Linear(784, 512), nn.ReLU()),
    *(nn.Linear(512, 512), nn.ReLU()),
    nn.Linear(512, classes),
  )


def lenet(classes: int) -> nn.Module:
  """LeNet-5 with ReLU and max pooling, for 32 x 32 images."""
  return nn.Sequential(
    *(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
    nn.Flatten(),
    *(nn.Linear(400, 120), nn.ReLU()),
    *(nn.Linear(120, 84), nn.ReLU()),
    nn.Linear(84, classes),
  )


NETS = {'mlp': mlp, 'lenet': lenet}


def main() -> None:
  """Trains as the spec says and reports."""
  spec = side.spec()
  data = side.arrays(spec['data'])
  torch.set_num_threads(side.cores())
  torch.set_flush_denormal(True)
  torch.manual_seed(spec['seed'])
  started = time.perf_counter()
  layout = torch.channels_last if spec['channels_last'] else torch.contiguous_format
  inputs_NCHW = torch.from_numpy(data['inputs']).permute(0, 3, 1, 2).float().div_(255)
  inputs_NCHW = inputs_NCHW.contiguous(memory_format=layout)
  targets_N = torch.from_numpy(data['targets']).long()
  net = NETS[spec['model']['name']](spec['model']['classes']).to(memory_format=layout)
  call = torch.compile(net) if spec['compile'] else net
  adam = torch.optim.Adam(net.parameters(), spec['learning_rate'], fused=spec['fused'] or None)
  examples, batch_size, steps = len(targets_N), spec['batch_size'], spec['steps']
  epochs = -(-steps * batch_size // examples)
  order = torch.cat([torch.randperm(examples) for _ in range(epochs)])
  total = torch.zeros(())
  for step in range(steps):
    rows_B = order[step * batch_size : (step + 1) * batch_size]
    logits_BC = call(inputs_NCHW.index_select(0, rows_B))
    loss = nn.functional.cross_entropy(logits_BC, targets_N.index_select(0, rows_B))
    adam.zero_grad()
    loss.backward()
    adam.step()
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
      'roof': side.roof(_multiply),
    }
  )


def _multiply(a, b):
  a, b = torch.from_numpy(a), torch.from_numpy(b)
  return lambda: torch.mm(a, b)


if __name__ == '__main__':
  main()
