"""WORKLOADS: what is compared. Another network is a line; other kinds of work are two programs more."""

from typing import Any

from experiments.benchmark import generative, gpu, recurrent, transformers
from experiments.benchmark.kinds import PLAIN, Processes, Target, Training, Workload
from experiments.benchmark.nets import NETS, Net
from experiments.settings import SETTINGS


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
_HUGE = {'environment': SETTINGS['huge pages']}
_KEPT = {'environment': SETTINGS['kept memory']}
_DEFAULT = {'optimizer as it comes': _EAGER}
_DENSE = _DEFAULT | {
  'fused': _FUSED,
  'fused, passive wait': _FUSED | _SLEEP,
  'fused, huge pages': _FUSED | _HUGE,
  'fused, compiled': _FUSED | {'compile': True},
}
_CONVOLUTIONAL = _DEFAULT | {
  'fused': _FUSED,
  'fused, kept memory': _FUSED | _KEPT,
  'fused, compiled': _FUSED | {'compile': True},
  'fused, channels last': _LAST,
  'fused, channels last, huge pages': _LAST | _HUGE,
  'fused, channels last, kept memory': _LAST | _KEPT,
  'fused, channels last, compiled': _LAST | {'compile': True},
}
# Kept memory is tried with PyTorch's compiler where that is the fastest; a form more compiles for a minute.
_FORMS = {
  'resnet_20': _CONVOLUTIONAL
  | {'fused, channels last, compiled, kept memory': _LAST | {'compile': True} | _KEPT}
}
_OURS = {name: {'environment': variables} for name, variables in SETTINGS.items()}
_MLP = (784 * 512, 512 * 512, 512 * 10)


LINEN_STEPS = 4
LINEN_BATCH = {'mobilenet': 16}  # of 128, stock Linen takes over a minute for a step


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
  many, single = _steps(name, net, net.steps, 50), _steps(name, net, net.steps // 2, 1)
  fewer = net._replace(batch_size=LINEN_BATCH.get(name, net.batch_size))
  few = _steps(name, fewer, LINEN_STEPS, LINEN_STEPS)
  forms = _FORMS.get(name, _CONVOLUTIONAL)
  rows = {
    name: ('50 steps a call', faster, 'classification', many, forms, _OURS),
    f'{name}_single': ('1 step a call', faster, 'classification', single, forms, _OURS),
    f'{name}_linen': (
      f'{LINEN_STEPS} steps a call, beside stock Linen',
      of_linen,
      'linen',
      few,
      {'stock': {}},
      PLAIN,
    ),
  }
  return {
    row: Workload(
      f'{net.about}, batch {spec["batch_size"]}, {how}',
      target,
      7,
      Training(peer, spec, net.images, variants, net.macs, ours),
    )
    for row, (how, target, peer, spec, variants, ours) in rows.items()
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
    Training('classification', _epochs('mlp', 10), (0,), _DENSE, _MLP, _OURS),
  ),
  'lenet_mnist': Workload(
    'LeNet-5, MNIST padded to 32 x 32, batch 128, Adam, 1 epoch',
    Target('peer/ours', 1.0),
    5,
    Training(
      'classification', _epochs('lenet', 1), (2,), _CONVOLUTIONAL, NETS['lenet'].macs, _OURS
    ),
  ),
  'import': Workload(
    'import nn_zoo beside import jax, flax, optax',
    Target('ours/peer', 1.2),
    7,
    Processes('import nn_zoo', 'import jax, flax, optax'),
  ),
}
for _name, _net in NETS.items():
  WORKLOADS |= _of(_name, _net)
WORKLOADS |= recurrent.workloads(_OURS)
WORKLOADS |= transformers.workloads(_OURS, _HUGE)
WORKLOADS |= generative.workloads(_OURS, _HUGE)
ON_GPU = gpu.workloads()
WORKLOADS |= ON_GPU
