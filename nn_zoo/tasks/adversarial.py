"""Generative adversarial networks: a generator makes examples, a critic tells them from those of the data.

A batch is {'inputs', 'targets', 'weight'}: targets are the data's examples; inputs hold what an example is
made from: 'latent' [B, Z], fixed normal numbers that evaluation uses, and 'label' [B] where the data has
classes.

Axes: B batch, Z latent.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import optax

from nn_zoo import task as contract
from nn_zoo.errors import InputError
from nn_zoo.named import choose
from nn_zoo.ops import adversarial as ops
from nn_zoo.ops.diffaugment import POLICIES
from nn_zoo.task import Batch, Key, Task
from nn_zoo.tasks.players import (
  Players,
  Rules,
  critic_loss,
  evaluate,
  generator_loss,
  init,
  made,
  stepping,
)
from nn_zoo.tasks.remedies import limited, penalties, seen
from nn_zoo.tasks.supervised import not_augmented


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
      critic loss    = mean_b critic(c(x_b), c(g(z_b))) + penalties
      generator loss = mean_b generator(c(x_b), c(g(z_b))),   critic and generator those of the game
  Reported are both losses and gradients, and how often the critic is right on either kind of example (with
  'wasserstein' and 'relativistic', whose logits have no threshold, their means); at evaluation on held-out
  data, with no penalties, by the running average of the generator, statistics included, if tx keeps one. A
  critic of packs judges whole ones, of neighbours.

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
    InputError: an unknown name, a number below 0, settings that exclude one another; when traced, examples
      of another shape than the generator's, labels that are missing, or a batch that cannot be cut.
  """
  _check(model, loss, critic_steps, diffaugment, pack)
  _check_numbers(
    label_smoothing=label_smoothing,
    instance_noise=instance_noise,
    gradient_penalty=gradient_penalty,
    r1=r1,
    r2=r2,
    clip_weights=clip_weights,
    truncation=truncation,
  )
  if (gradient_penalty or r1 or r2) and getattr(model, 'normalization', '') == 'batch':
    raise InputError(
      "model.normalization='batch': with task.r1 or another penalty on slopes a critic must judge each "
      "example by itself; expected 'layer' or 'none'"
    )
  rules = Rules(
    model,
    game=ops.smoothed(loss, label_smoothing),
    plain=ops.GAMES[loss],
    critic_steps=critic_steps,
    pack=pack,
    shown=partial(seen, diffaugment, instance_noise, pack),
    penalised=partial(penalties, gradient_penalty, r1, r2),
    truncation=truncation,
    prepare=prepare,
    augment=augment,
  )
  critic_tx = critic_tx or tx
  critic_tx = optax.chain(critic_tx, limited(clip_weights)) if clip_weights else critic_tx
  descend_critic = descend(partial(critic_loss, rules), critic_tx)
  step = stepping(rules, descend_critic, descend(partial(generator_loss, rules), tx))

  def predict(state: Players, inputs: Mapping[str, Any], key: Key) -> jax.Array:
    del key
    return prepare.restore(made(rules, state, inputs))

  return Task(partial(init, rules, tx, critic_tx), step, partial(evaluate, rules), predict)


def _check(model, loss, critic_steps, diffaugment, pack):
  if not hasattr(model, 'criticise'):
    raise InputError(
      f'model.name={type(model).__name__!r} is no pair of generator and critic, '
      "which task.name='adversarial' needs; try gan_mlp, dcgan or sngan"
    )
  choose(ops.GAMES, loss, 'task.loss')
  for name in diffaugment:
    choose(POLICIES, name, 'task.diffaugment')
  for name, value in (('critic_steps', critic_steps), ('pack', pack)):
    if value < 1:
      raise InputError(f'task.{name}={value}: expected 1 or more')
  if pack > 1 and model.classes:
    raise InputError(
      f'task.pack={pack}: a conditional net (model.classes={model.classes}) takes no packs; expected 1'
    )


def _check_numbers(**numbers):
  for name, value in numbers.items():
    if not value >= 0:
      raise InputError(f'task.{name}={value}: expected 0 or more')
