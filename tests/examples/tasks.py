"""One table of all tasks."""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import optax

from nn_zoo.models import create_model
from nn_zoo.task import Task
from nn_zoo.tasks import TASKS
from tests.examples import arrays


class TaskExample(NamedTuple):
  """A task with a small model: (tx, **fields of the task) -> task, and count -> that many examples."""

  name: str
  make: Callable[..., Task]
  arrays: Callable[[int], dict[str, np.ndarray]]
  falls: str = 'loss'  # the metric that training lowers


def _maker(task: str, model: str, **fields):
  def make(tx: optax.GradientTransformation = optax.adam(1e-2), **more) -> Task:  # noqa: B008
    return TASKS[task](create_model(model, **fields), tx, **more)

  return make


def as_float(images):
  """Raw pixels to 0 ... 1."""
  return images.astype(jnp.float32) / 255


TASK_EXAMPLES = {
  'adversarial': TaskExample(
    'adversarial',
    # The critic is made ten times as quick, so that its loss falls.
    lambda tx=optax.adam(1e-2), **more: _maker(  # noqa: B008
      'adversarial', 'gan_mlp', latent=3, widths=(8,)
    )(optax.chain(tx, optax.scale(0.1)), critic_tx=tx, critic_steps=2, r1=0.1, **more),
    arrays.points,
    falls='critic_loss',
  ),
  'anomaly': TaskExample(
    'anomaly',
    _maker('anomaly', 'autoencoder', shape=(3, 2), latent=2, widths=(8,)),
    arrays.odd,
  ),
  'autoencoder': TaskExample(
    'autoencoder',
    _maker('autoencoder', 'autoencoder', shape=(3, 2), latent=2, widths=(8,)),
    arrays.codable,
  ),
  'f_anogan': TaskExample(
    'f_anogan',
    lambda tx=optax.adam(1e-2), **more: _maker(  # noqa: B008
      'f_anogan', 'dcgan', shape=(8, 8, 1), latent=2, width=2
    )(optax.chain(tx, optax.scale(0.1)), critic_tx=tx, **more),
    arrays.odd_images,
    falls='critic_loss',
  ),
  'unpaired': TaskExample(
    'unpaired',
    lambda tx=optax.adam(1e-2), **more: _maker(  # noqa: B008
      'unpaired', 'cyclegan', shape=(16, 16, 1), width=2, blocks=0
    )(tx, cycle=1.0, identity=1.0, **more),
    arrays.domains,
    falls='generator_loss',
  ),
  'vae': TaskExample(
    'vae',
    lambda tx=optax.adam(1e-2), **more: _maker(  # noqa: B008
      'vae', 'vae', shape=(3, 2), latent=2, widths=(8,)
    )(tx, likelihood='normal', **more),
    arrays.codable,
  ),
  'classification': TaskExample(
    'classification',
    _maker('classification', 'mlp', classes=3, widths=(8,), dropout=0.3),
    arrays.classes,
  ),
  'classification_batchnorm': TaskExample(
    'classification',
    lambda tx=optax.sgd(0.1), **more: _maker(  # noqa: B008
      'classification', 'convnet', classes=3, widths=(4,), hidden=5, dropout=0.1
    )(tx, prepare=as_float, **more),
    arrays.images,
  ),
  'diagnosis': TaskExample(
    'diagnosis',
    lambda tx=optax.adam(1e-2), **more: _maker('diagnosis', 'mlp', classes=2, widths=(8,))(  # noqa: B008
      tx, positive=1, threshold=0.5, **more
    ),
    lambda count: (
      arrays.classes(count) | {'targets': np.int32(arrays.classes(count)['targets'] == 1)}
    ),
  ),
  'music': TaskExample(
    'music', _maker('music', 'gru', classes=16, units=8, every_position=True), arrays.pieces
  ),
  'forecasting': TaskExample(
    'forecasting',
    lambda tx=optax.adam(1e-2), **more: _maker('forecasting', 'mlp', classes=12, widths=(8,))(  # noqa: B008
      tx, season=3, quantiles=(0.1, 0.5, 0.9), examples=arrays.series(64), **more
    ),
    arrays.series,
  ),
  'labelling': TaskExample(
    'labelling', _maker('labelling', 'gru', classes=3, units=8, every_position=True), arrays.labels
  ),
  'translation': TaskExample(
    'translation',
    lambda tx=optax.adam(1e-2), **more: _maker(  # noqa: B008
      'translation', 'seq2seq', vocabulary=8, units=8, embedding=4, attention='general'
    )(tx, beam=2, length=4, **more),
    arrays.pairs,
  ),
  'language': TaskExample(
    'language',
    lambda tx=optax.adam(1e-2), **more: _maker('language', 'recurrent_lm', vocabulary=5, units=8)(  # noqa: B008
      tx, window=4, length=5, temperature=0.0, bytes_V=np.ones(5, np.float32), **more
    ),
    arrays.texts,
  ),
  'regression': TaskExample(
    'regression',
    lambda tx=optax.adam(1e-2), **more: _maker('regression', 'mlp', classes=2, widths=(8,))(  # noqa: B008
      tx, location=10.0, scale=3.0, **more
    ),
    arrays.reals,
  ),
}
