"""What holds for every model, over the table of examples."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.models import MODELS, create_model
from nn_zoo.train.optimizer import path_name
from tests.examples import MODEL_EXAMPLES


class Paired(NamedTuple):
  """A model that makes a text from a text, called with both side by side."""

  model: Any
  source: int

  def init(self, key, tokens):
    return self.model.init(key, *self._parts(tokens))

  def apply(self, variables, tokens, **more):
    return self.model.apply(variables, *self._parts(tokens), **more)

  def _parts(self, tokens):
    length = jnp.full(len(tokens), self.source, jnp.int32)
    return {'values': tokens[:, : self.source], 'length': length}, tokens[:, self.source :]


def created(example, **more):
  """The model of an example, which `init` and `apply` take one array."""
  model = create_model(example.model, **(example.fields | more))
  return Paired(model, example.source) if example.source else model


class Made(NamedTuple):
  """The model of an example with variables and a batch of inputs; compiling costs most, so all share it."""

  model: Any
  init: Callable
  apply: Callable
  variables: dict[str, Any]
  inputs: np.ndarray


@functools.cache
def make(name):
  example = MODEL_EXAMPLES[name]
  model = created(example)
  init, apply, inputs = jax.jit(model.init), jax.jit(model.apply), drawn(example)
  return Made(model, init, apply, init(jax.random.key(0), inputs), inputs)


def drawn(example, seed=0):
  random = np.random.default_rng(seed)
  if example.tokens:
    return random.integers(0, example.tokens, example.inputs, np.int32)
  return random.normal(size=example.inputs).astype(np.float32)


@pytest.fixture(params=MODEL_EXAMPLES)
def name(request):
  return request.param


def test_every_model_has_an_example():
  assert {example.model for example in MODEL_EXAMPLES.values()} == set(MODELS)


def test_the_parameter_tree_is_pinned(name):
  params = make(name).variables['params']
  found = {path_name(path): leaf.shape for path, leaf in jax.tree.leaves_with_path(params)}
  assert found == MODEL_EXAMPLES[name].parameters


def halved(name):
  example = MODEL_EXAMPLES[name]
  return created(example, dtype='bfloat16')


def test_all_parameters_are_float32(name):
  variables = jax.eval_shape(halved(name).init, jax.random.key(0), drawn(MODEL_EXAMPLES[name]))
  assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype('float32')}


@pytest.mark.slow  # operation by operation, each of which is compiled
def test_jit_changes_nothing(name):
  model, _, apply, variables, inputs = make(name)
  np.testing.assert_allclose(
    apply(variables, inputs), model.apply(variables, inputs), rtol=1e-5, atol=1e-6
  )


def test_bfloat16_is_near_float32(name):
  _, _, apply, variables, inputs = make(name)
  outputs = jax.jit(halved(name).apply)(variables, inputs)
  assert outputs.dtype == jnp.bfloat16
  expected = apply(variables, inputs)
  error = np.abs(np.asarray(outputs, np.float32) - expected).max()
  assert error <= 0.05 * max(1.0, np.abs(expected).max())


def gradient_of(model):
  """(variables, inputs) -> gradient of a loss in the parameters."""

  def loss(params, stats, inputs):
    outputs, _ = model.apply(
      {'params': params, **stats},
      inputs,
      train=True,
      rngs={'dropout': jax.random.key(1)},
      mutable=list(stats),
    )
    return jnp.mean((outputs - 1) ** 2)

  def gradient(variables, inputs):
    stats = {name: tree for name, tree in variables.items() if name != 'params'}
    return jax.grad(loss)(variables['params'], stats, inputs)

  return jax.jit(gradient)


def test_gradients_are_finite_and_reach_every_parameter(name):
  gradient = gradient_of(make(name).model)
  for seed in range(5):  # a unit that is dead for one batch need not be for another
    grads = gradient(make(name).variables, drawn(MODEL_EXAMPLES[name], seed))
    assert all(np.all(np.isfinite(grad)) for grad in jax.tree.leaves(grads))
    if all(np.any(grad != 0) for grad in jax.tree.leaves(grads)):
      return
  raise AssertionError('some parameter never gets a gradient')


def test_gradients_lower_for_accelerators_without_kernels_of_the_cpu(name):
  example = MODEL_EXAMPLES[name]
  model, inputs = created(example, dtype='bfloat16'), drawn(example)
  variables = jax.eval_shape(model.init, jax.random.key(0), inputs)
  traced = gradient_of(model).trace(variables, inputs)
  for platform in ('cuda', 'tpu'):
    assert 'nn_zoo' not in traced.lower(lowering_platforms=(platform,)).as_text()


def test_the_second_call_does_not_compile_again(name):
  _, _, apply, variables, inputs = make(name)
  apply(variables, inputs)
  before = apply._cache_size()
  apply(jax.tree.map(lambda x: x + 1, variables), inputs[::-1].copy())
  assert apply._cache_size() == before


def test_evaluation_does_not_depend_on_the_other_examples(name):
  _, _, apply, variables, inputs = make(name)
  whole = apply(variables, inputs)
  alone = np.concatenate([apply(variables, inputs[i : i + 1]) for i in range(len(inputs))])
  np.testing.assert_allclose(whole, alone, rtol=1e-5, atol=1e-6)


def test_vmap_over_seeds_gives_each_seed_its_model(name):
  model, init, apply, _, inputs = make(name)
  keys = jax.random.split(jax.random.key(0), 2)
  # Runs once: made without optimization, which takes most of the test's time.
  init_all = jax.jit(jax.vmap(model.init, (0, None))).lower(keys, inputs)
  variables = init_all.compile({'xla_backend_optimization_level': 0})(keys, inputs)
  outputs = jax.jit(jax.vmap(model.apply, (0, None)))(variables, inputs)
  for index, key in enumerate(keys):
    expected = apply(init(key, inputs), inputs)
    np.testing.assert_allclose(outputs[index], expected, rtol=1e-5, atol=1e-5)
