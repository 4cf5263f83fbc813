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
  of: str = 'seconds'  # what is compared: 'seconds' of the whole run, or 'step_seconds'

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
    peer: the module of this name in `peers`.
    spec: what both sides are given.
    images: (pad,) for MNIST with a border of that many zeros; else the shape of random images.
    variants: name -> what the peer gets besides; 'environment' holds variables. The fastest is compared.
    macs: multiplications an example takes in each layer, first to last.
  """

  peer: str
  spec: Mapping[str, Any]
  images: tuple[int, ...]
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


def _epochs(model: str, epochs: int) -> dict[str, Any]:
  return {
    'model': {'name': model, 'classes': 10},
    'net': model,
    'optimizer': 'adam',
    'learning_rate': 1e-3,
    'batch_size': 128,
    'steps': epochs * 60000 // 128,
    'steps_per_call': 0,
    'log_every': 100,
    'seed': 0,
  }


_EAGER = {'fused': False, 'compile': False, 'channels_last': False}
_FUSED = _EAGER | {'fused': True}
_LAST = _FUSED | {'channels_last': True}
# GNU OpenMP's threads spin while they wait, unless told to sleep: better where cores are shared.
_SLEEP = {'environment': {'OMP_WAIT_POLICY': 'passive'}}
_DEFAULT = {'optimizer as it comes': _EAGER}
_DENSE = _DEFAULT | {
  'fused': _FUSED,
  'fused, passive wait': _FUSED | _SLEEP,
  'fused, compiled': _FUSED | {'compile': True},
}
_CONVOLUTIONAL = _DENSE | {
  'fused, channels last': _LAST,
  'fused, channels last, passive wait': _LAST | _SLEEP,
  'fused, channels last, compiled': _LAST | {'compile': True},
}
_MLP = (784 * 512, 512 * 512, 512 * 10)


LINEN_STEPS = 4


class Net(NamedTuple):
  """A convolutional net whose training steps are timed: how it is named, made and fed, and its size."""

  about: str
  model: Mapping[str, Any]
  images: tuple[int, ...]
  batch_size: int
  steps: int
  macs: tuple[int, ...]


NETS = {
  'lenet': Net(
    'LeNet-5',
    {'name': 'lenet', 'classes': 10},
    (32, 32, 1),
    128,
    1000,
    (28**2 * 25 * 6, 10**2 * 150 * 16, 400 * 120, 120 * 84, 84 * 10),
  ),
  'convnet': Net(
    'the net of configs/convnet_fashion.py',
    {
      'name': 'convnet',
      'classes': 10,
      'widths': (16, 32, 64),
      'depth': 2,
      'hidden': 0,
      'dropout': 0.2,
    },
    (28, 28, 1),
    128,
    150,
    (
      *(28**2 * 9 * 16, 28**2 * 9 * 16 * 16),
      *(14**2 * 9 * 16 * 32, 14**2 * 9 * 32 * 32),
      *(7**2 * 9 * 32 * 64, 7**2 * 9 * 64 * 64),
      576 * 10,
    ),
  ),
  'resnet_20': Net(
    'ResNet-20',
    {'name': 'resnet_cifar', 'classes': 10, 'depth': 20, 'zero_init': False},
    (32, 32, 3),
    128,
    50,
    (
      *(32**2 * 9 * 3 * 16, 6 * 32**2 * 9 * 16 * 16),
      *(16**2 * 9 * 16 * 32, 5 * 16**2 * 9 * 32 * 32),
      *(8**2 * 9 * 32 * 64, 5 * 8**2 * 9 * 64 * 64),
      64 * 10,
    ),
  ),
  'mobilenet': Net(
    'four stages of MobileNetV2 with depthwise convolutions',
    {
      'name': 'mobilenet_v2',
      'classes': 10,
      'stages': ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 2, 2), (6, 64, 2, 2)),
      'last_width': 256,
      'dropout': 0.0,
      'small_images': True,
    },
    (32, 32, 3),
    128,
    50,
    (
      *(32**2 * 27 * 32, 32**2 * (9 * 32 + 32 * 16)),
      *(32**2 * 16 * 96, 16**2 * (9 * 96 + 96 * 24), 16**2 * (24 * 144 + 9 * 144 + 144 * 24)),
      *(16**2 * 24 * 144, 8**2 * (9 * 144 + 144 * 32), 8**2 * (32 * 192 + 9 * 192 + 192 * 32)),
      *(8**2 * 32 * 192, 4**2 * (9 * 192 + 192 * 64), 4**2 * (64 * 384 + 9 * 384 + 384 * 64)),
      *(4**2 * 64 * 256, 256 * 10),
    ),
  ),
  'tcn': Net(
    'a temporal convolutional network, 8 levels of 25, on 784 time steps',
    {'name': 'tcn', 'classes': 10, 'widths': (25,) * 8, 'kernel_size': 7, 'dropout': 0.0},
    (784, 1),
    64,
    50,
    (784 * 7 * 25, 784 * 25, 15 * 784 * 7 * 25 * 25, 250),
  ),
}


def _steps(name: str, net: Net, steps: int, steps_per_call: int) -> dict[str, Any]:
  return {
    'model': dict(net.model),
    'net': name,
    'optimizer': 'sgd',
    'learning_rate': 0.01,
    'batch_size': net.batch_size,
    'steps': steps,
    'steps_per_call': steps_per_call,
    'log_every': min(50, steps),
    'seed': 0,
  }


def _of(name: str, net: Net) -> dict[str, Workload]:
  faster = Target('peer/ours', 1.0, 'step_seconds')
  of_linen = Target('peer/ours', 3.0, 'step_seconds')
  # Compiling PyTorch's side takes minutes: tried once a net. A step of stock Linen can take 20 s.
  eager = {form: more for form, more in _CONVOLUTIONAL.items() if not more['compile']}
  many, single = _steps(name, net, net.steps, 50), _steps(name, net, net.steps, 1)
  few = _steps(name, net, LINEN_STEPS, LINEN_STEPS)
  rows = {
    name: ('50 steps a call', faster, 'classification', many, _CONVOLUTIONAL),
    f'{name}_single': ('1 step a call', faster, 'classification', single, eager),
    f'{name}_linen': (
      f'{LINEN_STEPS} steps a call, beside stock Linen',
      of_linen,
      'linen',
      few,
      {'stock': {}},
    ),
  }
  return {
    row: Workload(
      f'{net.about}, batch {net.batch_size}, {how}',
      target,
      7,
      Training(peer, spec, net.images, variants, net.macs),
    )
    for row, (how, target, peer, spec, variants) in rows.items()
  }


WORKLOADS: dict[str, Workload] = {
  'mlp_mnist': Workload(
    'MLP 784-512-512-10, MNIST, batch 128, 10 epochs, beside a loop with torch.optim.Adam as it comes',
    Target('peer/ours', 1.5),
    5,
    Training('classification', _epochs('mlp', 10), (0,), _DEFAULT, _MLP),
  ),
  'mlp_mnist_fastest': Workload(
    'the same beside the fastest form of the PyTorch loop',
    Target('peer/ours', 1.0),
    5,
    Training('classification', _epochs('mlp', 10), (0,), _DENSE, _MLP),
  ),
  'lenet_mnist': Workload(
    'LeNet-5, MNIST padded to 32 x 32, batch 128, Adam, 1 epoch',
    Target('peer/ours', 1.0),
    5,
    Training('classification', _epochs('lenet', 1), (2,), _CONVOLUTIONAL, NETS['lenet'].macs),
  ),
  'import': Workload(
    'import nn_zoo beside import jax, flax, optax',
    Target('ours/peer', 1.2),
    9,
    Processes('import nn_zoo', 'import jax, flax, optax'),
  ),
}
for _name, _net in NETS.items():
  WORKLOADS |= _of(_name, _net)
