"""One table of all models and one of all tasks: a row buys an entry every property test."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import optax

from nn_zoo.models import create_model
from nn_zoo.task import Task
from nn_zoo.tasks import TASKS


class ModelExample(NamedTuple):
  """A model at a small size: its fields, its input's shape, and its parameters' shapes by path.

  Inputs are normal random numbers, or, of a model whose `tokens` is not 0, ids below it. Of one that makes a
  text from a text, the first `source` of them are the source's.
  """

  model: str
  fields: dict[str, Any]
  inputs: tuple[int, ...]
  parameters: dict[str, tuple[int, ...]]
  tokens: int = 0
  source: int = 0


LENET_PARAMETERS = {
  'Conv_0/kernel': (5, 5, 1, 6),
  'Conv_0/bias': (6,),
  'Conv_1/kernel': (5, 5, 6, 16),
  'Conv_1/bias': (16,),
  'Dense_0/kernel': (400, 120),
  'Dense_0/bias': (120,),
  'Dense_1/kernel': (120, 84),
  'Dense_1/bias': (84,),
  'Dense_2/kernel': (84, 10),
  'Dense_2/bias': (10,),
}


def normalized(path: str, *kernel: int) -> dict[str, tuple[int, ...]]:
  """The parameters of a convolution without a bias and the batch normalization behind it."""
  layer = f'{path}/Normalization_0/BatchNorm_0'
  return {
    f'{path}/Conv_0/kernel': kernel,
    f'{layer}/scale': kernel[-1:],
    f'{layer}/bias': kernel[-1:],
  }


def layer_normalized(path: str, channels: int) -> dict[str, tuple[int, ...]]:
  """The parameters of a layer normalization."""
  return {f'{path}/LayerNorm_0/{name}': (channels,) for name in ('scale', 'bias')}


def dense(path: str, *kernel: int) -> dict[str, tuple[int, ...]]:
  """The parameters of a dense layer, or of a convolution with a bias."""
  return {f'{path}/kernel': kernel, f'{path}/bias': kernel[-1:]}


def causal(path: str, *kernel: int) -> dict[str, tuple[int, ...]]:
  """The parameters of a convolution with weight normalization."""
  return {**dense(path, *kernel), f'{path}/scale': kernel[-1:]}


def recurrent(direction: str, inputs: int, units: int, width: int) -> dict[str, tuple[int, ...]]:
  """The parameters of one direction of a recurrent layer, `width` being gates x units."""
  path = f'Recurrent_0/{direction}'
  return {
    f'{path}/input': (inputs, width),
    f'{path}/recurrent': (units, width),
    f'{path}/bias': (width,),
  }


def attending(path: str, width: int) -> dict[str, tuple[int, ...]]:
  """The parameters of attention with biases."""
  parts = [dense(f'{path}/{name}', width, width) for name in ('query', 'key', 'value', 'out')]
  return {name: shape for part in parts for name, shape in part.items()}


def block(path: str, width: int, hidden: int, cross: bool = False) -> dict[str, tuple[int, ...]]:
  """The parameters of a Transformer's block."""
  kinds = ('attention', 'cross_attention') if cross else ('attention',)
  shapes = dense(f'{path}/feed_forward/in', width, hidden)
  shapes |= dense(f'{path}/feed_forward/out', hidden, width)
  for kind in kinds:
    shapes |= attending(f'{path}/{kind}', width)
  for kind in (*kinds, 'feed_forward'):
    shapes |= {f'{path}/{kind}_norm/{name}': (width,) for name in ('scale', 'bias')}
  return shapes


def norm(path: str, width: int) -> dict[str, tuple[int, ...]]:
  """The parameters of a layer normalization of that name."""
  return {f'{path}/{name}': (width,) for name in ('scale', 'bias')}


def _gru(path: str, inputs: int, units: int) -> dict[str, tuple[int, ...]]:
  shapes = {'input': (inputs, 3 * units), 'recurrent': (units, 3 * units), 'bias': (3 * units,)}
  shapes['recurrent_bias'] = (units,)
  return {f'{path}/{name}': shape for name, shape in shapes.items()}


