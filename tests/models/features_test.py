"""The output layer of image and sequence models: named `head`, on top of `features`."""

import jax
import numpy as np
import pytest

from nn_zoo.models import create_model
from tests.examples import MODEL_EXAMPLES
from tests.reference import assert_near

WITH_HEAD = [
  name for name, row in MODEL_EXAMPLES.items() if 'head/kernel' in row.parameters and not row.tokens
]


@pytest.mark.parametrize('name', WITH_HEAD)
def test_logits_are_the_head_on_the_features(name):
  example = MODEL_EXAMPLES[name]
  model = create_model(example.model, **example.fields)
  rng = np.random.default_rng(0)
  inputs = np.float32(rng.normal(size=example.inputs))
  shapes = jax.eval_shape(model.init, jax.random.key(0), inputs)
  variables = jax.tree.map(lambda leaf: np.float32(rng.uniform(0.5, 1, leaf.shape)), shapes)
  features_BF = jax.jit(lambda v, x: model.apply(v, x, method='features'))(variables, inputs)
  head = variables['params']['head']
  assert features_BF.shape == (len(inputs), len(head['kernel']))
  logits_BC = jax.jit(model.apply)(variables, inputs)
  assert_near(logits_BC, features_BF @ head['kernel'] + head['bias'][None], 1e-6)
