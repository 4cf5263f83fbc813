"""Unpaired translation: images of one kind made into another, learnt without pairs of both.

A batch is {'inputs', 'targets', 'weight'}: inputs are images x of the first kind, targets hold 'image', those
y of the second. Where classes are known targets hold 'label' and 'source', those of y and of x, for measures.

Axes: B batch.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nn_zoo import task as contract
from nn_zoo.errors import InputError
from nn_zoo.named import choose
from nn_zoo.ops.adversarial import GAMES, Game
from nn_zoo.task import Batch, Key, Mean, Metrics, Task, averaged, begin
from nn_zoo.tasks.adversarial import Unchanged
from nn_zoo.tasks.players import Players, right
from nn_zoo.tasks.remedies import prefixed


class _Rules(NamedTuple):
  model: Any
  game: Game
  cycle: float
  identity: float


def unpaired(
  model: Any,
  tx: optax.GradientTransformation,
  *,
  loss: str = 'least_squares',
  cycle: float = 10.0,
  identity: float = 0.0,
  critic_tx: optax.GradientTransformation | None = None,
  prepare: Any = Unchanged(),  # noqa: B008
  descend: Callable = contract.descend,
) -> Task:
  """Learns to make images x into ones like y, so that they can be made back; `predict` gives forth(x).

  A step: both critics descend together on the batch, then both translators.
      critic loss     = mean over patches of critic(c_y(y), c_y(forth(x))), and the same of x
      translator loss = generator(c_y(forth(x))) + generator(c_x(back(y)))
          + cycle (|back(forth(x)) - x| + |forth(back(y)) - y|) + identity (|forth(y) - y| + |back(x) - x|)
  with means over numbers of the absolute differences. Reports both losses, the share of patches that the
  critics take for what they are (with 'wasserstein', whose logits have no threshold, mean logits), and the
  cycle's mean difference in prepared units; at evaluation by the running average of the translators if tx
  keeps one.

  Args:
    model: has `translate` and `criticise`, see `nn_zoo.models.cyclegan`.
    tx: the translators' optimizer.
    loss: a name in `nn_zoo.ops.adversarial.GAMES`, of a game that is not paired.
    cycle: factor; 10 in the paper.
    identity: factor; 0 or half of `cycle` in the paper. Both kinds must have the same channels.
    critic_tx: the critics' optimizer; by default tx.
    prepare: images to the model's range, of either kind; `prepare.restore` leads back.
    descend: `nn_zoo.task.descend` or a partial of it.

  Raises:
    InputError: an unknown name or a factor below 0; when traced, images of other shapes than the model's.

  Source: Zhu et al. 2017, https://arxiv.org/abs/1703.10593. Departure: no history of translated images.
  """
  if not hasattr(model, 'translate'):
    raise InputError(
      f"model.name={type(model).__name__!r} does not translate, which task.name='unpaired' needs; "
      'try cyclegan'
    )
  for name, value in (('cycle', cycle), ('identity', identity)):
    if not value >= 0:
      raise InputError(f'task.{name}={value}: expected 0 or more')
  game = choose(GAMES, loss, 'task.loss')
  if game.paired:
    others = ', '.join(name for name in GAMES if not GAMES[name].paired)
    raise InputError(
      f'task.loss={loss!r} compares pairs, and here are none; expected one of {others}'
    )
  rules = _Rules(model, game, cycle, identity)
  critic_tx = critic_tx or tx
  update_critics = descend(partial(_critic_loss, rules), critic_tx)
  update_translators = descend(partial(_translator_loss, rules), tx)

  def prepared(batch: Batch) -> Batch:
    pair = {'x': prepare(batch['inputs']), 'y': prepare(batch['targets']['image'])}
    return pair | {'weight': batch['weight']}

  def init(key: Key, batch: Batch) -> Players:
    pair = prepared(batch)
    _check(model, pair['x'], pair['y'])
    keys = jax.random.split(key)
    translators = model.init(keys[0], pair['x'], pair['y'], method='translate')
    critics = model.init(keys[1], pair['x'], pair['y'], method='criticise')
    return Players(begin(translators, tx), begin(critics, critic_tx))

  def step(state: Players, batch: Batch, key: Key) -> tuple[Players, Metrics]:
    pair = prepared(batch)
    critic, of_critic = update_critics(state.critic, pair, key, state.generator.params)
    generator, of_generator = update_translators(state.generator, pair, key, critic.params)
    metrics = prefixed('critic', of_critic) | prefixed('generator', of_generator)
    return Players(generator, critic), metrics

  def evaluate(state: Players, batch: Batch, key: Key) -> Metrics:
    pair, params = prepared(batch), averaged(state.generator)
    loss, (_, metrics) = _critic_loss(rules, state.critic.params, {}, pair, key, params)
    own, (_, more) = _translator_loss(rules, params, {}, pair, key, state.critic.params)
    return {'critic_loss': loss, 'generator_loss': own, **metrics, **more}

  def predict(state: Players, inputs: jax.Array, key: Key) -> jax.Array:
    del key
    params = averaged(state.generator)
    return prepare.restore(_translated(model, params, prepare(inputs), 'forth'))

  return Task(init, step, evaluate, predict)


def round_trip(fields: dict[str, Any], model: Any, state: Players, inputs: np.ndarray):
  """The first inputs made back from their translations, for the report: {'returned': images}."""
  params, prepare = averaged(state.generator), fields['prepare']
  there = _translated(model, params, prepare(jnp.asarray(inputs[:16])), 'forth')
  return {'returned': np.asarray(prepare.restore(_translated(model, params, there, 'back')))}


def _translated(model, params, images, way):
  return model.apply({'params': params}, images, method=lambda nets, x: getattr(nets, way)(x))


def _mean(array):
  return jnp.mean(array, axis=tuple(range(1, array.ndim)))


def _critic_loss(rules, params, stats, pair, key, translators):
  del key
  variables = {'params': params}
  y, x = rules.model.apply({'params': translators}, pair['x'], pair['y'], method='translate')
  real = rules.model.apply(variables, pair['x'], pair['y'], method='criticise')
  fake = rules.model.apply(variables, x, y, method='criticise')
  loss_B = sum(_mean(rules.game.critic(*logits)) for logits in zip(real, fake, strict=True))
  figures = right(rules.game.threshold, real, fake, pair['weight'])
  return Mean.of(loss_B, pair['weight']), (stats, figures)


def _translator_loss(rules, params, stats, pair, key, critics):
  del key
  x, y, variables = pair['x'], pair['y'], {'params': params}
  as_y, as_x = rules.model.apply(variables, x, y, method='translate')
  logits = rules.model.apply({'params': critics}, as_x, as_y, method='criticise')
  again_y, again_x = rules.model.apply(variables, as_x, as_y, method='translate')
  cycle_B = _mean(jnp.abs(again_x - x)) + _mean(jnp.abs(again_y - y))
  loss_B = sum(_mean(rules.game.generator(None, logit)) for logit in logits) + rules.cycle * cycle_B
  if rules.identity:
    same_y, same_x = rules.model.apply(variables, y, x, method='translate')
    loss_B += rules.identity * (_mean(jnp.abs(same_y - y)) + _mean(jnp.abs(same_x - x)))
  return Mean.of(loss_B, pair['weight']), (stats, {'cycle': Mean.of(cycle_B, pair['weight'])})


def _check(model, x, y):
  expected = (*model.shape[:2], model.other)
  for name, found, wanted in (('first', x, tuple(model.shape)), ('second', y, expected)):
    if found.shape[1:] != wanted:
      raise InputError(
        f'model.shape={tuple(model.shape)} and model.other={model.other} do not fit the images of the '
        f'{name} kind, {found.shape[1:]}; expected {wanted}'
      )