MODEL_EXAMPLES = {
  'perceptron': ModelExample(
    'perceptron', {'classes': 3}, (4, 5), {'Dense_0/kernel': (5, 3), 'Dense_0/bias': (3,)}
  ),
  'mlp': ModelExample(
    'mlp',
    {'classes': 3, 'widths': (7, 6), 'dropout': 0.5, 'activation': 'prelu'},
    (4, 2, 3),
    {
      'Dense_0/kernel': (6, 7),
      'Dense_0/bias': (7,),
      'Normalization_0/Activation_0/PReLU_0/negative_slope': (),
      'Dense_1/kernel': (7, 6),
      'Dense_1/bias': (6,),
      'Normalization_1/Activation_0/PReLU_0/negative_slope': (),
      'Dense_2/kernel': (6, 3),
      'Dense_2/bias': (3,),
    },
  ),
  'mlp_batch': ModelExample(
    'mlp',
    {'classes': 2, 'widths': (4,), 'normalization': 'batch'},
    (8, 3),
    {
      'Dense_0/kernel': (3, 4),
      'Dense_0/bias': (4,),
      'Normalization_0/BatchNorm_0/scale': (4,),
      'Normalization_0/BatchNorm_0/bias': (4,),
      'Dense_1/kernel': (4, 2),
      'Dense_1/bias': (2,),
    },
  ),
  'lenet': ModelExample('lenet', {'classes': 10}, (3, 32, 32, 1), LENET_PARAMETERS),
  'lenet_1998': ModelExample(
    'lenet',
    {'classes': 10, 'activation': 'tanh', 'pooling': 'average'},
    (3, 32, 32, 1),
    LENET_PARAMETERS,
  ),
  'convnet': ModelExample(
    'convnet',
    {'classes': 3, 'widths': (4, 5), 'hidden': 6},
    (4, 9, 8, 2),
    {
      'Conv_0/kernel': (3, 3, 2, 4),
      'Normalization_0/BatchNorm_0/scale': (4,),
      'Normalization_0/BatchNorm_0/bias': (4,),
      'Conv_1/kernel': (3, 3, 4, 5),
      'Normalization_1/BatchNorm_0/scale': (5,),
      'Normalization_1/BatchNorm_0/bias': (5,),
      'Dense_0/kernel': (20, 6),
      'Dense_0/bias': (6,),
      'Dense_1/kernel': (6, 3),
      'Dense_1/bias': (3,),
    },
  ),
  'mobilenet_v2': ModelExample(
    'mobilenet_v2',
    {'classes': 3, 'width': 0.25, 'stages': ((1, 32, 1, 1), (2, 32, 2, 2)), 'last_width': 16},
    (3, 9, 8, 2),
    {
      **normalized('ConvNormalization_0', 3, 3, 2, 8),
      **normalized('InvertedResidual_0/ConvNormalization_0', 3, 3, 1, 8),
      **normalized('InvertedResidual_0/ConvNormalization_1', 1, 1, 8, 8),
      **normalized('InvertedResidual_1/ConvNormalization_0', 1, 1, 8, 16),
      **normalized('InvertedResidual_1/ConvNormalization_1', 3, 3, 1, 16),
      **normalized('InvertedResidual_1/ConvNormalization_2', 1, 1, 16, 8),
      **normalized('InvertedResidual_2/ConvNormalization_0', 1, 1, 8, 16),
      **normalized('InvertedResidual_2/ConvNormalization_1', 3, 3, 1, 16),
      **normalized('InvertedResidual_2/ConvNormalization_2', 1, 1, 16, 8),
      **normalized('ConvNormalization_1', 1, 1, 8, 16),
      **dense('head', 16, 3),
    },
  ),
  'efficientnet': ModelExample(
    'efficientnet',
    {'classes': 3, 'width': 0.25, 'depth': 0.5, 'stages': ((1, 16, 1, 1, 3), (2, 64, 2, 2, 5))},
    (3, 9, 8, 2),
    {
      **normalized('ConvNormalization_0', 3, 3, 2, 8),
      **normalized('InvertedResidual_0/ConvNormalization_0', 3, 3, 1, 8),
      **dense('InvertedResidual_0/SqueezeExcitation_0/Dense_0', 8, 2),
      **dense('InvertedResidual_0/SqueezeExcitation_0/Dense_1', 2, 8),
      **normalized('InvertedResidual_0/ConvNormalization_1', 1, 1, 8, 8),
      **normalized('InvertedResidual_1/ConvNormalization_0', 1, 1, 8, 16),
      **normalized('InvertedResidual_1/ConvNormalization_1', 5, 5, 1, 16),
      **dense('InvertedResidual_1/SqueezeExcitation_0/Dense_0', 16, 2),
      **dense('InvertedResidual_1/SqueezeExcitation_0/Dense_1', 2, 16),
      **normalized('InvertedResidual_1/ConvNormalization_2', 1, 1, 16, 16),
      **normalized('ConvNormalization_1', 1, 1, 16, 64),
      **dense('head', 64, 3),
    },
  ),
  'convnext': ModelExample(
    'convnext',
    {'classes': 3, 'depths': (1, 1), 'widths': (4, 6)},
    (3, 9, 8, 2),
    {
      **dense('Conv_0', 4, 4, 2, 4),
      **dense('Conv_1', 2, 2, 4, 6),
      **layer_normalized('Normalization_0', 4),
      **layer_normalized('Normalization_1', 4),
      **layer_normalized('Normalization_2', 6),
      **dense('ConvNeXtBlock_0/Conv_0', 7, 7, 1, 4),
      **layer_normalized('ConvNeXtBlock_0/Normalization_0', 4),
      **dense('ConvNeXtBlock_0/Dense_0', 4, 16),
      **dense('ConvNeXtBlock_0/Dense_1', 16, 4),
      'ConvNeXtBlock_0/layer_scale': (4,),
      **dense('ConvNeXtBlock_1/Conv_0', 7, 7, 1, 6),
      **layer_normalized('ConvNeXtBlock_1/Normalization_0', 6),
      **dense('ConvNeXtBlock_1/Dense_0', 6, 24),
      **dense('ConvNeXtBlock_1/Dense_1', 24, 6),
      'ConvNeXtBlock_1/layer_scale': (6,),
      **dense('head', 6, 3),
    },
  ),
  'tcn': ModelExample(
    'tcn',
    {'classes': 3, 'widths': (4, 5), 'kernel_size': 3, 'dropout': 0.2},
    (4, 12, 2),
    {
      **causal('TemporalBlock_0/CausalConv_0', 3, 2, 4),
      **causal('TemporalBlock_0/CausalConv_1', 3, 4, 4),
      **dense('TemporalBlock_0/Conv_0', 1, 2, 4),
      **causal('TemporalBlock_1/CausalConv_0', 3, 4, 5),
      **causal('TemporalBlock_1/CausalConv_1', 3, 5, 5),
      **dense('TemporalBlock_1/Conv_0', 1, 4, 5),
      **dense('head', 5, 3),
    },
  ),
  'rnn': ModelExample(
    'rnn',
    {'classes': 3, 'units': 4, 'layers': 2, 'reads': 'rows'},
    (4, 6, 5, 1),
    {
      **recurrent('forward_0', 5, 4, 4),
      **recurrent('forward_1', 4, 4, 4),
      **dense('head', 4, 3),
    },
  ),
  'lstm': ModelExample(
    'lstm',
    {'classes': 3, 'units': 4, 'bidirectional': True, 'dropout': 0.2},
    (4, 6, 5),
    {
      **recurrent('forward_0', 5, 4, 16),
      **recurrent('backward_0', 5, 4, 16),
      **dense('head', 8, 3),
    },
  ),
  'gru': ModelExample(
    'gru',
    {'classes': 3, 'units': 4, 'pool': 'mean'},
    (4, 6, 5),
    {
      **recurrent('forward_0', 5, 4, 12),
      'Recurrent_0/forward_0/recurrent_bias': (4,),
      **dense('head', 4, 3),
    },
  ),
  'recurrent_lm': ModelExample(
    'recurrent_lm',
    {'vocabulary': 5, 'units': 4, 'embedding': 3, 'dropout': 0.2},
    (3, 6),
    {
      'embed/embedding': (5, 3),
      **{
        path.replace('Recurrent_0', 'recurrent'): shape
        for path, shape in recurrent('forward_0', 3, 4, 16).items()
      },
      **dense('head', 4, 5),
    },
    tokens=5,
  ),
  'text_cnn': ModelExample(
    'text_cnn',
    {'classes': 3, 'maps': 2, 'kernel_sizes': (2, 3), 'dropout': 0.2},
    (4, 6, 5),
    {
      **dense('Conv_0', 2, 5, 2),
      **dense('Conv_1', 3, 5, 2),
      **dense('head', 4, 3),
    },
  ),
  'vgg': ModelExample(
    'vgg',
    {'classes': 3, 'depth': 11, 'width': 0.0625, 'grid': 1},
    (3, 32, 33, 2),
    {
      'Conv_0/kernel': (3, 3, 2, 4),
      'Conv_0/bias': (4,),
      'Conv_1/kernel': (3, 3, 4, 8),
      'Conv_1/bias': (8,),
      'Conv_2/kernel': (3, 3, 8, 16),
      'Conv_2/bias': (16,),
      'Conv_3/kernel': (3, 3, 16, 16),
      'Conv_3/bias': (16,),
      'Conv_4/kernel': (3, 3, 16, 32),
      'Conv_4/bias': (32,),
      'Conv_5/kernel': (3, 3, 32, 32),
      'Conv_5/bias': (32,),
      'Conv_6/kernel': (3, 3, 32, 32),
      'Conv_6/bias': (32,),
      'Conv_7/kernel': (3, 3, 32, 32),
      'Conv_7/bias': (32,),
      'Dense_0/kernel': (32, 256),
      'Dense_0/bias': (256,),
      'Dense_1/kernel': (256, 256),
      'Dense_1/bias': (256,),
      'head/kernel': (256, 3),
      'head/bias': (3,),
    },
  ),
  'resnet': ModelExample(
    'resnet',
    {
      'classes': 3,
      'depth': 18,
      'stages': (1, 1),
      'width': 0.0625,
      'zero_init': False,
      'stochastic_depth': 0.1,
    },
    (3, 16, 17, 2),
    {
      'Conv_0/kernel': (7, 7, 2, 4),
      'Normalization_0/BatchNorm_0/scale': (4,),
      'Normalization_0/BatchNorm_0/bias': (4,),
      'ResidualBlock_0/Conv_0/kernel': (3, 3, 4, 4),
      'ResidualBlock_0/Normalization_0/BatchNorm_0/scale': (4,),
      'ResidualBlock_0/Normalization_0/BatchNorm_0/bias': (4,),
      'ResidualBlock_0/Conv_1/kernel': (3, 3, 4, 4),
      'ResidualBlock_0/Normalization_1/BatchNorm_0/scale': (4,),
      'ResidualBlock_0/Normalization_1/BatchNorm_0/bias': (4,),
      'ResidualBlock_1/Conv_0/kernel': (3, 3, 4, 8),
      'ResidualBlock_1/Normalization_0/BatchNorm_0/scale': (8,),
      'ResidualBlock_1/Normalization_0/BatchNorm_0/bias': (8,),
      'ResidualBlock_1/Conv_1/kernel': (3, 3, 8, 8),
      'ResidualBlock_1/Normalization_1/BatchNorm_0/scale': (8,),
      'ResidualBlock_1/Normalization_1/BatchNorm_0/bias': (8,),
      'ResidualBlock_1/Conv_2/kernel': (1, 1, 4, 8),
      'ResidualBlock_1/Normalization_2/BatchNorm_0/scale': (8,),
      'ResidualBlock_1/Normalization_2/BatchNorm_0/bias': (8,),
      'head/kernel': (8, 3),
      'head/bias': (3,),
    },
  ),
  'resnet_bottleneck': ModelExample(
    'resnet',
    {
      'classes': 3,
      'depth': 50,
      'stages': (1, 1),
      'width': 0.0625,
      'preactivation': True,
      'normalization': 'group',
      'zero_init': False,
      'small_images': True,
    },
    (3, 9, 8, 2),
    {
      'Conv_0/kernel': (3, 3, 2, 4),
      'ResidualBlock_0/Normalization_0/GroupNorm_0/scale': (4,),
      'ResidualBlock_0/Normalization_0/GroupNorm_0/bias': (4,),
      'ResidualBlock_0/Conv_0/kernel': (1, 1, 4, 4),
      'ResidualBlock_0/Normalization_1/GroupNorm_0/scale': (4,),
      'ResidualBlock_0/Normalization_1/GroupNorm_0/bias': (4,),
      'ResidualBlock_0/Conv_1/kernel': (3, 3, 4, 4),
      'ResidualBlock_0/Normalization_2/GroupNorm_0/scale': (4,),
      'ResidualBlock_0/Normalization_2/GroupNorm_0/bias': (4,),
      'ResidualBlock_0/Conv_2/kernel': (1, 1, 4, 16),
      'ResidualBlock_0/Conv_3/kernel': (1, 1, 4, 16),
      'ResidualBlock_1/Normalization_0/GroupNorm_0/scale': (16,),
      'ResidualBlock_1/Normalization_0/GroupNorm_0/bias': (16,),
      'ResidualBlock_1/Conv_0/kernel': (1, 1, 16, 8),
      'ResidualBlock_1/Normalization_1/GroupNorm_0/scale': (8,),
      'ResidualBlock_1/Normalization_1/GroupNorm_0/bias': (8,),
      'ResidualBlock_1/Conv_1/kernel': (3, 3, 8, 8),
      'ResidualBlock_1/Normalization_2/GroupNorm_0/scale': (8,),
      'ResidualBlock_1/Normalization_2/GroupNorm_0/bias': (8,),
      'ResidualBlock_1/Conv_2/kernel': (1, 1, 8, 32),
      'ResidualBlock_1/Conv_3/kernel': (1, 1, 16, 32),
      'Normalization_0/GroupNorm_0/scale': (32,),
      'Normalization_0/GroupNorm_0/bias': (32,),
      'head/kernel': (32, 3),
      'head/bias': (3,),
    },
  ),
  'resnet_cifar': ModelExample(
    'resnet_cifar',
    {'classes': 3, 'depth': 8, 'width': 0.25, 'zero_init': False},
    (3, 9, 8, 2),
    {
      'Conv_0/kernel': (3, 3, 2, 4),
      'Normalization_0/BatchNorm_0/scale': (4,),
      'Normalization_0/BatchNorm_0/bias': (4,),
      'ResidualBlock_0/Conv_0/kernel': (3, 3, 4, 4),
      'ResidualBlock_0/Normalization_0/BatchNorm_0/scale': (4,),
      'ResidualBlock_0/Normalization_0/BatchNorm_0/bias': (4,),
      'ResidualBlock_0/Conv_1/kernel': (3, 3, 4, 4),
      'ResidualBlock_0/Normalization_1/BatchNorm_0/scale': (4,),
      'ResidualBlock_0/Normalization_1/BatchNorm_0/bias': (4,),
      'ResidualBlock_1/Conv_0/kernel': (3, 3, 4, 8),
      'ResidualBlock_1/Normalization_0/BatchNorm_0/scale': (8,),
      'ResidualBlock_1/Normalization_0/BatchNorm_0/bias': (8,),
      'ResidualBlock_1/Conv_1/kernel': (3, 3, 8, 8),
      'ResidualBlock_1/Normalization_1/BatchNorm_0/scale': (8,),
      'ResidualBlock_1/Normalization_1/BatchNorm_0/bias': (8,),
      'ResidualBlock_2/Conv_0/kernel': (3, 3, 8, 16),
      'ResidualBlock_2/Normalization_0/BatchNorm_0/scale': (16,),
      'ResidualBlock_2/Normalization_0/BatchNorm_0/bias': (16,),
      'ResidualBlock_2/Conv_1/kernel': (3, 3, 16, 16),
      'ResidualBlock_2/Normalization_1/BatchNorm_0/scale': (16,),
      'ResidualBlock_2/Normalization_1/BatchNorm_0/bias': (16,),
      'head/kernel': (16, 3),
      'head/bias': (3,),
    },
  ),
  'densenet': ModelExample(
    'densenet',
    {'classes': 3, 'stages': (1, 1), 'width': 0.125, 'dropout': 0.2},
    (3, 16, 17, 2),
    {
      'Conv_0/kernel': (7, 7, 2, 8),
      'Normalization_0/BatchNorm_0/scale': (8,),
      'Normalization_0/BatchNorm_0/bias': (8,),
      'Normalization_1/BatchNorm_0/scale': (8,),
      'Normalization_1/BatchNorm_0/bias': (8,),
      'Conv_1/kernel': (1, 1, 8, 16),
      'Normalization_2/BatchNorm_0/scale': (16,),
      'Normalization_2/BatchNorm_0/bias': (16,),
      'Conv_2/kernel': (3, 3, 16, 4),
      'Normalization_3/BatchNorm_0/scale': (12,),
      'Normalization_3/BatchNorm_0/bias': (12,),
      'Conv_3/kernel': (1, 1, 12, 6),
      'Normalization_4/BatchNorm_0/scale': (6,),
      'Normalization_4/BatchNorm_0/bias': (6,),
      'Conv_4/kernel': (1, 1, 6, 16),
      'Normalization_5/BatchNorm_0/scale': (16,),
      'Normalization_5/BatchNorm_0/bias': (16,),
      'Conv_5/kernel': (3, 3, 16, 4),
      'Normalization_6/BatchNorm_0/scale': (10,),
      'Normalization_6/BatchNorm_0/bias': (10,),
      'head/kernel': (10, 3),
      'head/bias': (3,),
    },
  ),
  'gan_mlp': ModelExample(
    'gan_mlp',
    {'shape': (2,), 'latent': 3, 'widths': (5,), 'spectral': True},
    (4, 3),
    dense('generator/Dense_0', 3, 5)
    | dense('generator/Dense_1', 5, 2)
    | dense('critic/SpectralLinear_0', 2, 5)
    | dense('critic/Judgement_0/SpectralLinear_0', 5, 1),
  ),
  'dcgan': ModelExample(
    'dcgan',
    {'shape': (8, 8, 1), 'latent': 3, 'width': 4},
    (4, 3),
    {
      'generator/Dense_0/kernel': (3, 64),
      'generator/ConditionalNormalization_0/Normalization_0/BatchNorm_0/scale': (4,),
      'generator/ConditionalNormalization_0/Normalization_0/BatchNorm_0/bias': (4,),
    }
    | dense('generator/ConvTranspose_0', 4, 4, 4, 1)
    | dense('critic/SpectralLinear_0', 4, 4, 1, 4)
    | dense('critic/Judgement_0/SpectralLinear_0', 64, 1),
  ),
  'seq2seq': ModelExample(
    'seq2seq',
    {'vocabulary': 7, 'units': 4, 'embedding': 3, 'dropout': 0.2},
    (3, 9),
    {
      'embed/embedding': (7, 3),
      **_gru('encoder/forward_0', 3, 4),
      **_gru('encoder/backward_0', 3, 4),
      **_gru('decoder/forward_0', 11, 4),
      'look/key/kernel': (8, 4),
      'look/vector/kernel': (4, 1),
    }
    | dense('bridge', 8, 4)
    | dense('look/query', 4, 4)
    | dense('readout', 15, 4)
    | dense('head', 4, 7),
    tokens=7,
    source=5,
  ),
  'transformer': ModelExample(
    'transformer',
    {
      'vocabulary': 7,
      'width': 8,
      'hidden': 12,
      'heads': 2,
      'encoder_layers': 1,
      'decoder_layers': 1,
      'length': 6,
    },
    (3, 9),
    {'embed/embedding': (7, 8)}
    | block('encoder/block_0', 8, 12)
    | block('decoder/block_0', 8, 12, cross=True),
    tokens=7,
    source=5,
  ),
  'gpt': ModelExample(
    'gpt',
    {'vocabulary': 5, 'context': 6, 'width': 8, 'layers': 1, 'heads': 2, 'dropout': 0.1},
    (3, 6),
    {'embed/embedding': (5, 8), 'position': (6, 8)}
    | block('blocks/block_0', 8, 32)
    | norm('norm', 8),
    tokens=5,
  ),
  'bert': ModelExample(
    'bert',
    {'vocabulary': 5, 'classes': 3, 'length': 6, 'width': 8, 'layers': 1, 'heads': 2},
    (3, 6),
    {'embed/embedding': (5, 8), 'position': (6, 8), 'segment': (2, 8)}
    | block('blocks/block_0', 8, 32)
    | norm('norm', 8)
    | dense('pooler', 8, 8)
    | dense('head', 8, 3),
    tokens=5,
  ),
  'vit': ModelExample(
    'vit',
    {'classes': 3, 'patch': 4, 'width': 8, 'layers': 1, 'heads': 2, 'dropout': 0.1},
    (4, 8, 8, 1),
    {'token': (8,), 'position': (5, 8)}
    | dense('embed', 4, 4, 1, 8)
    | block('blocks/block_0', 8, 32)
    | norm('norm', 8)
    | dense('head', 8, 3),
  ),
  'sngan': ModelExample(
    'sngan',
    {'shape': (8, 8, 1), 'latent': 3, 'width': 4},
    (4, 3),
    dense('generator/Dense_0', 3, 64)
    | dense('generator/_Up_0/Conv_1', 3, 3, 4, 4)
    | dense('generator/Conv_0', 3, 3, 4, 1)
    | {
      'generator/_Up_0/Conv_0/kernel': (3, 3, 4, 4),
      'generator/_Up_0/Conv_2/kernel': (1, 1, 4, 4),
      'critic/_Down_0/SpectralLinear_2/kernel': (1, 1, 1, 4),
    }
    | {
      f'generator/{path}/Normalization_0/BatchNorm_0/{name}': (4,)
      for path in (
        '_Up_0/ConditionalNormalization_0',
        '_Up_0/ConditionalNormalization_1',
        'ConditionalNormalization_0',
      )
      for name in ('scale', 'bias')
    }
    | dense('critic/_Down_0/SpectralLinear_0', 3, 3, 1, 4)
    | dense('critic/_Down_0/SpectralLinear_1', 3, 3, 4, 4)
    | dense('critic/_Down_1/SpectralLinear_0', 3, 3, 4, 4)
    | dense('critic/_Down_1/SpectralLinear_1', 3, 3, 4, 4)
    | dense('critic/Judgement_0/SpectralLinear_0', 4, 1),
  ),
  'autoencoder': ModelExample(
    'autoencoder',
    {'shape': (3, 2), 'latent': 2, 'widths': (5,), 'activation': 'tanh'},
    (4, 3, 2),
    dense('encoder/Dense_0', 6, 5)
    | dense('encoder/Dense_1', 5, 2)
    | dense('decoder/Dense_0', 2, 5)
    | dense('decoder/Dense_1', 5, 6),
  ),
  'vae': ModelExample(
    'vae',
    {'shape': (3, 2), 'latent': 2, 'widths': (5,), 'activation': 'tanh'},
    (4, 3, 2),
    dense('encoder/Dense_0', 6, 5)
    | dense('encoder/Dense_1', 5, 4)
    | dense('decoder/Dense_0', 2, 5)
    | dense('decoder/Dense_1', 5, 6),
  ),
}


