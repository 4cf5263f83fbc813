"""What every config has: all sections with all keys, so that none is ever missing or parsed from a string."""

from configs.base.experiments import (
  adding,
  adversarial,
  forecasting,
  mnist,
  music,
  points,
  supervised,
  translation,
)
from configs.base.models import dcgan, gpt, recurrent, transformer, vit

__all__ = [
  'adding',
  'adversarial',
  'dcgan',
  'forecasting',
  'gpt',
  'mnist',
  'music',
  'points',
  'recurrent',
  'supervised',
  'transformer',
  'translation',
  'vit',
]
