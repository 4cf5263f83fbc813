"""The networks of the workloads in PyTorch. Images are [batch, channels, height, width]."""

import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm


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


def convnet(classes: int) -> nn.Module:
  """The net of configs/convnet_fashion.py: two 3x3 convolutions a stage, of 16, 32 and 64 channels."""
  layers, inputs = [], 1
  for width in (16, 32, 64):
    for _ in range(2):
      layers += [_conv(inputs, width, 3), nn.BatchNorm2d(width), nn.ReLU()]
      inputs = width
    layers.append(nn.MaxPool2d(2))
  return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.2), nn.Linear(9 * 64, classes))


class ResidualBlock(nn.Module):
  """Two 3x3 convolutions; where it narrows, the shortcut is every other pixel and zero channels."""

  def __init__(self, inputs: int, width: int, stride: int):
    super().__init__()
    self.stride, self.more = stride, width - inputs
    self.branch = nn.Sequential(
      *(_conv(inputs, width, 3, stride), nn.BatchNorm2d(width), nn.ReLU()),
      *(_conv(width, width, 3), nn.BatchNorm2d(width)),
    )

  def forward(self, x: torch.Tensor) -> torch.Tensor:
    """relu(shortcut + branch)."""
    shortcut = x
    if self.more:
      thinned = x[:, :, :: self.stride, :: self.stride]
      shortcut = nn.functional.pad(
        thinned, (0, 0, 0, 0, self.more // 2, self.more - self.more // 2)
      )
    return torch.relu(shortcut + self.branch(x))


def resnet_20(classes: int) -> nn.Module:
  """He et al. 2015, section 4.2, for 32 x 32 images."""
  layers, inputs = [_conv(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU()], 16
  for width in (16, 32, 64):
    for block in range(3):
      layers.append(ResidualBlock(inputs, width, 2 if width > 16 and block == 0 else 1))
      inputs = width
  return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes))


class InvertedBlock(nn.Module):
  """1x1 convolution to more channels, depthwise 3x3 convolution, 1x1 convolution to few."""

  def __init__(self, inputs: int, width: int, expansion: int, stride: int):
    super().__init__()
    inner = inputs * expansion
    wide = [_conv(inputs, inner, 1), nn.BatchNorm2d(inner), nn.ReLU6()] if expansion > 1 else []
    depthwise = _conv(inner, inner, 3, stride, inner), nn.BatchNorm2d(inner), nn.ReLU6()
    self.branch = nn.Sequential(*wide, *depthwise, _conv(inner, width, 1), nn.BatchNorm2d(width))
    self.residual = stride == 1 and inputs == width

  def forward(self, x: torch.Tensor) -> torch.Tensor:
    """The branch, beside the inputs where shapes agree."""
    return x + self.branch(x) if self.residual else self.branch(x)


def mobilenet(classes: int) -> nn.Module:
  """The first four stages of MobileNetV2, for 32 x 32 images."""
  layers, inputs = [_conv(3, 32, 3), nn.BatchNorm2d(32), nn.ReLU6()], 32
  for expansion, width, blocks, stride in (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 2, 2),
    (6, 64, 2, 2),
  ):
    for block in range(blocks):
      layers.append(InvertedBlock(inputs, width, expansion, stride if block == 0 else 1))
      inputs = width
  layers += [_conv(inputs, 256, 1), nn.BatchNorm2d(256), nn.ReLU6()]
  return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, classes))


class CausalConv(nn.Module):
  """A causal dilated convolution with weight normalisation."""

  def __init__(self, inputs: int, width: int, taps: int, dilation: int):
    super().__init__()
    self.before = (taps - 1) * dilation
    self.conv = weight_norm(nn.Conv1d(inputs, width, taps, dilation=dilation))

  def forward(self, x: torch.Tensor) -> torch.Tensor:
    """As many time steps as come in."""
    return self.conv(nn.functional.pad(x, (self.before, 0)))


class TemporalBlock(nn.Module):
  """Two causal convolutions beside a shortcut."""

  def __init__(self, inputs: int, width: int, taps: int, dilation: int):
    super().__init__()
    self.branch = nn.Sequential(
      *(CausalConv(inputs, width, taps, dilation), nn.ReLU()),
      *(CausalConv(width, width, taps, dilation), nn.ReLU()),
    )
    self.shortcut = nn.Conv1d(inputs, width, 1) if inputs != width else nn.Identity()

  def forward(self, x: torch.Tensor) -> torch.Tensor:
    """relu(shortcut + branch)."""
    return torch.relu(self.shortcut(x) + self.branch(x))


class Last(nn.Module):
  """The last time step."""

  def forward(self, x: torch.Tensor) -> torch.Tensor:
    """[batch, channels, time] -> [batch, channels]."""
    return x[..., -1]


def tcn(classes: int) -> nn.Module:
  """Bai et al. 2018: eight levels of 25 channels, seven taps, for one channel."""
  blocks = [TemporalBlock(25 if level else 1, 25, 7, 2**level) for level in range(8)]
  return nn.Sequential(*blocks, Last(), nn.Linear(25, classes))


NETS = {
  'mlp': mlp,
  'lenet': lenet,
  'convnet': convnet,
  'resnet_20': resnet_20,
  'mobilenet': mobilenet,
  'tcn': tcn,
}


def _conv(inputs, outputs, kernel, stride=1, groups=1):
  padding = kernel // 2
  return nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
