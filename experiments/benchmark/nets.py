"""NETS: the networks whose training steps are timed, with what they multiply."""

from collections.abc import Mapping
from typing import Any, NamedTuple


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
    500,
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
    100,
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
