"""One architecture a file; MODELS is the table of all of them."""

from flax import linen as nn

from nn_zoo import named
from nn_zoo.models.convnet import ConvNet
from nn_zoo.models.lenet import LeNet
from nn_zoo.models.mlp import MLP, Perceptron

MODELS: dict[str, type[nn.Module]] = {
  'convnet': ConvNet,
  'lenet': LeNet,
  'mlp': MLP,
  'perceptron': Perceptron,
}


def list_models(pattern: str = '*') -> list[str]:
  """The names of the models that fit a pattern such as 'le*'."""
  return named.match(pattern, MODELS)


def create_model(name: str, **fields) -> nn.Module:
  """A model by its name; `fields` are those of its class, such as classes=10.

  Raises:
    InputError: an unknown name or field, or a field of the wrong type.
  """
  return named.call(MODELS, 'model', name, **fields)
