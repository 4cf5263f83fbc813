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
  """A model at a small size: its fields, its input's shape, and its parameters' shapes by path."""

  model: str
  fields: dict[str, Any]
  inputs: tuple[int, ...]
  parameters: dict[str, tuple[int, ...]]


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
      'Activation_0/PReLU_0/negative_slope': (),
      'Dense_1/kernel': (7, 6),
      'Dense_1/bias': (6,),
      'Activation_1/PReLU_0/negative_slope': (),
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
}


class TaskExample(NamedTuple):
  """A task with a small model: (tx, **fields of the task) -> task, and count -> that many examples."""

  name: str
  make: Callable[..., Task]
  arrays: Callable[[int], dict[str, np.ndarray]]


def _classes(count: int) -> dict[str, np.ndarray]:
  random = np.random.default_rng(0)
  inputs = random.normal(size=(count, 5)).astype(np.float32)
  return {'inputs': inputs, 'targets': (inputs[:, :3].argmax(axis=1)).astype(np.int32)}


def _reals(count: int) -> dict[str, np.ndarray]:
  random = np.random.default_rng(0)
  inputs = random.normal(size=(count, 5)).astype(np.float32)
  return {'inputs': inputs, 'targets': 10 + 3 * inputs[:, :2] - inputs[:, 2:4]}


def _images(count: int) -> dict[str, np.ndarray]:
  random = np.random.default_rng(0)
  targets = random.integers(0, 3, count).astype(np.int32)
  inputs = random.integers(0, 100, (count, 8, 8, 1)).astype(np.uint8)
  inputs[np.arange(count), targets] += 100
  return {'inputs': inputs, 'targets': targets}


def _maker(task: str, model: str, **fields):
  def make(tx: optax.GradientTransformation = optax.adam(1e-2), **more) -> Task:  # noqa: B008
    return TASKS[task](create_model(model, **fields), tx, **more)

  return make


def as_float(images):
  """Raw pixels to 0 ... 1."""
  return images.astype(jnp.float32) / 255


TASK_EXAMPLES = {
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
  'regression': TaskExample(
    'regression',
    lambda tx=optax.adam(1e-2), **more: _maker('regression', 'mlp', classes=2, widths=(8,))(  # noqa: B008
      tx, location=10.0, scale=3.0, **more
    ),
    _reals,
  ),
}