class TaskExample(NamedTuple):
  """A task with a small model: (tx, **fields of the task) -> task, and count -> that many examples."""

  name: str
  make: Callable[..., Task]
  arrays: Callable[[int], dict[str, np.ndarray]]
  falls: str = 'loss'  # the metric that training lowers


def _classes(count: int) -> dict[str, np.ndarray]:
  random = np.random.default_rng(0)
  inputs = random.normal(size=(count, 5)).astype(np.float32)
  return {'inputs': inputs, 'targets': (inputs[:, :3].argmax(axis=1)).astype(np.int32)}


def _reals(count: int) -> dict[str, np.ndarray]:
  random = np.random.default_rng(0)
  inputs = random.normal(size=(count, 5)).astype(np.float32)
  return {'inputs': inputs, 'targets': 10 + 3 * inputs[:, :2] - inputs[:, 2:4]}


def _pieces(count: int) -> dict[str, np.ndarray]:
  random = np.random.default_rng(0)
  length = random.integers(1, 7, count).astype(np.int32)
  keys = random.integers(0, 9, (count, 1)) + np.arange(7)[None]  # one key up a frame
  notes = np.eye(16, dtype=bool)[keys] & (np.arange(7)[None] <= length[:, None])[..., None]
  inputs = {'values': notes[:, :-1] & notes[:, 1:].any(axis=2, keepdims=True), 'length': length}
  return {'inputs': inputs, 'targets': notes[:, 1:]}


