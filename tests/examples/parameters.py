"""What an example of a model is, and the shapes of parameters of layers by path."""

from typing import Any, NamedTuple


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


def gru(path: str, inputs: int, units: int) -> dict[str, tuple[int, ...]]:
  shapes = {'input': (inputs, 3 * units), 'recurrent': (units, 3 * units), 'bias': (3 * units,)}
  shapes['recurrent_bias'] = (units,)
  return {f'{path}/{name}': shape for name, shape in shapes.items()}
