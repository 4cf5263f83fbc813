"""Scores of anomalies: what they are, and what they are worth."""

import jax
import numpy as np
import optax
import pytest

from experiments.launch import load_config, plain
from nn_zoo.build import build
from nn_zoo.data.anomaly import CLASSES
from nn_zoo.data.dataset import Dataset
from nn_zoo.data.preprocess import symmetric
from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.tasks.anomaly import anomaly, baselines, measured, measures


def rows(count, *, odd=0, seed=0):
  """Points near a line in space, and `odd` ones beside it."""
  random = np.random.default_rng(seed)
  x = random.normal(size=(count + odd, 1)) * np.ones((1, 4)) + 0.05 * random.normal(
    size=(count + odd, 4)
  )
  x[count:, 0] += 3
  return {'inputs': np.float32(x), 'targets': np.int32(np.arange(count + odd) >= count)}


def data(**parts):
  sizes = {'train': rows(40), 'validation': rows(10, seed=1), 'test': rows(20, odd=5, seed=2)}
  return Dataset(**sizes | parts, classes=CLASSES)


def test_the_score_is_the_mean_squared_error_in_prepared_units():
  model = create_model('autoencoder', shape=(4,), latent=2, widths=(5,))
  train = rows(16)['inputs']
  prepare = symmetric(train)
  task = anomaly(model, optax.sgd(0.1), corruption=1.0, prepare=prepare)
  batch = rows(12, odd=4) | {'weight': np.float32([1] * 15 + [0])}
  state = task.init(jax.random.key(0), batch)
  score = np.asarray(task.predict(state, batch['inputs'], jax.random.key(1)))
  x = (batch['inputs'] - train.mean(0)) / train.std(0)
  outputs = np.asarray(model.apply({'params': state.params}, x))
  np.testing.assert_allclose(score, ((x - outputs) ** 2).mean(1), rtol=1e-5)
  loss = task.evaluate(state, batch, jax.random.key(1))['loss']  # that of normal ones
  np.testing.assert_allclose(loss.value, score[:12].mean(), rtol=1e-5)
  assert loss.weight == 12


def test_measures_are_those_of_the_definitions():
  score, targets = np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])
  found = measures(score, targets)
  assert found['auroc'] == 3 / 4
  assert found['average_precision'] == pytest.approx((1 + 2 / 3) / 2)
  undefined = {'auroc': None, 'average_precision': None}
  assert measures(score, np.zeros(4, int)) == undefined
  assert measures(np.array([np.nan, 0, 1, 2]), targets) == undefined


@pytest.mark.parametrize(
  ('wrong', 'line'),
  [
    (
      lambda: data()._replace(classes=('a', 'b', 'c')),
      r'takes normal .*the data has 3 classes: try',
    ),
    (lambda: data(train=rows(10, odd=2)), r'learns from normal .* the training part holds 2 of'),
    (lambda: data(test=rows(10)), r"holds no example of class 'anomaly': AUROC is undefined$"),
    (lambda: data(test=rows(0, odd=3)), r"holds no example of class 'normal': AUROC is undefined$"),
  ],
)
def test_data_on_which_nothing_is_defined_are_one_line(wrong, line):
  with pytest.raises(InputError, match=line):
    measured(wrong())
  with pytest.raises(InputError, match=r'^task.corruption=-1: expected 0 or more$'):
    anomaly(create_model('autoencoder', shape=(4,)), optax.sgd(0.1), corruption=-1)


def test_baselines_find_what_lies_beside_the_line():
  train, test = rows(60)['inputs'], rows(20, odd=5, seed=3)
  found = baselines(train, test['inputs'], 1)
  assert list(found) == [
    'PCA, 1 components',
    'distance to the nearest neighbour',
    'isolation forest',
  ]
  assert measures(found['PCA, 1 components'], test['targets'])['auroc'] == 1.0
  far = np.concatenate([train[:10], np.float32([[9, -9, 9, -9]])])
  for score in baselines(train, far, 1).values():
    assert score.argmax() == 10
  x, y = (z / np.float64(train).std(0) for z in (train, test['inputs']))
  _, _, v = np.linalg.svd(x - x.mean(0))
  left = (y - x.mean(0)) - (y - x.mean(0)) @ v[:1].T @ v[:1]
  np.testing.assert_allclose(found['PCA, 1 components'], (left**2).mean(1), rtol=1e-5)


def test_an_experiment_measures_and_draws_its_detector():
  config = plain(load_config('configs/own_anomalies.py'))
  config['model'] |= {'shape': (4,), 'widths': (5,)}
  config['train'] |= {'batch_size': 8, 'eval_batch_size': 8}
  experiment = build(config, data=data())
  state = jax.jit(experiment.task.init)(jax.random.key(0), experiment.train[0])
  test = experiment.data.test
  scores = np.asarray(experiment.task.predict(state, test['inputs'], jax.random.key(0)))
  (detection, *_) = experiment.sections(state, test['inputs'], test['targets'], scores)
  assert detection.title == 'Detection'
  assert f'{measures(scores, test["targets"])["auroc"]:.4f}' in detection.html
  assert 'isolation forest' in detection.html