def _series(count: int) -> dict[str, np.ndarray]:
  y = np.float32(20 + np.sin(np.arange(count + 11) / 2))
  cut = np.lib.stride_tricks.sliding_window_view(y, 12)
  return {'inputs': cut[:, :8, None], 'targets': cut[:, 8:]}


def _images(count: int) -> dict[str, np.ndarray]:
  random = np.random.default_rng(0)
  targets = random.integers(0, 3, count).astype(np.int32)
  inputs = random.integers(0, 100, (count, 8, 8, 1)).astype(np.uint8)
  inputs[np.arange(count), targets] += 100
  return {'inputs': inputs, 'targets': targets}


def _texts(count: int) -> dict[str, np.ndarray]:
  random = np.random.default_rng(0)
  tokens = (random.integers(0, 4, (count, 1)) + np.arange(7)).astype(np.int32) % 5
  return {
    'inputs': tokens[:, :-1],
    'targets': tokens[:, 1:],
    'first': np.ones(count, bool),
  }


def _pairs(count: int) -> dict[str, Any]:
  random = np.random.default_rng(0)
  length = 1 + np.arange(count, dtype=np.int32) % 4
  own = np.arange(4)[None] < length[:, None]
  values = np.where(own, random.integers(4, 8, (count, 4)), 0).astype(np.int32)
  targets = np.pad(np.where(own, values, 3), ((0, 0), (1, 1)), constant_values=((0, 0), (2, 3)))
  targets[np.arange(6)[None] > length[:, None] + 1] = 0
  return {
    'inputs': {'values': values, 'length': length},
    'targets': {'values': targets, 'length': length + 2},
  }


