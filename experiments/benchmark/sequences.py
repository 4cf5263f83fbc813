"""What the recurrent sides share: random sequences, and the clock of their steps. Imports numpy alone."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def draw(spec: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray | None]:
  """x_BTD, and length_B from 1 to T where the spec has lengths."""
  rng = np.random.default_rng(spec['seed'])
  x_BTD = rng.normal(size=(spec['batch_size'], spec['time'], spec['inputs'])).astype(np.float32)
  lengths = rng.integers(1, spec['time'] + 1, spec['batch_size']) if spec['lengths'] else None
  return x_BTD, lengths


def measure(started: float, steps: int, step: Callable[[], float]) -> dict[str, float]:
  """Figures of `steps` calls, each of which returns its loss when all of it is done.

  Args:
    started: `time.perf_counter()` before anything was set up.
    steps: at least 2; the first, which may compile, is part of the setup.
    step: a forward and a backward pass.
  """
  step()
  first = time.perf_counter()
  for _ in range(steps - 1):
    loss = step()
  ended = time.perf_counter()
  return {
    'seconds': ended - started,
    'setup_seconds': first - started,
    'step_seconds': (ended - first) / (steps - 1),
    'steps': steps,
    'final_loss': loss,
  }


def macs(spec: Mapping[str, Any]) -> tuple[int, ...]:
  """Multiplications of a sequence: of each layer in the product with the inputs, then in that with the state.

  Where sequences end before others, of the mean over the batch. Forward; derivatives in weights and in what
  they are multiplied with take as many again each.
  """
  gates = {'rnn_tanh': 1, 'rnn_relu': 1, 'gru': 3, 'lstm': 4}[spec['cell']]
  directions, inputs, each = 1 + spec['bidirectional'], spec['inputs'], []
  _, length_B = draw(spec)
  batch = spec['batch_size']
  time = batch * spec['time'] if length_B is None else int(length_B.sum())
  for _ in range(spec['layers']):
    width = directions * time * gates * spec['features']
    each += [width * inputs // batch, width * spec['features'] // batch]
    inputs = directions * spec['features']
  return tuple(each)
