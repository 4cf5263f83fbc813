"""Parts of an adversarial step: what the critic is shown, what keeps it tame, and how batches are cut.

Axes: B batch.
"""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from nn_zoo.errors import InputError
from nn_zoo.ops import adversarial as ops
from nn_zoo.ops.diffaugment import diffaugment
from nn_zoo.task import Key, Metrics, Params, Variables


def limited(largest: float) -> optax.GradientTransformation:
  """Updates after which no parameter is beyond +-largest (WGAN's weight clipping); the last of a chain."""

  def update(updates, state, params=None):
    def clipped(param, update):
      return jnp.clip(param + update, -largest, largest) - param

    return jax.tree.map(clipped, params, updates), state

  return optax.GradientTransformation(lambda params: optax.EmptyState(), update)


def applied(
  model: Any, params: Params, stats: Variables, x: jax.Array, label_B: Any, train: bool, method: str
) -> tuple[jax.Array, Variables]:
  """Outputs of a method of the model, and the statistics as they are afterwards."""
  variables = {'params': params, **stats}
  if not train:
    return model.apply(variables, x, label_B, method=method), stats
  return model.apply(variables, x, label_B, train=True, method=method, mutable=list(stats))


def seen(changes: tuple[str, ...], noise: float, pack: int, key: Key, x: jax.Array) -> jax.Array:
  """What the critic is shown of examples: changed, with noise, in packs."""
  x = diffaugment(changes, key, x)
  if noise:
    x = x + noise * jax.random.normal(jax.random.fold_in(key, len(changes)), x.shape)
  return ops.packed(x, pack)


def penalties(
  gradient_penalty: float,
  r1: float,
  r2: float,
  judge: Any,
  real: jax.Array,
  fake: jax.Array,
  key: Key,
) -> jax.Array:
  """What the critic's slopes cost it, by example."""
  total_B = jnp.zeros(real.shape[:1])
  if gradient_penalty:
    mix_B = jax.random.uniform(key, real.shape[:1])
    total_B += gradient_penalty * ops.gradient_penalty(judge, real, fake, mix_B)
  if r1:
    total_B += r1 / 2 * ops.squared_slope(judge, real)
  if r2:
    total_B += r2 / 2 * ops.squared_slope(judge, fake)
  return total_B


def cut(count: int, pack: int, x: jax.Array) -> jax.Array:
  """A batch as `count` slices, each of whole packs.

  Raises:
    InputError: they do not come out even.
  """
  # Interleaved, so that on a batch sharded over devices every device keeps its own examples.
  if x.shape[0] % (count * pack):
    packs = f' in packs of task.pack={pack}' if pack > 1 else ''
    raise InputError(
      f'task.critic_steps={count} does not divide train.batch_size={x.shape[0]}{packs}'
    )
  return jnp.swapaxes(x.reshape(-1, count, *x.shape[1:]), 0, 1)


def prefixed(player: str, metrics: Metrics) -> Metrics:
  """Metrics by names that say whose loss and norms they are."""
  own = ('loss', 'grad_norm', 'param_norm', 'example_grad_norm')
  return {f'{player}_{key}' if key in own else key: mean for key, mean in metrics.items()}
