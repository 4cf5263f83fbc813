"""One architecture a file; MODELS is the table of all of them."""

from flax import linen as nn

from nn_zoo import named
from nn_zoo.models.autoencoder import Autoencoder
from nn_zoo.models.bert import BERT
from nn_zoo.models.convnet import ConvNet
from nn_zoo.models.convnext import ConvNeXt
from nn_zoo.models.cyclegan import CycleGAN
from nn_zoo.models.dcgan import DCGAN
from nn_zoo.models.densenet import DenseNet
from nn_zoo.models.efficientnet import EfficientNet
from nn_zoo.models.gan_mlp import GanMLP
from nn_zoo.models.gpt import GPT
from nn_zoo.models.language import RecurrentLM
from nn_zoo.models.lenet import LeNet
from nn_zoo.models.mlp import MLP, Perceptron
from nn_zoo.models.mobilenet import MobileNetV2
from nn_zoo.models.presets import PRESETS
from nn_zoo.models.ranges import check_ranges
from nn_zoo.models.recurrent import GRU, LSTM, RNN
from nn_zoo.models.resnet import ResNet
from nn_zoo.models.resnet_cifar import ResNetCifar
from nn_zoo.models.seq2seq import Seq2Seq
from nn_zoo.models.sngan import SNGAN
from nn_zoo.models.tcn import TCN
from nn_zoo.models.text_cnn import TextCNN
from nn_zoo.models.transformer import Transformer
from nn_zoo.models.vae import VAE
from nn_zoo.models.vgg import VGG
from nn_zoo.models.vit import ViT

MODELS: dict[str, type[nn.Module]] = {
  'autoencoder': Autoencoder,
  'bert': BERT,
  'convnet': ConvNet,
  'convnext': ConvNeXt,
  'cyclegan': CycleGAN,
  'dcgan': DCGAN,
  'densenet': DenseNet,
  'efficientnet': EfficientNet,
  'gan_mlp': GanMLP,
  'gpt': GPT,
  'gru': GRU,
  'lenet': LeNet,
  'lstm': LSTM,
  'mlp': MLP,
  'mobilenet_v2': MobileNetV2,
  'perceptron': Perceptron,
  'recurrent_lm': RecurrentLM,
  'resnet': ResNet,
  'resnet_cifar': ResNetCifar,
  'rnn': RNN,
  'seq2seq': Seq2Seq,
  'sngan': SNGAN,
  'tcn': TCN,
  'text_cnn': TextCNN,
  'transformer': Transformer,
  'vae': VAE,
  'vgg': VGG,
  'vit': ViT,
}


_BY_NAME = MODELS | {name: MODELS[preset.model] for name, preset in PRESETS.items()}


def list_models(pattern: str = '*') -> list[str]:
  """The names of the models, and of their presets, that fit a pattern such as 'le*'."""
  return named.match(pattern, _BY_NAME)


def create_model(name: str, **fields) -> nn.Module:
  """A model by its name or that of a preset; `fields` are those of its class, such as classes=10.

  Raises:
    InputError: an unknown name or field, or a field of the wrong type or out of its range.
  """
  fields = (PRESETS[name].fields if name in PRESETS else {}) | fields
  model = named.call(_BY_NAME, 'model', name, **fields)
  check_ranges(fields)
  return model
