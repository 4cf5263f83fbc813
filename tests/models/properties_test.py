"""What holds for every model, over the table of examples."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.models import MODELS, create_model
from nn_zoo.train.optimizer import path_name
from tests.examples import MODEL_EXAMPLES


@pytest.fixture(params=MODEL_EXAMPLES)
def example(request):
  return MODEL_EXAMPLES[request.param]


def make(example, seed=0, **fields):
  """The model, its variables and a batch of inputs."""
  model = create_model(example.model, **(example.fields | fields))
  inputs = np.random.default_rng(seed).normal(size=example.inputs).astype(np.float32)
  return model, model.init(jax.random.key(seed), inputs), inputs


def test_every_model_has_an_example():
  assert {example.model for example in MODEL_EXAMPLES.values()} == set(MODELS)


def test_the_parameter_tree_is_pinned(example):
  _, variables, _ = make(example)
  found = {
    path_name(path): leaf.shape for path, leaf in jax.tree.leaves_with_path(variables['params'])
  }
  assert found == example.parameters


def test_all_parameters_are_float32(example):
  _, variables, _ = make(example, dtype='bfloat16')
  assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype('float32')}


def test_jit_changes_nothing(example):
  model, variables, inputs = make(example)
  np.testing.assert_allclose(
    jax.jit(model.apply)(variables, inputs), model.apply(variables, inputs), rtol=1e-5, atol=1e-6
  )


def test_bfloat16_is_near_float32(example):
  model, variables, inputs = make(example)
  half, _, _ = make(example, dtype='bfloat16')
  outputs = half.apply(variables, inputs)
  assert outputs.dtype == jnp.bfloat16
  expected = model.apply(variables, inputs)
  error = np.abs(np.asarray(outputs, np.float32) - expected).max()
  assert error <= 0.05 * max(1.0, np.abs(expected).max())


def test_gradients_are_finite_and_reach_every_parameter(example):
  model, variables, inputs = make(example)
  stats = {name: tree for name, tree in variables.items() if name != 'params'}

  def loss(params, inputs):
    outputs, _ = model.apply(
      {'params': params, **stats},
      inputs,
      train=True,
      rngs={'dropout': jax.random.key(1)},
      mutable=list(stats),
    )
    return jnp.mean((outputs - 1) ** 2)

  gradient = jax.jit(jax.grad(loss))
  for seed in range(5):  # a unit that is dead for one batch need not be for another
    inputs = np.random.default_rng(seed).normal(size=example.inputs).astype(np.float32)
    grads = gradient(variables['params'], inputs)
    assert all(np.all(np.isfinite(grad)) for grad in jax.tree.leaves(grads))
    if all(np.any(grad != 0) for grad in jax.tree.leaves(grads)):
      return
  raise AssertionError('some parameter never gets a gradient')


def test_the_second_call_does_not_compile_again(example):
  model, variables, inputs = make(example)
  apply = jax.jit(model.apply)
  apply(variables, inputs)
  apply(jax.tree.map(lambda x: x + 1, variables), inputs + 1)
  assert apply._cache_size() == 1


def test_evaluation_does_not_depend_on_the_other_examples(example):
  model, variables, inputs = make(example)
  apply = jax.jit(model.apply)
  whole = apply(variables, inputs)
  alone = np.concatenate([apply(variables, inputs[i : i + 1]) for i in range(len(inputs))])
  np.testing.assert_allclose(whole, alone, rtol=1e-5, atol=1e-6)


def test_vmap_over_seeds_gives_each_seed_its_model(example):
  model, _, inputs = make(example)
  keys = jax.random.split(jax.random.key(0), 2)
  variables = jax.jit(jax.vmap(model.init, (0, None)))(keys, inputs)
  outputs = jax.jit(jax.vmap(model.apply, (0, None)))(variables, inputs)
  init, apply = jax.jit(model.init), jax.jit(model.apply)
  for index, key in enumerate(keys):
    expected = apply(init(key, inputs), inputs)
    np.testing.assert_allclose(outputs[index], expected, rtol=1e-5, atol=1e-5)
