"""The two players of an adversarial task: their losses, their step, and how they are judged.

Axes: B batch, Z latent.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from nn_zoo.errors import InputError
from nn_zoo.ops import adversarial as ops
from nn_zoo.task import Batch, Key, Learner, Mean, Metrics, averaged_variables, begin
from nn_zoo.tasks.remedies import applied, cut, prefixed


class Players(NamedTuple):
  """Either player with an optimizer of its own; the generator's average is in its optimizer's state."""

  generator: Learner
  critic: Learner


class Rules(NamedTuple):
  """What holds for a whole training; fields are arguments of `nn_zoo.tasks.adversarial` or made of them."""

  model: Any
  game: ops.Game
  plain: ops.Game
  critic_steps: int
  pack: int
  shown: Callable[[Key, jax.Array], jax.Array]
  penalised: Callable[..., jax.Array]
  truncation: float
  prepare: Any
  augment: Callable[[Key, Batch], Batch]


def init(rules: Rules, tx: Any, critic_tx: Any, key: Key, batch: Batch) -> Players:
  """Both players before their first step.

  Raises:
    InputError: examples of another shape than the generator's, or a batch that cannot be cut.
  """
  model, x = rules.model, rules.prepare(batch['targets'])
  keys, label_B = jax.random.split(key), batch['inputs'].get('label')
  z_BZ = jnp.zeros((x.shape[0], model.latent))
  jax.eval_shape(partial(cut, rules.critic_steps, rules.pack), x)  # whether it can be cut
  if tuple(model.shape) != x.shape[1:]:
    raise InputError(
      f'model.shape={tuple(model.shape)}: the generator makes no examples of the shape of the data, '
      f'{x.shape[1:]}; set model.shape to it'
    )
  generator = model.init(keys[0], z_BZ, label_B, method='generate')
  critic = model.init(keys[1], ops.packed(x, rules.pack), label_B, method='criticise')
  return Players(begin(generator, tx, whole=True), begin(critic, critic_tx))


def _generate(rules, params, stats, z_BZ, label_B, train):
  return applied(rules.model, params, stats, z_BZ, label_B, train, 'generate')


def _judge(rules, params, stats, x, label_B, train):
  return applied(rules.model, params, stats, x, label_B, train, 'criticise')


def right(
  threshold: float | None,
  real: Sequence[jax.Array],
  generated: Sequence[jax.Array],
  weight_B: jax.Array,
) -> Metrics:
  """How often critics take examples for what they are; where logits have no threshold, their means.

  Args:
    threshold: of a `nn_zoo.ops.adversarial.Game`.
    real: logits [B, ...] of each critic, one an example or one a patch of it, on examples of the data.
    generated: the same on generated ones.
    weight_B: of the examples.
  """

  def mean(logits, of=lambda logit: logit):
    means = [jnp.mean(of(logit), axis=tuple(range(1, logit.ndim))) for logit in logits]
    return Mean.of(sum(means) / len(means), weight_B)

  if threshold is None:
    return {'real_logit': mean(real), 'generated_logit': mean(generated)}
  return {
    'real_accuracy': mean(real, lambda logit: logit > threshold),
    'generated_accuracy': mean(generated, lambda logit: logit <= threshold),
  }


def critic_loss(rules: Rules, params, stats, batch, key, generator: Learner):
  """The critic's loss on a slice of real examples and as many generated ones, for `descend`."""
  keys, label_B = jax.random.split(key, 3), batch['label']
  fake, _ = _generate(rules, generator.params, generator.stats, batch['latent'], label_B, True)
  real, fake = rules.shown(keys[0], batch['real']), rules.shown(keys[1], fake)
  real_B, new = _judge(rules, params, stats, real, label_B, True)
  fake_B, new = _judge(rules, params, new, fake, label_B, True)

  def judge(x):
    return _judge(rules, params, stats, x, label_B, True)[0]

  loss_B = rules.game.critic(real_B, fake_B) + rules.penalised(judge, real, fake, keys[2])
  weight_B = batch['weight'].reshape(-1, rules.pack).min(axis=1)
  return Mean.of(loss_B, weight_B), (
    new,
    right(rules.plain.threshold, (real_B,), (fake_B,), weight_B),
  )


