"""Detection of anomalies: a model of what is normal, and how badly an example fits it.

Axes: B batch, N examples, D numbers of an example.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn

from nn_zoo import task as contract
from nn_zoo.errors import InputError
from nn_zoo.task import Batch, Key, Learner, Mean, Metrics, Task, averaged
from nn_zoo.tasks.adversarial import Unchanged
from nn_zoo.tasks.supervised import not_augmented
from nn_zoo.tasks.vae import autoencoder

LEARNT = 2000  # training examples from which the slow baselines learn


def anomaly(
  model: nn.Module,
  tx: optax.GradientTransformation,
  *,
  corruption: float = 0.0,
  prepare: Any = Unchanged(),  # noqa: B008
  augment: Callable[[Key, Batch], Batch] = not_augmented,
  descend: Callable = contract.descend,
) -> Task:
  """Learns to give normal examples back; `predict` gives the score, which is higher for anomalies.

  score = mean over an example's numbers of (x - decode(encode(x)))^2, in prepared units
  The loss is that of `autoencoder`; at evaluation it is the mean score of the normal examples alone.

  Args:
    model: has `encode` and `decode`, see `nn_zoo.models.autoencoder`.
    tx: optimizer.
    corruption: standard deviation of noise on the inputs in training; scores are without.
    prepare: examples to the model's range.
    augment: (key, batch) -> batch on the raw inputs, in training only.
    descend: `nn_zoo.task.descend` or a partial of it.

  Raises:
    InputError: corruption below 0; when traced, examples of another shape than the model's.

  Source: Hawkins et al. 2002, "Outlier detection using replicator neural networks",
  https://doi.org/10.1007/3-540-46145-0_17.
  """
  if not corruption >= 0:
    raise InputError(f'task.corruption={corruption}: expected 0 or more')
  task = autoencoder(
    model, tx, corruption=corruption, prepare=prepare, augment=augment, descend=descend
  )

  def predict(state: Learner, inputs: jax.Array, key: Key) -> jax.Array:
    del key
    x = prepare(inputs)
    outputs = restored(model, state, x)
    return jnp.mean((x - outputs) ** 2, axis=tuple(range(1, x.ndim)))

  def evaluate(state: Learner, batch: Batch, key: Key) -> Metrics:
    score_B = predict(state, batch['inputs'], key)
    return {'loss': Mean.of(score_B, batch['weight'] * (batch['targets'] == 0))}

  return task._replace(predict=predict, evaluate=evaluate)


def measures(score_N: np.ndarray, targets_N: np.ndarray, **settled: Any) -> dict[str, float | None]:
  """The areas under the curves: auroc = P(score of an anomaly > of a normal example), and average_precision.

  Both are None where the examples are all normal, as those to choose by are, or a score is not finite.
  """
  from sklearn.metrics import average_precision_score, roc_auc_score

  del settled
  if len(np.unique(targets_N)) < 2 or not np.isfinite(score_N).all():
    return {'auroc': None, 'average_precision': None}
  return {
    'auroc': float(roc_auc_score(targets_N, score_N)),
    'average_precision': float(average_precision_score(targets_N, score_N)),
  }


def measured(data: Any) -> dict[str, Callable]:
  """The measures, for data in which they are defined.

  Raises:
    InputError: there are other classes than two, an anomaly to learn from, or none to report.
  """
  if len(data.classes) != 2:
    raise InputError(
      f'a detector takes normal examples (0) and anomalies (1); the data has {len(data.classes)} '
      'classes: try data.name mnist_one_class, shuttle or anomaly_table'
    )
  if data.train['targets'].any():
    raise InputError(
      'a detector learns from normal examples alone; the training part holds '
      f'{int(data.train["targets"].sum())} of class 1'
    )
  for label, name in enumerate(data.classes):
    if not (data.test['targets'] == label).any():
      raise InputError(f"the test part holds no example of class '{name}': AUROC is undefined")
  return {'detection': measures}


def restored(model: nn.Module, state: Learner, x: jax.Array) -> jax.Array:
  """decode(encode(x)), in prepared units."""
  return model.apply({'params': averaged(state), **state.stats}, x)


def shown(
  fields: dict[str, Any],
  model: nn.Module,
  state: Any,
  inputs: np.ndarray,
  restored: Callable = restored,
) -> dict[str, Any]:
  """What a report shows besides the scores: those of baselines, and a function that reconstructs examples.

  Args:
    fields: of the task, with `prepare` and `data` of the experiment.
    model: of the task.
    state: of the task.
    inputs: the examples that are reported.
    restored: (model, state, prepared examples) -> what is made of them.
  """
  prepare = fields['prepare']

  def reconstruct(row_N: np.ndarray) -> np.ndarray:
    x = prepare(jnp.asarray(inputs[row_N]))
    return np.asarray(prepare.restore(restored(model, state, x)))

  return {
    'reconstruct': reconstruct,
    'baselines': baselines(fields['data'].train['inputs'], inputs, model.latent),
  }


def baselines(train: np.ndarray, inputs: np.ndarray, parts: int) -> dict[str, np.ndarray]:
  """Scores of `inputs` by detectors that have no network, by name.

  Columns of a table are standardised. PCA gives the squared error without what lies in the first components,
  and learns from all training examples; the others learn from the first 2000 (`LEARNT`).

  Args:
    train: normal examples.
    inputs: examples to be judged.
    parts: components of PCA; one less than the numbers of an example at most.

  Source of the isolation forest: Liu, Ting & Zhou 2008, https://doi.org/10.1109/ICDM.2008.17.
  """
  from sklearn.decomposition import PCA
  from sklearn.ensemble import IsolationForest
  from sklearn.neighbors import NearestNeighbors

  x_ND, y_ND = (np.float64(x.reshape(len(x), -1)) for x in (train, inputs))
  if train.ndim == 2:
    deviation_1D = x_ND.std(axis=0, keepdims=True)
    deviation_1D = np.where(deviation_1D > 0, deviation_1D, 1)
    x_ND, y_ND = x_ND / deviation_1D, y_ND / deviation_1D
  parts = min(parts, x_ND.shape[1] - 1, len(x_ND) - 1)
  scores = {}
  if parts:
    pca = PCA(parts, random_state=0).fit(x_ND)
    back_ND = pca.inverse_transform(pca.transform(y_ND))
    scores[f'PCA, {parts} components'] = ((y_ND - back_ND) ** 2).mean(axis=1)
  few_ND = x_ND[:LEARNT]
  near = NearestNeighbors(n_neighbors=1).fit(few_ND)
  scores['distance to the nearest neighbour'] = near.kneighbors(y_ND)[0][:, 0]
  forest = IsolationForest(random_state=0).fit(few_ND)
  scores['isolation forest'] = -forest.score_samples(y_ND)
  return scores
