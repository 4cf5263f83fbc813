"""The score of an example, what moves whom, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.task import averaged_variables
from nn_zoo.tasks.adversarial import adversarial
from nn_zoo.tasks.f_anogan import f_anogan, restored
from nn_zoo.train.optimizer import optimizer
from tests.examples.arrays import odd_images

TX = optimizer('adam', 1e-2, average=0.9, steps=10)


def net(**fields):
  return create_model('dcgan', shape=(8, 8, 1), latent=2, width=2, **fields)


def batch_of(count=12):
  return odd_images(count) | {'weight': np.ones(count, np.float32)}


def trained(model, steps=3, **fields):
  task, batch = f_anogan(model, TX, **fields), batch_of()
  state = task.init(jax.random.key(0), batch)
  for number in range(steps):
    state, metrics = task.step(state, batch, jax.random.key(number))
  return task, state, metrics


def features_of(model, critic, x):
  """The critic's numbers before its last layer, by solving for what that layer made of them."""
  kept = []

  def watch(next_function, args, kwargs, context):
    if type(context.module).__name__ == 'Judgement' and context.method_name == '__call__':
      kept.append(args[0])
    return next_function(*args, **kwargs)

  with nn.intercept_methods(watch):
    model.apply({'params': critic.params, **critic.stats}, x, method='criticise')
  return kept[0]


@pytest.mark.parametrize('factor', [0.0, 0.7])
def test_the_score_is_what_the_generator_lacks_and_what_the_critic_sees_of_it(factor):
  model = net(spectral=True, normalization='none')
  task, state, _ = trained(model, features=factor)
  x, encoder, generator = odd_images(12)['inputs'], state.encoder, state.players.generator
  z = model.apply(averaged_variables(encoder), x, method='encode')
  back = model.apply(averaged_variables(generator), z, method='generate')
  np.testing.assert_array_equal(restored(model, state, x), back)
  phi, phi_back = (features_of(model, state.players.critic, images) for images in (x, back))
  expected = np.mean((x - back) ** 2, axis=(1, 2, 3))
  expected = expected + factor * np.mean((phi - phi_back) ** 2, axis=1)
  found = task.predict(state, x, jax.random.key(9))
  np.testing.assert_allclose(found, expected, rtol=1e-5)
  loss = task.evaluate(state, batch_of(), jax.random.key(9))['loss']
  np.testing.assert_allclose(
    loss.value, np.asarray(found)[odd_images(12)['targets'] == 0].mean(), rtol=1e-5
  )
  assert loss.weight == 10


def test_the_game_goes_on_as_without_an_encoder():
  model, batch = net(), batch_of()
  task = f_anogan(model, TX)
  state = task.init(jax.random.key(0), batch)
  after, metrics = task.step(state, batch, jax.random.key(1))
  game = adversarial(model, TX)
  posed = {
    'inputs': {'latent': batch['noise']},
    'targets': batch['inputs'],
    'weight': batch['weight'],
  }
  alone, of_game = game.step(state.players, posed, jax.random.split(jax.random.key(1))[0])
  jax.tree.map(np.testing.assert_array_equal, after.players, alone)
  assert set(metrics) - set(of_game) == {'encoder_loss', 'encoder_grad_norm', 'encoder_param_norm'}
  moved = jax.tree.map(
    lambda a, b: bool(jnp.any(a != b)), state.encoder.params, after.encoder.params
  )
  assert all(jax.tree.leaves(moved))


def test_the_encoder_descends_on_its_mean_score():
  # With plain gradient descent and no statistics that the batch moves, a step is -rate times the gradient.
  model, batch = net(), batch_of()
  task = f_anogan(model, optax.sgd(0.1), critic_tx=optax.sgd(0.0), features=0.0)
  state = task.init(jax.random.key(0), batch)
  after, _ = task.step(state, batch, jax.random.key(1))
  generator = after.players.generator

  def score(params):
    variables = {'params': params, **state.encoder.stats}
    z, _ = model.apply(variables, batch['inputs'], True, method='encode', mutable=['batch_stats'])
    back = model.apply({'params': generator.params, **generator.stats}, z, method='generate')
    return jnp.mean((batch['inputs'] - back) ** 2)

  grads = jax.grad(score)(state.encoder.params)
  expected = jax.tree.map(lambda p, g: p - 0.1 * g, state.encoder.params, grads)
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), after.encoder.params, expected
  )


@pytest.mark.parametrize(
  ('model', 'fields', 'line'),
  [
    (
      create_model('gan_mlp'),
      {},
      "^model.name='GanMLP' is no generator, critic and encoder, which",
    ),
    (net(), {'features': -1.0}, '^task.features=-1.0: expected 0 or more$'),
    (net(), {'r1': float('nan')}, '^task.r1=nan: expected 0 or more$'),
    (net(), {'critic_steps': 0}, '^task.critic_steps=0: expected 1 or more$'),
  ],
)
def test_what_cannot_be_is_refused_in_a_line(model, fields, line):
  with pytest.raises(InputError, match=line):
    f_anogan(model, TX, **fields)


def test_images_of_another_size_are_refused_in_a_line():
  task = f_anogan(create_model('dcgan', shape=(16, 16, 1)), TX)
  with pytest.raises(
    InputError, match=r'^model.shape=\(16, 16, 1\): the generator makes no examples'
  ):
    task.init(jax.random.key(0), batch_of())
