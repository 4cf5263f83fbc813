"""What is measured and shown of generated examples.

Axes: N real examples, M generated ones, D features, K modes or classes, R rows, T steps, Z latent.
"""

import functools
import zlib
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nn_zoo.ops.generated import (
  NEIGHBOURS,
  WIDEST,
  classifier_score,
  evenness,
  frechet_distance,
  interpolated,
  median_distance,
  mode_figures,
  modes,
  nearest,
  neighbourhoods,
  novelty,
  reference,
)
from nn_zoo.task import averaged
from nn_zoo.tasks.remembered import remembered

# Those that some data have, and by which a step can be chosen.
FIGURES = (
  *('modes', 'good_share', 'mode_kl', 'mode_least', 'mode_most', 'classifier_score'),
  *('frechet_distance', 'precision', 'recall', 'density', 'coverage', 'novelty'),
)


def measures(
  x: np.ndarray,
  label_N: np.ndarray | None,
  classes: int,
  judge: Callable[..., Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]],
  held: tuple[np.ndarray, np.ndarray] | None = None,
) -> dict[str, Callable]:
  """What is measured of generated examples against held-out ones: (generated, real) -> figures.

  Points of a mixture (two numbers and a class): modes found, see `mode_figures`. Images with classes:
  figures in the feature space of a judge, its `classifier_score`, `evenness` over the classes that it sees,
  and how far it can be trusted: `judge_accuracy`. Everything: `neighbourhoods`, `novelty` against the
  training examples and, of up to WIDEST numbers, `frechet_distance`. There are no figures of examples that
  are not finite. What depends on data alone is computed once in a process.

  Args:
    x: the training examples, [N, ...].
    label_N: their classes, if they have.
    classes: how many.
    judge: (x, label_N, classes) -> images -> features [., D] and probabilities [., K].
    held: examples that the judge has not seen, as x, and their classes, as label_N.
  """
  images = x.ndim == 4
  of = functools.cache(lambda: judged(judge, x, label_N, classes) if images and classes else None)
  points = x.ndim == 2 and x.shape[1] == 2
  centres = modes(x, label_N, classes) if points and classes else None
  known: dict[tuple[int, int], dict[str, Any]] = {}

  def figures(generated: np.ndarray, real: np.ndarray, **settled: Any) -> dict[str, Any]:
    del settled
    seen = tuple(zlib.crc32(np.ascontiguousarray(array)) for array in (real, generated))
    if seen not in known:  # the report asks again
      known[seen] = measured(generated, real) if np.isfinite(generated).all() else {}
    return known[seen]

  def measured(generated, real):
    values = mode_figures(generated, *centres) if centres else {}
    y_MD, probability_MK = _seen(of(), generated)
    if probability_MK is not None:
      values['classifier_score'] = classifier_score(probability_MK)
      values |= evenness(np.bincount(probability_MK.argmax(axis=1), minlength=classes))
      if held:
        values['judge_accuracy'] = _accuracy(of(), *held)
    if min(len(real), len(generated)) > NEIGHBOURS:
      against = _reference(of(), real)
      if y_MD.shape[1] <= WIDEST:
        values['frechet_distance'] = frechet_distance(against, y_MD)
      values |= neighbourhoods(against, y_MD)
    if usual := _usual_distance(real, x):
      values['novelty'] = novelty(generated, x, usual)
    return values

  return {'generated': figures}


@remembered(2)
def judged(judge: Callable[..., Any], x: np.ndarray, label_N: np.ndarray, classes: int) -> Any:
  """judge(x, label_N, classes), trained once for all who ask."""
  return judge(x, label_N, classes)


@remembered(4)
def _reference(judged, real):
  return reference(_seen(judged, real)[0])


@remembered(4)
def _usual_distance(real, x):
  return median_distance(real, x)


@remembered(4)
def _accuracy(judged, x_NHWC, label_N):
  return float(np.mean(judged(x_NHWC)[1].argmax(axis=1) == label_N))


def _seen(judged, x):
  feature_ND, probability_NK = judged(x) if judged else (x.reshape(len(x), -1), None)
  return feature_ND.astype(np.float64), probability_NK


def _flat(x_NHWC, white):
  return x_NHWC.reshape(len(x_NHWC), -1) / np.float32(white)


def shown(
  fields: dict[str, Any], model: Any, state: Any, inputs: dict[str, np.ndarray]
) -> dict[str, Any]:
  """What a report shows besides the generated examples, see `nn_zoo.report.adversarial`.

  Args:
    fields: of the task, with `predict`, `prepare`, `data` and `measures` of the experiment.
    model: of the task.
    state: of the task.
    inputs: latents and labels.
  """
  data, found = fields['data'], {'measure': fields['measures']['generated']}
  examples = data.train['targets']
  if examples.ndim == 2 and examples.shape[1] == 2 and not model.classes and fields['pack'] == 1:
    found['field'] = _field(model, state.critic, fields['prepare'], 1.25 * np.abs(examples).max())
  if examples.ndim == 4:
    predict = jax.jit(fields['predict'])
    few = jax.tree.map(lambda array: array[:8], inputs)
    made = np.asarray(predict(state, few, jax.random.key(0)))
    white = 255 if examples.max(initial=0) > 1 else 1
    row_N, distance_N = nearest(_flat(made, white), _flat(examples, white))
    found['neighbours'] = (examples[row_N], distance_N)
    if paths := min(4, len(inputs['latent']) // 2):
      ends_RZ = np.split(inputs['latent'][: 2 * paths], 2)
      z_RTZ = interpolated(*ends_RZ, 8).astype(np.float32)
      path = {'latent': z_RTZ.reshape(-1, z_RTZ.shape[-1])}
      if 'label' in inputs:
        path['label'] = np.repeat(inputs['label'][:paths], 8)
      found['paths'] = np.asarray(predict(state, path, jax.random.key(0)))
  return found


def _field(model, critic, prepare, reach, side=60):
  at = np.linspace(-reach, reach, side, dtype=np.float32)
  grid = np.stack(np.meshgrid(at, at), axis=-1)
  variables = {'params': critic.params, **critic.stats}
  logit = model.apply(variables, prepare(jnp.asarray(grid.reshape(-1, 2))), method='criticise')
  return grid, np.asarray(logit).reshape(side, side)


def codes(
  fields: dict[str, Any], model: Any, state: Any, inputs: np.ndarray
) -> dict[str, np.ndarray]:
  """Codes of the inputs, if they are two numbers, and what can be drawn without them, see `from_prior`."""
  found = from_prior(fields, model, state)
  if model.latent == 2:
    x = fields['prepare'](jnp.asarray(inputs[:2000]))
    code = model.apply({'params': averaged(state)}, x, method='encode')
    found['codes'] = np.asarray(code[0] if isinstance(code, tuple) else code)
  return found


def from_prior(fields: dict[str, Any], model: Any, state: Any) -> dict[str, np.ndarray]:
  """{'drawn': 64 examples of standard normal latents}; nothing of a task that draws none (no `draw`)."""
  if not fields['draw']:
    return {}
  latents = {'latent': jax.random.normal(jax.random.key(0), (64, model.latent))}
  return {'drawn': np.asarray(fields['draw'](state, latents, jax.random.key(0)))}
