"""Detection of anomalies by a generator of normal examples and an encoder that looks for each one's code.

A batch is {'inputs', 'targets', 'noise', 'weight'}: inputs are examples, targets 0 for normal ones and 1 for
anomalies; noise [B, Z] is what evaluation makes examples from.

Axes: B batch, Z latent, F features.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from nn_zoo import task as contract
from nn_zoo.errors import InputError
from nn_zoo.task import Batch, Key, Learner, Mean, Metrics, Task, averaged_variables, begin
from nn_zoo.tasks.adversarial import Unchanged, adversarial
from nn_zoo.tasks.players import Players
from nn_zoo.tasks.remedies import prefixed
from nn_zoo.tasks.supervised import not_augmented


class Detector(NamedTuple):
  """A generator and a critic of normal examples, and the encoder that inverts the generator."""

  players: Players
  encoder: Learner


def f_anogan(
  model: Any,
  tx: optax.GradientTransformation,
  *,
  loss: str = 'non_saturating',
  critic_steps: int = 1,
  gradient_penalty: float = 0.0,
  r1: float = 0.0,
  features: float = 1.0,
  critic_tx: optax.GradientTransformation | None = None,
  prepare: Any = Unchanged(),  # noqa: B008
  augment: Callable[[Key, Batch], Batch] = not_augmented,
  descend: Callable = contract.descend,
) -> Task:
  """Learns to make normal examples and to find the code of each; `predict` gives the score of anomalies.

  score = mean over numbers of (x - g(e(x)))^2  +  features mean over F of (f(x) - f(g(e(x))))^2
  with f what the critic sees before its last layer. A step is one of `nn_zoo.tasks.adversarial`, then the
  encoder descends on its mean score; generator and critic are not moved by that. Encoder and score use the
  running average of the generator if tx keeps one. At evaluation the loss is the mean score of the normal
  examples alone; on those, beside examples made of the batch's noise, the figures of the game are taken, too.

  Args:
    model: has `generate`, `criticise` and `encode`, see `nn_zoo.models.dcgan`.
    tx: optimizer of the generator and of the encoder.
    loss, critic_steps, gradient_penalty, r1: of the game, see `nn_zoo.tasks.adversarial`.
    features: factor of the second part; 1 in the paper.
    critic_tx: the critic's optimizer; by default tx.
    prepare: examples to the model's range; `prepare.restore` leads back.
    augment: (key, batch) -> batch on the raw examples that the critic sees, in training only.
    descend: `nn_zoo.task.descend` or a partial of it.

  Raises:
    InputError: a model without encoder, and what `adversarial` raises.

  Source: Schlegl et al. 2019, "f-AnoGAN: fast unsupervised anomaly detection with generative adversarial
  networks", https://doi.org/10.1016/j.media.2019.01.010. Departure: the encoder learns beside the generator,
  not after it, from its running average.
  """
  if not (hasattr(model, 'encode') and hasattr(model, 'criticise')):
    raise InputError(
      f'model.name={type(model).__name__!r} is no generator, critic and encoder, '
      "which task.name='f_anogan' needs; try dcgan"
    )
  if not features >= 0:
    raise InputError(f'task.features={features}: expected 0 or more')
  game = adversarial(
    model,
    tx,
    loss=loss,
    critic_steps=critic_steps,
    gradient_penalty=gradient_penalty,
    r1=r1,
    critic_tx=critic_tx,
    prepare=prepare,
    augment=augment,
    descend=descend,
  )
  update = descend(partial(_encoder_loss, model, features), tx)

  def init(key: Key, batch: Batch) -> Detector:
    keys = jax.random.split(key)
    players = game.init(keys[0], _posed(batch))
    encoder = model.init(keys[1], prepare(batch['inputs']), method='encode')
    return Detector(players, begin(encoder, tx, whole=True))

  def step(state: Detector, batch: Batch, key: Key) -> tuple[Detector, Metrics]:
    keys = jax.random.split(key)
    players, metrics = game.step(state.players, _posed(batch), keys[0])
    seen = {'x': prepare(batch['inputs']), 'weight': batch['weight']}
    encoder, of_encoder = update(state.encoder, seen, keys[1], players)
    return Detector(players, encoder), metrics | prefixed('encoder', of_encoder)

  def predict(state: Detector, inputs: jax.Array, key: Key) -> jax.Array:
    del key
    x = prepare(inputs)
    return _score(model, features, state.players.critic, x, restored(model, state, x))

  def evaluate(state: Detector, batch: Batch, key: Key) -> Metrics:
    score_B = predict(state, batch['inputs'], key)
    normal = _posed(batch | {'weight': batch['weight'] * (batch['targets'] == 0)})
    figures = game.evaluate(state.players, normal, key)
    return {'loss': Mean.of(score_B, normal['weight']), **figures}

  return Task(init, step, evaluate, predict)


def restored(model: Any, state: Detector, x: jax.Array) -> jax.Array:
  """g(e(x)), in prepared units."""
  z_BZ = model.apply(averaged_variables(state.encoder), x, method='encode')
  return _generated(model, state.players.generator, z_BZ)


def drawn(
  fields: Mapping[str, Any], model: Any, state: Detector, inputs: Mapping[str, Any], key: Key
) -> jax.Array:
  """Examples that the generator makes of latents; arguments as of `nn_zoo.tasks.vae.decoded`."""
  del key
  return fields['prepare'].restore(_generated(model, state.players.generator, inputs['latent']))


def _posed(batch: Batch) -> Batch:
  examples = {'targets': batch['inputs'], 'weight': batch['weight']}
  return {'inputs': {'latent': batch['noise']}, **examples}


def _encoder_loss(model, features, params, stats, batch, key, players):
  del key
  z_BZ, new = model.apply(
    {'params': params, **stats}, batch['x'], train=True, method='encode', mutable=list(stats)
  )
  back = _generated(model, players.generator, z_BZ)
  score_B = _score(model, features, players.critic, batch['x'], back)
  return Mean.of(score_B, batch['weight']), (new, {})


def _generated(model, generator, z_BZ):
  return model.apply(averaged_variables(generator), z_BZ, method='generate')


def _score(model, features, critic, x, back):
  def phi(images):
    _, seen = model.apply(
      {'params': critic.params, **critic.stats}, images, method='criticise', mutable=['features']
    )
    (phi_BF,) = jax.tree.leaves(seen)
    return phi_BF

  score_B = jnp.mean((x - back) ** 2, axis=tuple(range(1, x.ndim)))
  return score_B + features * jnp.mean((phi(x) - phi(back)) ** 2, axis=1) if features else score_B
