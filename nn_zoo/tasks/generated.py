"""What is measured and shown of generated examples.

Axes: N real examples, M generated ones, D features, K modes or classes, R rows, T steps, Z latent.
"""

import functools
import logging
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nn_zoo.ops.generated import (
  NEIGHBOURS,
  WIDEST,
  Reference,
  classifier_score,
  evenness,
  frechet_distance,
  interpolated,
  mode_figures,
  modes,
  nearest,
  neighbourhoods,
  reference,
)
from nn_zoo.task import averaged

LONG = 5  # rows of the record
# Those that some data have, and by which a step can be chosen.
FIGURES = (
  *('modes', 'good_share', 'mode_kl', 'mode_least', 'mode_most', 'classifier_score'),
  *('frechet_distance', 'precision', 'recall', 'density', 'coverage'),
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
  and how far it can be trusted: `judge_accuracy`. Everything: `neighbourhoods` and, of up to WIDEST numbers,
  `frechet_distance`.

  Args:
    x: the training examples.
    label_N: their classes, if they have.
    classes: how many.
    judge: (x, label_N, classes) -> images -> features [., D] and probabilities [., K]; called once at most.
    held: examples that the judge has not seen, and their classes.
  """
  images = x.ndim == 4
  judged = functools.cache(lambda: judge(x, label_N, classes)) if images and classes else None
  accuracy = functools.cache(lambda: _accuracy(judged(), *held))
  known: dict[tuple[int, int], dict[str, Any]] = {}
  references: dict[int, Reference] = {}
  centres = None if images or not classes else modes(x, label_N, classes)

  def figures(generated: np.ndarray, real: np.ndarray, **settled: Any) -> dict[str, Any]:
    del settled
    seen = tuple(zlib.crc32(np.ascontiguousarray(array)) for array in (real, generated))
    if seen not in known:  # the report asks again
      known[seen] = measured(generated, real, seen[0])
    return known[seen]

  def seen_by_judge(x):
    feature_ND, probability_NK = judged()(x) if judged else (x.reshape(len(x), -1), None)
    return feature_ND.astype(np.float64), probability_NK

  def measured(generated, real, seen):
    values = mode_figures(generated, *centres) if centres else {}
    y_MD, probability_MK = seen_by_judge(generated)
    if judged:
      values['classifier_score'] = classifier_score(probability_MK)
      values |= evenness(np.bincount(probability_MK.argmax(axis=1), minlength=classes))
      if held:
        values['judge_accuracy'] = accuracy()
    if min(len(real), len(generated)) > NEIGHBOURS:
      if seen not in references:
        references[seen] = reference(seen_by_judge(real)[0])
      if y_MD.shape[1] <= WIDEST:
        values['frechet_distance'] = frechet_distance(references[seen], y_MD)
      values |= neighbourhoods(references[seen], y_MD)
    if collapsed(values):
      logging.getLogger(__name__).warning(collapsed(values))
    return values

  return {'generated': figures}


def _accuracy(judge, x_NHWC, label_N):
  return float(np.mean(judge(x_NHWC)[1].argmax(axis=1) == label_N))


def collapsed(values: dict[str, Any]) -> str:
  """A line that says so where the generator makes little of what the data holds, else ''.

  It has collapsed if it covers less than a tenth of the data, finds less than half of the modes or classes,
  or lies on them as unevenly as on half of them (mode_kl above log 2).

  Args:
    values: of `measures`.
  """
  found, modes_K = values.get('modes', math.inf), values.get('mode_shares', ())
  trouble = ''
  if values.get('coverage', 1.0) < 0.1:
    trouble = f'its examples cover {100 * values["coverage"]:.1f} % of the data'
  elif found < len(modes_K) / 2 or values.get('mode_kl', 0.0) > math.log(2):
    trouble = (
      f'{found:.0f} of {len(modes_K)} modes or classes are found, at up to {max(modes_K):.0%} each'
    )
  if trouble:
    return (
      f'the generator has collapsed: {trouble}; try a gradient penalty (task.r1 or task.gradient_penalty), '
      'task.pack, or a smaller optimizer.learning_rate'
    )
  return ''


def won(rows: Sequence[Mapping[str, Any]]) -> str:
  """A line that says so where the critic has been right about next to everything for LONG rows, else ''.

  Args:
    rows: of a run's metrics, see `nn_zoo.train.record.Record`; those of training count.
  """
  right = [
    (row['step'], min(row[name] or 0 for name in ('real_accuracy', 'generated_accuracy')))
    for row in rows
    if row['split'] == 'train' and 'real_accuracy' in row
  ][-LONG:]
  if len(right) < LONG or min(rate for _, rate in right) <= 0.999:
    return ''
  return (
    f'the critic has won: since step {right[0][0]} or before it tells every generated example from every '
    'one of the data, from which a generator learns little; try a lower '
    'task.critic_optimizer.learning_rate, task.r1, or task.instance_noise'
  )


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
  """Codes of the inputs, if they are two numbers, and of a VAE images drawn from the prior."""
  variables, prepare, found = {'params': averaged(state)}, fields['prepare'], {}
  if model.latent == 2:
    code = model.apply(variables, prepare(jnp.asarray(inputs[:2000])), method='encode')
    found['codes'] = np.asarray(code[0] if isinstance(code, tuple) else code)
  if fields['name'] == 'vae':
    z_MZ = jax.random.normal(jax.random.key(0), (64, model.latent))
    outputs = model.apply(variables, z_MZ, method='decode')
    mean = jax.nn.sigmoid(outputs) if fields['likelihood'] == 'bernoulli' else outputs
    found['drawn'] = np.asarray(prepare.restore(mean))
  return found
