"""PRESETS: published sizes of models by name; a config may take a name and change single fields."""

from typing import Any, NamedTuple


class Preset(NamedTuple):
  """A model of MODELS, its fields where they are not the model's own, and what it is."""

  model: str
  fields: dict[str, Any]
  about: str


PRESETS: dict[str, Preset] = {
  'bert_base': Preset(
    'bert', {'vocabulary': 30522}, '109,482,240 parameters without a head (classes=0)'
  ),
  'gpt2_small': Preset('gpt', {'vocabulary': 50257}, '124,439,808 parameters'),
  'transformer_base': Preset(
    'transformer',
    {},
    '63,082,496 parameters with 37,000 tokens (65 million in the table of the paper)',
  ),
  'transformer_big': Preset(
    'transformer',
    {'width': 1024, 'hidden': 4096, 'heads': 16, 'dropout': 0.3},
    '214,245,376 parameters with 37,000 tokens (213 million in the table of the paper)',
  ),
  'vit_tiny': Preset(
    'vit', {'width': 192, 'heads': 3}, '5,717,416 parameters for 1000 classes of 224 x 224 pixels'
  ),
  'vit_small': Preset(
    'vit', {'width': 384, 'heads': 6}, '22,050,664 parameters for 1000 classes of 224 x 224 pixels'
  ),
  'vit_base': Preset('vit', {}, '86,567,656 parameters for 1000 classes of 224 x 224 pixels'),
}
