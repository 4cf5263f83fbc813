"""Optimizers by name, with the schedule, clipping, weight decay, averaging and freezing around them."""

import fnmatch
import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax

from nn_zoo import named
from nn_zoo.errors import InputError
from nn_zoo.task import Average, Params, stepping
from nn_zoo.train.one_pass import OnePass, chain
from nn_zoo.train.optimizers import OPTIMIZERS
from nn_zoo.train.schedule import schedule as make_schedule

_CONSTANT = {'name': 'constant'}


def optimizer(
  name: str,
  learning_rate: float,
  *,
  steps: int = 0,
  schedule: Mapping = _CONSTANT,
  weight_decay: float = 0.0,
  clip_norm: float = 0.0,
  clip_value: float = 0.0,
  average: float = 0.0,
  freeze: tuple[str, ...] = (),
  factor: Any = 1.0,
  **fields,
) -> optax.GradientTransformation:
  """The named optimizer and everything around it, as one optax transformation (and one pass, for Adam).

  Args:
    name: in OPTIMIZERS.
    learning_rate: η, the peak of the schedule.
    steps: of the whole run, which every schedule but the constant one needs.
    schedule: see `nn_zoo.train.schedule.schedule`.
    weight_decay: λ of decoupled decay, w ← w − η_t λ w, for weights only (not biases, not normalisation).
      LAMB and LARS have it inside their trust ratio, LARS and MADGRAD as part of the gradient.
    clip_norm: largest global 2-norm of the gradient; 0 for no clipping.
    clip_value: largest absolute value of a gradient's entry; 0 for no clipping.
    average: decay of a running average of the parameters that evaluation uses; 0 for none.
    freeze: path patterns such as 'Conv_*' or '*/bias' of parameters that stay as they are.
    factor: of the learning rate; unlike that, it may be traced.
    **fields: of the optimizer itself, such as b1.

  Raises:
    InputError: an unknown name or field; a value out of range; a pattern that fits no parameter (when the
      state is made).
  """
  numbers = {
    'learning_rate': learning_rate,
    'weight_decay': weight_decay,
    'clip_norm': clip_norm,
    'clip_value': clip_value,
    'average': average,
  }
  named.check(optimizer, 'optimizer', name, (), 0, {'name': name, 'freeze': freeze, **numbers})
  _check(numbers)
  planned = make_schedule(learning_rate, steps, schedule)
  rate = (
    planned if isinstance(factor, float) and factor == 1 else lambda count: factor * planned(count)
  )
  clips = [optax.clip(clip_value)] if clip_value else []
  clips += [optax.clip_by_global_norm(clip_norm)] if clip_norm else []
  tx = chain(*clips, *_rule(name, rate, weight_decay, fields))
  if freeze:
    tx = frozen(tx, freeze)
  return with_average(tx, average) if average else tx


def _check(numbers):
  for key, value in numbers.items():
    if not 0 <= value < (1 if key == 'average' else math.inf):
      limits = 'a number from 0 to below 1' if key == 'average' else 'a finite number, 0 or above'
      raise InputError(f'optimizer.{key}={value}: expected {limits}')


def _rule(name, rate, weight_decay, fields):
  entry = named.choose(OPTIMIZERS, name, 'optimizer.name')
  reserved = ('learning_rate', *(entry.decay or ()))
  named.check(entry.function, 'optimizer', name, reserved, 0, fields)
  if entry.decay:
    decay, mask = entry.decay
    return [entry.function(rate, **{decay: weight_decay, mask: is_weight}, **fields)]
  rule = [entry.function(rate, **fields)]
  return [*rule, decoupled_decay(rate, weight_decay)] if weight_decay else rule


def is_weight(params: Params) -> Params:
  """True for weights, False for biases and normalisation's scales: whatever has more than one axis."""
  return jax.tree.map(lambda param: jnp.ndim(param) > 1, params)


def decoupled_decay(rate: optax.Schedule, weight_decay: float) -> optax.GradientTransformation:
  """updates ← updates − η_t λ w, for optimizers that have no decay of their own.

  Source: Loshchilov & Hutter 2017, https://arxiv.org/abs/1711.05101.
  """

  def init(params):
    del params
    return optax.ScaleByScheduleState(jnp.zeros([], jnp.int32))

  def update(updates, state, params=None):
    factor = rate(state.count) * weight_decay

    def decay(weight, update, param):
      return update - factor * param if weight else update

    updates = jax.tree.map(decay, is_weight(params), updates, params)
    return updates, optax.ScaleByScheduleState(state.count + 1)

  return optax.GradientTransformation(init, update)


def with_average(tx: optax.GradientTransformation, decay: float) -> OnePass:
  """`tx`, and a_t = d a_{t-1} + (1 - d) w_t with d = min(decay, t / (t + 9)), for `nn_zoo.task.averaged`.

  Statistics are averaged alike for a learner that was begun so, see `nn_zoo.task.begin`.

  Early on the average is over few steps, so that it does not remember the random start. Source: Polyak &
  Juditsky 1992, "Acceleration of stochastic approximation by averaging", https://doi.org/10.1137/0330046.
  """
  tx_step, tx_update = stepping(tx), optax.with_extra_args_support(tx).update

  def follow(average, params, extra):
    count, latest = average.count + 1, {'params': params, 'stats': extra.get('stats')}
    keep = jnp.minimum(decay, count / (count + 9))
    means = {
      name: jax.tree.map(lambda old, new: keep * old + (1 - keep) * new, tree, latest[name])
      for name, tree in average._asdict().items()
      if name in latest
    }
    return average._replace(count=count, **means)

  def init(params):
    return tx.init(params), Average(jax.tree.map(jnp.copy, params), jnp.zeros([], jnp.int32))

  def update(grads, state, params=None, **extra):
    updates, kept = tx_update(grads, state[0], params, **extra)
    return updates, (kept, follow(state[1], optax.apply_updates(params, updates), extra))

  def step(grads, state, params, **extra):
    params, kept = tx_step(grads, state[0], params, **extra)
    return params, (kept, follow(state[1], params, extra))

  return OnePass(init, update, step)


def frozen(tx: optax.GradientTransformation, patterns: tuple[str, ...]):
  """`tx` for all parameters but those whose path fits a pattern, such as 'Conv_0/*'; those stay.

  Raises:
    InputError: from its init, if a pattern fits no parameter.
  """

  def labels(params):
    paths = [path_name(path) for path, _ in jax.tree.leaves_with_path(params)]
    for pattern in patterns:
      if not fnmatch.filter(paths, pattern):
        raise InputError(
          f'optimizer.freeze={pattern!r} fits no parameter. There are: {", ".join(paths)}'
        )

    def label(path, _):
      fits = any(fnmatch.fnmatch(path_name(path), pattern) for pattern in patterns)
      return 'frozen' if fits else 'trained'

    return jax.tree.map_with_path(label, params)

  return optax.partition({'trained': tx, 'frozen': optax.set_to_zero()}, labels)


def path_name(path) -> str:
  """A parameter's path as text: 'Conv_0/kernel'."""
  return jax.tree_util.keystr(path, simple=True, separator='/')
