"""WORKLOADS: what is compared. Another classifier is a line here; another kind of work is two programs more.

A workload names a program of `experiments.benchmark.ours` and of `experiments.benchmark.peers`, or two
commands that are timed as whole processes.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Target(NamedTuple):
  """What is asked of the median of the pairwise ratios."""

  ratio: str  # 'peer/ours', how many times as fast we are; or 'ours/peer', how many times as dear
  bound: float  # peer/ours: at least; ours/peer: at most

  def met(self, ratio: float) -> bool:
    """Whether a ratio is good enough."""
    return ratio >= self.bound if self.ratio == 'peer/ours' else ratio <= self.bound

  @property
  def text(self) -> str:
    """The bound in words."""
    return f'{"at least" if self.ratio == "peer/ours" else "at most"} {self.bound}'


class Training(NamedTuple):
  """A training run, end to end from after the imports to the loss of the last window.

  Attributes:
    program: the module of this name in `ours` and in `peers`.
    spec: what both sides are given.
    pad: width in pixels of a border of zeros around the images.
    variants: name -> what the peer gets besides; 'environment' holds variables. The fastest is compared.
    macs: multiplications an example takes in each layer, first to last.
  """

  program: str
  spec: Mapping[str, Any]
  pad: int
  variants: Mapping[str, Mapping[str, Any]]
  macs: tuple[int, ...]

  def shortened(self, steps: int) -> 'Training':
    """The same work with another number of steps."""
    return self._replace(spec={**self.spec, 'steps': steps})

  @property
  def flops(self) -> int:
    """Of all steps: forward, weight gradients, and input gradients for all layers but the first."""
    examples = self.spec['batch_size'] * self.spec['steps']
    return 2 * examples * (3 * sum(self.macs) - self.macs[0])


class Processes(NamedTuple):
  """Two programs for `python -c`, timed from start to exit."""

  ours: str
  peer: str


class Workload(NamedTuple):
  """A line of the table: what it is, what is asked, and how many pairs are run."""

  about: str
  target: Target
  repeats: int
  work: Training | Processes


def _spec(model: str, epochs: int) -> dict[str, Any]:
  return {
    'model': {'name': model, 'classes': 10},
    'batch_size': 128,
    'steps': epochs * 60000 // 128,
    'learning_rate': 1e-3,
    'seed': 0,
    'log_every': 100,
  }


_EAGER = {'fused': False, 'compile': False, 'channels_last': False}
_FUSED = _EAGER | {'fused': True}
_LAST = _FUSED | {'channels_last': True}
# GNU OpenMP's threads spin while they wait, unless told to sleep: better where cores are shared.
_SLEEP = {'environment': {'OMP_WAIT_POLICY': 'passive'}}
_DEFAULT = {'Adam as it comes': _EAGER}
_MLP = _DEFAULT | {
  'fused': _FUSED,
  'fused, passive wait': _FUSED | _SLEEP,
  'fused, compiled': _FUSED | {'compile': True},
}
_CNN = _MLP | {
  'fused, channels last': _LAST,
  'fused, channels last, passive wait': _LAST | _SLEEP,
  'fused, channels last, compiled': _LAST | {'compile': True},
}

WORKLOADS: dict[str, Workload] = {
  'mlp_mnist': Workload(
    'MLP 784-512-512-10, MNIST, batch 128, 10 epochs, beside a loop with torch.optim.Adam as it comes',
    Target('peer/ours', 1.5),
    5,
    Training('classification', _spec('mlp', 10), 0, _DEFAULT, (784 * 512, 512 * 512, 512 * 10)),
  ),
  'mlp_mnist_fastest': Workload(
    'the same beside the fastest form of the PyTorch loop',
    Target('peer/ours', 1.0),
    5,
    Training('classification', _spec('mlp', 10), 0, _MLP, (784 * 512, 512 * 512, 512 * 10)),
  ),
  'lenet_mnist': Workload(
    'LeNet-5, MNIST padded to 32 x 32, batch 128, Adam, 1 epoch',
    Target('peer/ours', 1.0),
    5,
    Training(
      'classification',
      _spec('lenet', 1),
      2,
      _CNN,
      (28**2 * 25 * 6, 10**2 * 150 * 16, 400 * 120, 120 * 84, 84 * 10),
    ),
  ),
  'import': Workload(
    'import nn_zoo beside import jax, flax, optax',
    Target('ours/peer', 1.2),
    9,
    Processes('import nn_zoo', 'import jax, flax, optax'),
  ),
}
