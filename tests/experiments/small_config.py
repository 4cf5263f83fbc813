"""The digits with a small multilayer perceptron, for tests of the launcher."""

from configs import lenet_digits


def get_config():
  config = lenet_digits.get_config()
  config.model = {'name': 'mlp', 'classes': 10, 'widths': (16,)}
  config.augment = {}
  return config
