"""Autoencoders: examples from a short code of themselves, plain or variational.

Axes: B batch, Z latent.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import linen as nn

from nn_zoo import task as contract
from nn_zoo.errors import InputError
from nn_zoo.named import choose
from nn_zoo.task import Batch, Key, Learner, Mean, Metrics, Task, averaged, begin
from nn_zoo.tasks.adversarial import Unchanged
from nn_zoo.tasks.supervised import not_augmented

Reconstruction = Callable[[jax.Array, jax.Array], jax.Array]


def bernoulli(outputs: jax.Array, x: jax.Array) -> jax.Array:
  """-sum x log s + (1 - x) log(1 - s) of each example, s = sigmoid(outputs), x in [0, 1]; in nats."""
  return jnp.sum(jax.nn.softplus(outputs) - x * outputs, axis=tuple(range(1, x.ndim)))


def normal(outputs: jax.Array, x: jax.Array) -> jax.Array:
  """sum (x - outputs)^2 / 2 + log(2 pi) / 2 of each example: of deviation 1, in nats."""
  return jnp.sum(((x - outputs) ** 2 + jnp.log(2 * jnp.pi)) / 2, axis=tuple(range(1, x.ndim)))


# name -> (-log p(x | outputs), outputs -> mean of x)
LIKELIHOODS: dict[str, tuple[Reconstruction, Callable[[jax.Array], jax.Array]]] = {
  'bernoulli': (bernoulli, jax.nn.sigmoid),
  'normal': (normal, lambda outputs: outputs),
}


def kl_to_standard_normal(mean_BZ: jax.Array, log_variance_BZ: jax.Array) -> jax.Array:
  """KL(N(mean, variance) || N(0, 1)) = 1/2 sum_z mean^2 + variance - log variance - 1, in nats."""
  return jnp.sum(mean_BZ**2 + jnp.exp(log_variance_BZ) - log_variance_BZ - 1, axis=1) / 2


def vae(
  model: nn.Module,
  tx: optax.GradientTransformation,
  *,
  likelihood: str = 'bernoulli',
  beta: float = 1.0,
  prepare: Any = Unchanged(),  # noqa: B008
  augment: Callable[[Key, Batch], Batch] = not_augmented,
  descend: Callable = contract.descend,
) -> Task:
  """Learns p(x) by a lower bound; `predict` gives the mean of p(x | mean code).

  loss = -log p(x | z) + beta KL(q(z | x) || N(0, 1)),  z = mean + deviation * noise
  Reported are the loss, in nats, and both parts; at evaluation beta is 1 and the loss the negative evidence
  lower bound, with the one draw of noise that each example has in the batch.

  Args:
    model: has `encode` and `decode`, see `nn_zoo.models.vae`.
    tx: optimizer.
    likelihood: a name in LIKELIHOODS; 'bernoulli' takes pixels as shares of white.
    beta: factor of the divergence. Source: Higgins et al. 2017, https://openreview.net/forum?id=Sy2fzU9gl.
    prepare: examples to the likelihood's range; `prepare.restore` leads back.
    augment: (key, batch) -> batch on the raw inputs, in training only.
    descend: `nn_zoo.task.descend` or a partial of it.

  Raises:
    InputError: an unknown likelihood; when traced, a model whose code has no variance, or examples of
      another shape than the model's.

  Source: Kingma & Welling 2014, https://arxiv.org/abs/1312.6114.
  """
  reconstruction, mean_of = choose(LIKELIHOODS, likelihood, 'task.likelihood')

  def parts(params, x, noise_BZ):
    code = model.apply({'params': params}, x, method='encode')
    if not isinstance(code, tuple):
      raise InputError(
        f"model.name={type(model).__name__!r} gives a code without its variance, which task.name='vae' "
        'needs; try vae'
      )
    mean_BZ, log_variance_BZ = code
    z_BZ = mean_BZ + jnp.exp(log_variance_BZ / 2) * noise_BZ
    outputs = model.apply({'params': params}, z_BZ, method='decode')
    return reconstruction(outputs, x), kl_to_standard_normal(mean_BZ, log_variance_BZ)

  def figures(reconstruction_B, kl_B, weight_B):
    return {'reconstruction': Mean.of(reconstruction_B, weight_B), 'kl': Mean.of(kl_B, weight_B)}

  def loss(params, stats, batch, key):
    del key
    reconstruction_B, kl_B = parts(params, prepare(batch['inputs']), batch['noise'])
    mean = Mean.of(reconstruction_B + beta * kl_B, batch['weight'])
    return mean, (stats, figures(reconstruction_B, kl_B, batch['weight']))

  update = descend(loss, tx)

  def step(state: Learner, batch: Batch, key: Key) -> tuple[Learner, Metrics]:
    keys = jax.random.split(key, 3)
    noise_BZ = jax.random.normal(keys[0], (batch['weight'].shape[0], model.latent))
    return update(state, augment(keys[1], batch) | {'noise': noise_BZ}, keys[2])

  def predict(state: Learner, inputs: jax.Array, key: Key) -> jax.Array:
    del key
    return prepare.restore(mean_of(model.apply({'params': averaged(state)}, prepare(inputs))))

  def evaluate(state: Learner, batch: Batch, key: Key) -> Metrics:
    del key
    reconstruction_B, kl_B = parts(averaged(state), prepare(batch['inputs']), batch['noise'])
    weight_B = batch['weight']
    bound = {'loss': Mean.of(reconstruction_B + kl_B, weight_B)}
    return bound | figures(reconstruction_B, kl_B, weight_B)

  return Task(_beginning(model, tx, prepare), step, evaluate, predict)


def decoded(
  fields: Mapping[str, Any], model: nn.Module, state: Learner, inputs: Mapping[str, Any], key: Key
) -> jax.Array:
  """Means of p(x | z) of the latents [B, Z] in `inputs`, as examples of the data.

  Args:
    fields: of the task, with `prepare` of the experiment.
    model, state: of the task.
    inputs: {'latent': z_BZ}; of standard normal ones, examples of what was learnt.
    key: not used.
  """
  del key
  outputs = model.apply({'params': averaged(state)}, inputs['latent'], method='decode')
  return fields['prepare'].restore(LIKELIHOODS[fields['likelihood']][1](outputs))


def autoencoder(
  model: nn.Module,
  tx: optax.GradientTransformation,
  *,
  corruption: float = 0.0,
  prepare: Any = Unchanged(),  # noqa: B008
  augment: Callable[[Key, Batch], Batch] = not_augmented,
  descend: Callable = contract.descend,
) -> Task:
  """Learns to give examples back through a short code; `predict` does.

  loss = mean over an example's numbers of (x - model(x + corruption * noise))^2, in prepared units

  Args:
    model: see `nn_zoo.models.autoencoder`.
    tx: optimizer.
    corruption: standard deviation of noise on the inputs in training (a denoising autoencoder).
      Source: Vincent et al. 2008, https://doi.org/10.1145/1390156.1390294.
    prepare, augment, descend: see `vae`.

  Raises:
    InputError: a corruption below 0; when traced, examples of another shape than the model's.
  """
  if corruption < 0:
    raise InputError(f'task.corruption={corruption}: expected 0 or more')

  def squares(params, x, seen):
    outputs = model.apply({'params': params}, seen)
    return jnp.mean((x - outputs) ** 2, axis=tuple(range(1, x.ndim)))

  def loss(params, stats, batch, key):
    del key
    x = prepare(batch['inputs'])
    seen = x + corruption * batch['noise'] if corruption else x
    return Mean.of(squares(params, x, seen), batch['weight']), (stats, {})

  update = descend(loss, tx)

  def step(state: Learner, batch: Batch, key: Key) -> tuple[Learner, Metrics]:
    keys = jax.random.split(key, 3)
    noise = {'noise': jax.random.normal(keys[0], batch['inputs'].shape)} if corruption else {}
    return update(state, augment(keys[1], batch) | noise, keys[2])

  def predict(state: Learner, inputs: jax.Array, key: Key) -> jax.Array:
    del key
    return prepare.restore(model.apply({'params': averaged(state)}, prepare(inputs)))

  def evaluate(state: Learner, batch: Batch, key: Key) -> Metrics:
    del key
    x = prepare(batch['inputs'])
    return {'loss': Mean.of(squares(averaged(state), x, x), batch['weight'])}

  return Task(_beginning(model, tx, prepare), step, evaluate, predict)


def _beginning(model, tx, prepare):
  if not hasattr(model, 'decode'):
    raise InputError(
      f'model.name={type(model).__name__!r} has no encoder and decoder; try vae or autoencoder'
    )

  def init(key: Key, batch: Batch) -> Learner:
    x = prepare(batch['inputs'])
    if tuple(model.shape) != x.shape[1:]:
      raise InputError(
        f'model.shape={tuple(model.shape)}: the data has examples of the shape {x.shape[1:]}; '
        'set model.shape to it'
      )
    return begin(model.init(key, x), tx)

  return init