def generator_loss(rules: Rules, params, stats, batch, key, critic: Learner):
  """The generator's loss on a slice, for `descend`."""
  label_B, keys = batch['label'], jax.random.split(key)
  fake, new = _generate(rules, params, stats, batch['latent'], label_B, True)

  def judged(key, x):
    return _judge(rules, critic.params, critic.stats, rules.shown(key, x), label_B, True)[0]

  fake_B = judged(keys[0], fake)
  real_B = judged(keys[1], batch['real']) if rules.game.paired else fake_B
  weight_B = batch['weight'].reshape(-1, rules.pack).min(axis=1)
  return Mean.of(rules.game.generator(real_B, fake_B), weight_B), (new, {})


def stepping(rules: Rules, descend_critic: Callable, descend_generator: Callable) -> Callable:
  """The task's step: the critic descends on each slice of the batch, then the generator once."""

  def drawn(part, key):
    shape = (part['weight'].shape[0], rules.model.latent)
    return part | {'latent': jax.random.normal(key, shape)}

  def step(state: Players, batch: Batch, key: Key) -> tuple[Players, Metrics]:
    slices = _slices(rules, batch, jax.random.fold_in(key, 1))
    keys = jax.random.split(jax.random.fold_in(key, 0), (rules.critic_steps + 1, 2))

    def body(critic, part_and_keys):
      part, keys = part_and_keys
      return descend_critic(critic, drawn(part, keys[0]), keys[1], state.generator)

    critic, sums = jax.lax.scan(body, state.critic, (slices, keys[1:]))
    of_critic = jax.tree.map(lambda x: jnp.sum(x, axis=0), sums)
    part = drawn(jax.tree.map(lambda x: x[0], slices), keys[0, 0])
    generator, of_generator = descend_generator(state.generator, part, keys[0, 1], critic)
    metrics = prefixed('critic', of_critic) | prefixed('generator', of_generator)
    return Players(generator, critic), metrics

  return step


def _slices(rules, batch, key):
  label_B = jnp.zeros(batch['weight'].shape, jnp.int32)  # mixing augmentations ask for one
  examples = {'inputs': batch['targets'], 'targets': label_B, 'weight': batch['weight']}
  slices = {
    'real': rules.prepare(rules.augment(key, examples)['inputs']),
    'label': batch['inputs'].get('label'),
    'weight': batch['weight'],
  }
  return jax.tree.map(partial(cut, rules.critic_steps, rules.pack), slices)


def made(rules: Rules, state: Players, inputs: Mapping[str, Any]) -> jax.Array:
  """Examples by the running average of the generator, statistics included, in the model's range."""
  z_BZ = ops.truncated(inputs['latent'], rules.truncation)
  variables = averaged_variables(state.generator)
  return rules.model.apply(variables, z_BZ, inputs.get('label'), method='generate')


def evaluate(rules: Rules, state: Players, batch: Batch, key: Key) -> Metrics:
  """Both losses on held-out data without penalties, and how often the critic is right.

  Raises:
    InputError: packs that are not cut in the same way whatever the batch is.
  """
  del key
  label_B, weight_B = batch['inputs'].get('label'), batch['weight']
  if len(weight_B) % rules.pack:
    raise InputError(
      f'task.pack={rules.pack}: does not divide the {len(weight_B)} examples of a batch of evaluation; '
      'change train.eval_batch_size or, if that is larger, the size of the split'
    )
  weight_B = weight_B.reshape(-1, rules.pack).min(axis=1)
  real_B, fake_B = (
    _judge(rules, state.critic.params, state.critic.stats, x, label_B, False)[0]
    for x in (
      ops.packed(rules.prepare(batch['targets']), rules.pack),
      ops.packed(made(rules, state, batch['inputs']), rules.pack),
    )
  )
  return {
    'critic_loss': Mean.of(rules.plain.critic(real_B, fake_B), weight_B),
    'generator_loss': Mean.of(rules.plain.generator(real_B, fake_B), weight_B),
    **right(rules.plain.threshold, (real_B,), (fake_B,), weight_B),
  }
