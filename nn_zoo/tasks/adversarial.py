"""Generative adversarial networks: a generator makes examples, a critic tells them from those of the data.

A batch is {'inputs', 'targets', 'weight'}: targets are the data's examples; inputs hold what an example is
made from: 'latent' [B, Z], fixed normal numbers that evaluation uses, and 'label' [B] where the data has
classes.

Axes: B batch, Z latent.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from nn_zoo import task as contract
from nn_zoo.errors import InputError
from nn_zoo.named import choose
from nn_zoo.ops import adversarial as ops
from nn_zoo.ops.diffaugment import POLICIES
from nn_zoo.task import Batch, Key, Learner, Mean, Metrics, Task, averaged, begin
from nn_zoo.tasks.remedies import applied, cut, limited, penalties, prefixed, seen
from nn_zoo.tasks.supervised import not_augmented


class Players(NamedTuple):
  """Either player with an optimizer of its own; the generator's average is in its optimizer's state."""

  generator: Learner
  critic: Learner


class Unchanged:
  """Examples as they are, there and back."""

  def __call__(self, inputs: jax.Array) -> jax.Array:
    return inputs

  def restore(self, outputs: jax.Array) -> jax.Array:
    """The outputs themselves."""
    return outputs


def adversarial(
  model: Any,
  tx: optax.GradientTransformation,
  *,
  loss: str = 'non_saturating',
  critic_steps: int = 1,
  label_smoothing: float = 0.0,
  instance_noise: float = 0.0,
  diffaugment: tuple[str, ...] = (),
  gradient_penalty: float = 0.0,
  r1: float = 0.0,
  r2: float = 0.0,
  clip_weights: float = 0.0,
  pack: int = 1,
  truncation: float = 0.0,
  critic_tx: optax.GradientTransformation | None = None,
  prepare: Any = Unchanged(),  # noqa: B008
  augment: Callable[[Key, Batch], Batch] = not_augmented,
  descend: Callable = contract.descend,
) -> Task:
  """Learns to make examples like those of the data; `predict` makes one of each latent.

  A step: the batch is cut into `critic_steps` slices (examples i, i + critic_steps, ... together); the critic
  descends once on each, then the generator once, with as many new examples as a slice holds. All noise is
  drawn in the step.
      critic loss    = mean_b real(c(x_b)) + generated(c(g(z_b))) + penalties
      generator loss = mean_b generator(c(g(z_b)))
  Reported are both losses and gradients, and how often the critic is right on either kind of example (not
  with 'wasserstein', whose logits have no threshold); at evaluation on held-out data, with no penalties, by
  the running average of the generator if tx keeps one. A critic that sees packs is not evaluated.

  Args:
    model: has `generate` and `criticise`, see `nn_zoo.models.pair`.
    tx: the generator's optimizer.
    loss: a name in `nn_zoo.ops.adversarial.GAMES`.
    critic_steps: of the critic for one of the generator; divides the batch.
    label_smoothing: what the critic's label of real examples lacks to 1.
    instance_noise: standard deviation of noise on all that the critic sees, in units of prepared examples.
      Source: Arjovsky & Bottou 2017, https://arxiv.org/abs/1701.04862. Departure: it is not annealed.
    diffaugment: names in `nn_zoo.ops.diffaugment.POLICIES`.
    gradient_penalty: factor of (|slope|_2 - 1)^2 between real and generated examples; 10 in the paper.
    r1: factor of |slope|_2^2 / 2 at real examples.
    r2: the same at generated ones.
    clip_weights: largest absolute value of the critic's parameters; 0 for no limit, 0.01 in the paper.
    pack: examples that the critic judges together.
    truncation: at evaluation and in `predict`, the largest absolute value of a latent; 0 for no limit.
    critic_tx: the critic's optimizer; by default tx.
      Source of two rates: Heusel et al. 2017, https://arxiv.org/abs/1706.08500.
    prepare: examples to the model's range; `prepare.restore` leads back.
    augment: (key, {'inputs': examples, 'weight'}) -> such a batch, on the data's examples in training.
    descend: `nn_zoo.task.descend` or a partial of it.

  Raises:
    InputError: an unknown name, settings that exclude one another; when traced, examples of another shape
      than the generator's, labels that are missing, or a batch that cannot be cut.
  """
  if not hasattr(model, 'criticise'):
    raise InputError(
      f'model.name={type(model).__name__!r} is no pair of generator and critic, '
      "which task.name='adversarial' needs; try gan_mlp, dcgan or sngan"
    )
  choose(ops.GAMES, loss, 'task.loss')
  game, plain = ops.smoothed(loss, label_smoothing), ops.GAMES[loss]
  for name in diffaugment:
    choose(POLICIES, name, 'task.diffaugment')
  for name, value in (('critic_steps', critic_steps), ('pack', pack)):
    if value < 1:
      raise InputError(f'task.{name}={value}: expected 1 or more')
  if pack > 1 and model.classes:
    raise InputError(
      f'task.pack={pack}: a conditional net (model.classes={model.classes}) takes no packs; expected 1'
    )
  critic_tx = critic_tx or tx
  critic_tx = optax.chain(critic_tx, limited(clip_weights)) if clip_weights else critic_tx
  shown = partial(seen, diffaugment, instance_noise, pack)
  penalised = partial(penalties, gradient_penalty, r1, r2)
  threshold = 0.5 if loss == 'least_squares' else 0.0

  def generate(learner, z_BZ, label_B, train):
    return applied(model, learner.params, learner.stats, z_BZ, label_B, train, 'generate')

  def init(key: Key, batch: Batch) -> Players:
    x = prepare(batch['targets'])
    keys, label_B = jax.random.split(key), batch['inputs'].get('label')
    z_BZ = jnp.zeros((x.shape[0], model.latent))
    jax.eval_shape(partial(cut, critic_steps, pack), x)  # whether it can be cut
    if tuple(model.shape) != x.shape[1:]:
      raise InputError(
        f'model.shape={tuple(model.shape)}: the generator makes no examples of the shape of the data, '
        f'{x.shape[1:]}; set model.shape to it'
      )
    generator = model.init(keys[0], z_BZ, label_B, method='generate')
    critic = model.init(keys[1], ops.packed(x, pack), label_B, method='criticise')
    return Players(begin(generator, tx), begin(critic, critic_tx))

  def right(real_B, generated_B, weight_B):
    if loss == 'wasserstein':
      return {}
    return {
      'real_accuracy': Mean.of(real_B > threshold, weight_B),
      'generated_accuracy': Mean.of(generated_B <= threshold, weight_B),
    }

  def critic_loss(params, stats, batch, key, generator):
    keys = jax.random.split(key, 3)
    fake, _ = generate(generator, batch['latent'], batch['label'], True)
    real, fake = shown(keys[0], batch['real']), shown(keys[1], fake)
    label_B = batch['label']
    real_B, new = applied(model, params, stats, real, label_B, True, 'criticise')
    fake_B, new = applied(model, params, new, fake, label_B, True, 'criticise')

    def judge(x):
      return applied(model, params, stats, x, label_B, True, 'criticise')[0]

    loss_B = game.real(real_B) + game.generated(fake_B) + penalised(judge, real, fake, keys[2])
    weight_B = batch['weight'].reshape(-1, pack).min(axis=1)
    return Mean.of(loss_B, weight_B), (new, right(real_B, fake_B, weight_B))

  def generator_loss(params, stats, batch, key, critic):
    fake, new = applied(model, params, stats, batch['latent'], batch['label'], True, 'generate')
    fake = shown(key, fake)
    fake_B, _ = applied(model, critic.params, critic.stats, fake, batch['label'], True, 'criticise')
    weight_B = batch['weight'].reshape(-1, pack).min(axis=1)
    return Mean.of(game.generator(fake_B), weight_B), (new, {})

  descend_critic, descend_generator = descend(critic_loss, critic_tx), descend(generator_loss, tx)

  def step(state: Players, batch: Batch, key: Key) -> tuple[Players, Metrics]:
    label_B = jnp.zeros(batch['weight'].shape, jnp.int32)  # mixing augmentations ask for one
    examples = {'inputs': batch['targets'], 'targets': label_B, 'weight': batch['weight']}
    slices = {
      'real': prepare(augment(jax.random.fold_in(key, 1), examples)['inputs']),
      'label': batch['inputs'].get('label'),
      'weight': batch['weight'],
    }
    slices = jax.tree.map(partial(cut, critic_steps, pack), slices)
    keys = jax.random.split(jax.random.fold_in(key, 0), (critic_steps + 1, 2))

    def drawn(part, key):
      return part | {'latent': jax.random.normal(key, (part['weight'].shape[0], model.latent))}

    def body(critic, part_and_keys):
      part, keys = part_and_keys
      return descend_critic(critic, drawn(part, keys[0]), keys[1], state.generator)

    critic, sums = jax.lax.scan(body, state.critic, (slices, keys[1:]))
    of_critic = jax.tree.map(lambda x: jnp.sum(x, axis=0), sums)
    part = drawn(jax.tree.map(lambda x: x[0], slices), keys[0, 0])
    generator, of_generator = descend_generator(state.generator, part, keys[0, 1], critic)
    metrics = prefixed('critic', of_critic) | prefixed('generator', of_generator)
    return Players(generator, critic), metrics

  def made(state: Players, inputs: Mapping[str, Any]) -> jax.Array:
    learner = state.generator._replace(params=averaged(state.generator))
    z_BZ = ops.truncated(inputs['latent'], truncation)
    return generate(learner, z_BZ, inputs.get('label'), False)[0]

  def predict(state: Players, inputs: Mapping[str, Any], key: Key) -> jax.Array:
    del key
    return prepare.restore(made(state, inputs))

  def evaluate(state: Players, batch: Batch, key: Key) -> Metrics:
    del key
    if pack > 1:
      return {}
    label_B, weight_B = batch['inputs'].get('label'), batch['weight']
    real_B, fake_B = (
      applied(model, state.critic.params, state.critic.stats, x, label_B, False, 'criticise')[0]
      for x in (prepare(batch['targets']), made(state, batch['inputs']))
    )
    return {
      'critic_loss': Mean.of(plain.real(real_B) + plain.generated(fake_B), weight_B),
      'generator_loss': Mean.of(plain.generator(fake_B), weight_B),
      **right(real_B, fake_B, weight_B),
    }

  return Task(init, step, evaluate, predict)
