"""What the output layer of classifiers sees: `features`."""

import inspect
import re

import jax
import numpy as np
import pytest

from nn_zoo.models import MODELS, create_model
from tests.examples import MODEL_EXAMPLES
from tests.reference import assert_near

IMAGES = {
  'convnet',
  'convnext',
  'densenet',
  'efficientnet',
  'lenet',
  'mobilenet_v2',
  'resnet',
  'resnet_cifar',
  'vgg',
  'vit',
}
SEQUENCES = {'gru', 'lstm', 'rnn', 'tcn', 'text_cnn'}
WITH_FEATURES = [
  name
  for name, row in MODEL_EXAMPLES.items()
  if row.model in IMAGES | SEQUENCES and not row.tokens and not row.fields.get('every_position')
]


def test_every_classifier_has_features():
  assert {
    name for name, model in MODELS.items() if hasattr(model, 'features')
  } >= IMAGES | SEQUENCES
  for name in IMAGES | SEQUENCES:
    assert {'train'} <= set(inspect.signature(MODELS[name].features).parameters)


def head_of(params):
  """The output layer's parameters: 'head', or the last 'Dense_n'."""
  dense = [name for name in params if re.fullmatch(r'Dense_\d+', name)]
  return params['head'] if 'head' in params else params[max(dense)]


@pytest.mark.parametrize('name', WITH_FEATURES)
def test_logits_are_the_head_on_the_features(name):
  example = MODEL_EXAMPLES[name]
  model = create_model(example.model, **example.fields)
  rng = np.random.default_rng(0)
  inputs = np.float32(rng.normal(size=example.inputs))
  shapes = jax.eval_shape(model.init, jax.random.key(0), inputs)
  variables = jax.tree.map(lambda leaf: np.float32(rng.uniform(0.5, 1, leaf.shape)), shapes)
  features_BF = jax.jit(lambda v, x: model.apply(v, x, method='features'))(variables, inputs)
  head = head_of(variables['params'])
  assert features_BF.shape == (len(inputs), len(head['kernel']))
  logits_BC = jax.jit(model.apply)(variables, inputs)
  assert_near(logits_BC, features_BF @ head['kernel'] + head['bias'][None], 1e-6)
