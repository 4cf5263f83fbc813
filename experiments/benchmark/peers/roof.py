"""The device of the PyTorch side, and the speed of a large product of matrices there."""

import functools
import platform

import torch

from experiments.benchmark import side

DEVICES = {'cpu': 'cpu', 'gpu': 'cuda'}


def roof(device: str = 'cpu', dtype: str = 'float32') -> float:
  """FLOP/s of `side.roof`'s product."""
  return side.roof(functools.partial(_multiply, device, dtype), device)


def device_name(device: str) -> str:
  """What the device calls itself."""
  return torch.cuda.get_device_name() if device == 'gpu' else platform.machine()


def _multiply(device, dtype, a, b):
  a, b = (torch.from_numpy(each).to(DEVICES[device], getattr(torch, dtype)) for each in (a, b))

  def run():
    torch.mm(a, b)
    if device == 'gpu':
      torch.cuda.synchronize()

  return run
