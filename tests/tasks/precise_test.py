import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import dcgan_digits, gpt_shakespeare, vae_mnist, vit_digits
from nn_zoo.build import build
from nn_zoo.config import check_config
from nn_zoo.errors import InputError
from nn_zoo.ops.product import dense
from nn_zoo.task import Task
from nn_zoo.tasks.precise import precise


def both(state, x_BD, key):
  # A product of ours and one of XLA's, and what their gradients multiply.
  del key
  return jax.grad(lambda w_DC: jnp.sum(jnp.sin(dense(x_BD, w_DC)) @ w_DC.T))(state)


TASK = Task(lambda key, batch: jnp.ones((4, 3)), both, both, both)


@pytest.mark.parametrize(
  ('asked', 'theirs'),
  [
    ('', None),
    ('bfloat16', jax.lax.Precision.DEFAULT),
    ('float32', jax.lax.Precision.HIGHEST),
  ],
)
def test_every_product_of_a_task_is_as_precise_as_asked(asked, theirs):
  task = precise(TASK, asked)
  for function in (task.step, task.evaluate, task.predict):
    jaxpr = jax.make_jaxpr(function)(jnp.ones((4, 3)), jnp.ones((5, 4)), jax.random.key(0))
    found = {'matrix_product': set(), 'dot_general': set()}
    for equation in jaxpr.eqns:
      if equation.primitive.name in found:
        found[equation.primitive.name].add(equation.params['precision'])
    assert found == {
      'matrix_product': {asked or None},
      'dot_general': {theirs and (theirs, theirs)},
    }


@pytest.mark.parametrize('asked', ['', 'bfloat16'])
def test_a_config_asks_for_it(asked):
  config = vit_digits.get_config()
  config.train.update({'matmul_precision': asked, 'batch_size': 2})
  experiment = build(config.to_dict())
  batch, key = experiment.train[0], jax.random.key(0)
  state = jax.eval_shape(experiment.task.init, key, batch)
  text = str(jax.make_jaxpr(experiment.task.step)(state, batch, key))
  assert 'matrix_product[' in text
  assert ('precision=bfloat16' in text) == (asked == 'bfloat16')


def test_what_draws_examples_is_as_precise():
  config = vae_mnist.get_config()
  config.data = dcgan_digits.get_config().data.to_dict() | {'scale': 1}
  config.model.shape = (8, 8, 1)
  config.train.update({'matmul_precision': 'bfloat16', 'batch_size': 2})
  experiment = build(config.to_dict())
  state = jax.eval_shape(experiment.task.init, jax.random.key(0), experiment.train[0])
  latents = {'latent': jnp.zeros((1000, experiment.model.latent))}
  text = str(jax.make_jaxpr(experiment.draw)(state, latents, jax.random.key(0)))
  assert set(re.findall(r'precision=(.*)', text)) == {'(Precision.DEFAULT, Precision.DEFAULT)'}


def test_results_are_those_of_the_task():
  x_BD, w_DC = np.random.default_rng(0).normal(size=(2, 4, 4)).astype(np.float32)[:, :, :3]
  x_BD = np.pad(x_BD, ((0, 0), (0, 1)))
  found = precise(TASK, 'bfloat16').step(w_DC, x_BD, None)
  np.testing.assert_allclose(found, TASK.step(w_DC, x_BD, None), rtol=2e-2, atol=2e-2)


def test_an_unknown_precision_is_refused():
  config = gpt_shakespeare.get_config()
  config.train.matmul_precision = 'float16'
  with pytest.raises(
    InputError, match=r"^train.matmul_precision='float16': expected '' or 'bfloat"
  ):
    check_config(config.to_dict())