def _labels(count: int) -> dict[str, np.ndarray]:
  random = np.random.default_rng(0)
  inputs = random.normal(size=(count, 6, 3)).astype(np.float32)
  labels = inputs.argmax(axis=2).astype(np.int32)
  length = 1 + np.arange(count)[:, None] % 6
  return {'inputs': inputs, 'targets': np.where(np.arange(6)[None] < length, labels, -1)}


def _points(count: int) -> dict[str, np.ndarray]:
  random = np.random.default_rng(0)
  latent = random.normal(size=(count, 3)).astype(np.float32)
  return {
    'inputs': {'latent': latent},
    'targets': random.normal(3, 0.1, (count, 2)).astype(np.float32),
  }


def _codable(count: int) -> dict[str, np.ndarray]:
  random = np.random.default_rng(0)
  inputs = random.normal(size=(count, 1)) * np.linspace(0.5, 2, 6)[None]
  noise = random.normal(size=(count, 2)).astype(np.float32)
  inputs = inputs.reshape(count, 3, 2).astype(np.float32)
  return {'inputs': inputs, 'targets': np.zeros(count, np.int32), 'noise': noise}


def _odd(count: int) -> dict[str, np.ndarray]:
  codable = _codable(count)
  return {'inputs': codable['inputs'], 'targets': np.int32(np.arange(count) % 5 == 4)}


