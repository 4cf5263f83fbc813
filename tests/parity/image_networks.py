"""Convolutional classifiers as PyTorch modules, with the layers in the order in which ours are called."""

from tests.parity.networks import torch

nn, F = torch.nn, torch.nn.functional


def convolution(inputs, outputs, size, stride=1):
  return nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)


class Block(nn.Module):
  """Two 3x3 convolutions; the shortcut changes the shape by a convolution, or by zeros in new channels."""

  def __init__(self, inputs, outputs, stride, projection):
    super().__init__()
    self.first, self.second = (
      convolution(inputs, outputs, 3, stride),
      convolution(outputs, outputs, 3),
    )
    self.norms = nn.ModuleList(nn.BatchNorm2d(outputs) for _ in range(2))
    self.stride, self.added = stride, outputs - inputs
    self.shortcut = None
    if projection and (stride > 1 or self.added):
      self.shortcut = nn.Sequential(
        convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs)
      )

  def forward(self, x):
    h = self.second(self.norms[0](self.first(x)).relu())
    if self.shortcut:
      x = self.shortcut(x)
    elif self.added:
      x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added))
    return (x + self.norms[1](h)).relu()


def resnet(stem, widths, counts, classes, projection):
  """Stages of blocks behind a stem, whose outputs are normalized."""
  blocks, inputs = [], widths[0]
  for stage, (width, count) in enumerate(zip(widths, counts, strict=True)):
    for index in range(count):
      stride = 2 if stage and not index else 1
      blocks.append(Block(inputs, width, stride, projection))
      inputs = width
  head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes)
  return nn.Sequential(*stem, *blocks, *head)


def resnet20(channels, classes):
  stem = convolution(channels, 16, 3), nn.BatchNorm2d(16), nn.ReLU()
  return resnet(stem, (16, 32, 64), (3, 3, 3), classes, projection=False)


def resnet18(channels, classes, width=64):
  stem = convolution(channels, width, 7, 2), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
  widths = [width * 2**stage for stage in range(4)]
  return resnet(stem, widths, (2, 2, 2, 2), classes, projection=True)


class ChannelsLast(nn.Module):
  """Flattens as ours do, by height, width, channel."""

  def forward(self, x):
    return x.movedim(1, -1).flatten(1)


def vgg11(channels, classes, widths, hidden, grid):
  layers, inputs = [], channels
  for width, count in zip(widths, (1, 1, 2, 2, 2), strict=True):
    for _ in range(count):
      layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
      inputs = width
    layers.append(nn.MaxPool2d(2))
  layers += [nn.AdaptiveAvgPool2d(grid), ChannelsLast()]
  inputs *= grid**2
  for _ in range(2):
    layers += [nn.Linear(inputs, hidden), nn.ReLU()]
    inputs = hidden
  return nn.Sequential(*layers, nn.Linear(inputs, classes))
