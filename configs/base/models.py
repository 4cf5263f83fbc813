"""The section `model` of a config, with all its keys."""

from typing import Any


def recurrent(name: str, **fields: Any) -> dict[str, Any]:
  """The section `model` of an 'rnn', 'lstm' or 'gru', with the values most configs keep but for `fields`."""
  model = {
    'name': name,
    'cell': {'rnn': 'rnn_tanh'}.get(name, name),
    'layers': 1,
    'bidirectional': False,
    'pool': 'last',
    'every_position': False,
    'vocabulary': 0,
    'embedding': 0,
    'reads': 'rows',
    'permutation': 0,
    'variational': False,
    'layer_norm': False,
    'chrono': 0,
    'dtype': 'float32',
  }
  if name == 'lstm':
    model |= {'peepholes': False, 'projection': 0, 'forget_bias': 1.0}
  return model | fields


def dcgan(**fields: Any) -> dict[str, Any]:
  """The section `model` of a 'dcgan', with `fields` instead of these."""
  model = {
    'name': 'dcgan',
    'shape': (28, 28, 1),
    'latent': 64,
    'classes': 0,
    'width': 32,
    'normalization': 'batch',
    'spectral': False,
    'batch_deviation': False,
    'dtype': 'float32',
  }
  return model | fields


_BLOCKS = {
  'drop_path': 0.0,
  'remat': False,
  'scan': False,
  'implementation': 'product',
  'dtype': 'float32',
}


def transformer(**fields: Any) -> dict[str, Any]:
  """The section `model` of a 'transformer', an encoder and a decoder, with `fields` instead of these."""
  model = {
    'name': 'transformer',
    'vocabulary': 0,
    'source_vocabulary': 0,
    'width': 256,
    'hidden': 512,
    'heads': 8,
    'kv_heads': 0,
    'encoder_layers': 3,
    'decoder_layers': 3,
    'positions': 'sinusoidal',
    'length': 256,
    'activation': 'relu',
    'pre_norm': True,
    'tied': True,
    'dropout': 0.1,
  }
  return model | _BLOCKS | fields


def gpt(**fields: Any) -> dict[str, Any]:
  """The section `model` of a 'gpt', a Transformer that writes on, with `fields` instead of these."""
  model = {
    'name': 'gpt',
    'vocabulary': 0,
    'context': 64,
    'width': 128,
    'layers': 4,
    'heads': 4,
    'kv_heads': 0,
    'window': 0,
    'hidden': 0,
    'positions': 'rotary',
    'activation': 'gelu_tanh',
    'use_bias': False,
    'tied': True,
    'dropout': 0.0,
  }
  return model | _BLOCKS | fields


def vit(**fields: Any) -> dict[str, Any]:
  """The section `model` of a 'vit', a Transformer that reads patches, with `fields` instead of these."""
  model = {
    'name': 'vit',
    'classes': 10,
    'patch': 4,
    'width': 64,
    'layers': 4,
    'heads': 4,
    'hidden': 0,
    'dropout': 0.1,
  }
  return model | _BLOCKS | fields