def _maker(task: str, model: str, **fields):
  def make(tx: optax.GradientTransformation = optax.adam(1e-2), **more) -> Task:  # noqa: B008
    return TASKS[task](create_model(model, **fields), tx, **more)

  return make


def as_float(images):
  """Raw pixels to 0 ... 1."""
  return images.astype(jnp.float32) / 255


TASK_EXAMPLES = {
  'adversarial': TaskExample(
    'adversarial',
    # The critic is made ten times as quick, so that its loss falls.
    lambda tx=optax.adam(1e-2), **more: _maker(  # noqa: B008
      'adversarial', 'gan_mlp', latent=3, widths=(8,)
    )(optax.chain(tx, optax.scale(0.1)), critic_tx=tx, critic_steps=2, r1=0.1, **more),
    _points,
    falls='critic_loss',
  ),
  'anomaly': TaskExample(
    'anomaly',
    _maker('anomaly', 'autoencoder', shape=(3, 2), latent=2, widths=(8,)),
    _odd,
  ),
  'autoencoder': TaskExample(
    'autoencoder',
    _maker('autoencoder', 'autoencoder', shape=(3, 2), latent=2, widths=(8,)),
    _codable,
  ),
  'vae': TaskExample(
    'vae',
    lambda tx=optax.adam(1e-2), **more: _maker(  # noqa: B008
      'vae', 'vae', shape=(3, 2), latent=2, widths=(8,)
    )(tx, likelihood='normal', **more),
    _codable,
  ),
  'classification': TaskExample(
    'classification', _maker('classification', 'mlp', classes=3, widths=(8,), dropout=0.3), _classes
  ),
  'classification_batchnorm': TaskExample(
    'classification',
    lambda tx=optax.sgd(0.1), **more: _maker(  # noqa: B008
      'classification', 'convnet', classes=3, widths=(4,), hidden=5, dropout=0.1
    )(tx, prepare=as_float, **more),
    _images,
  ),
  'diagnosis': TaskExample(
    'diagnosis',
    lambda tx=optax.adam(1e-2), **more: _maker('diagnosis', 'mlp', classes=2, widths=(8,))(  # noqa: B008
      tx, positive=1, threshold=0.5, **more
    ),
    lambda count: _classes(count) | {'targets': np.int32(_classes(count)['targets'] == 1)},
  ),
  'music': TaskExample(
    'music', _maker('music', 'gru', classes=16, units=8, every_position=True), _pieces
  ),
  'forecasting': TaskExample(
    'forecasting',
    lambda tx=optax.adam(1e-2), **more: _maker('forecasting', 'mlp', classes=12, widths=(8,))(  # noqa: B008
      tx, season=3, quantiles=(0.1, 0.5, 0.9), examples=_series(64), **more
    ),
    _series,
  ),
  'labelling': TaskExample(
    'labelling', _maker('labelling', 'gru', classes=3, units=8, every_position=True), _labels
  ),
  'translation': TaskExample(
    'translation',
    lambda tx=optax.adam(1e-2), **more: _maker(  # noqa: B008
      'translation', 'seq2seq', vocabulary=8, units=8, embedding=4, attention='general'
    )(tx, beam=2, length=4, **more),
    _pairs,
  ),
  'language': TaskExample(
    'language',
    lambda tx=optax.adam(1e-2), **more: _maker('language', 'recurrent_lm', vocabulary=5, units=8)(  # noqa: B008
      tx, window=4, length=5, temperature=0.0, **more
    ),
    _texts,
  ),
  'regression': TaskExample(
    'regression',
    lambda tx=optax.adam(1e-2), **more: _maker('regression', 'mlp', classes=2, widths=(8,))(  # noqa: B008
      tx, location=10.0, scale=3.0, **more
    ),
    _reals,
  ),
}
