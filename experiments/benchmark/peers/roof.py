"""The speed of a large product of matrices in PyTorch."""

import torch

from experiments.benchmark import side


def roof() -> float:
  """FLOP/s of `side.roof`'s product."""
  return side.roof(_multiply)


def _multiply(a, b):
  a, b = torch.from_numpy(a), torch.from_numpy(b)
  return lambda: torch.mm(a, b)
