"""The contract: what every task is, and the one place where gradients are taken and applied.

A `Task` is four pure functions, as `optax.GradientTransformation` is two. Its state is a pytree of
arrays that the training loop never looks into; a player inside that state is a `Learner`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

Key = jax.Array
Params = Any  # a pytree of float arrays
Variables = Any  # a pytree of arrays: batch statistics and the like
Batch = Any  # a pytree of arrays whose leading axis is the example
State = Any  # a pytree of arrays, saved whole


class Mean(NamedTuple):
  """A weighted mean that is still two sums, so that means over parts can be merged exactly.

  value = total / weight, elementwise: a scalar for a loss, a vector for a figure per class, a matrix
  for a confusion matrix.
  """

  total: jax.Array
  weight: jax.Array

  @property
  def value(self) -> jax.Array:
    return self.total / self.weight

  @classmethod
  def of(cls, values_B: jax.Array, weight_B: jax.Array) -> 'Mean':
    """sum_b weight_b values_b, with sum_b weight_b beside it."""
    return cls(jnp.sum(values_B * weight_B), jnp.sum(weight_B))


Metrics = dict[str, Mean]
Loss = Callable[..., tuple[Mean, tuple[Variables, Metrics]]]


class Task(NamedTuple):
  """What is trained, as pure functions of arrays; any of them can be jitted, vmapped or scanned.

  init:     (key, batch) -> state
  step:     (state, batch, key) -> (state, metrics)
  evaluate: (state, batch, key) -> metrics
  predict:  (state, inputs, key) -> outputs, such as logits, a translation or samples
  """

  init: Callable[[Key, Batch], State]
  step: Callable[[State, Batch, Key], tuple[State, Metrics]]
  evaluate: Callable[[State, Batch, Key], Metrics]
  predict: Callable[[State, Any, Key], Any]


class Learner(NamedTuple):
  """One player: what it has learnt, what it has counted, and the state of its optimizer."""

  params: Params
  stats: Variables
  opt_state: optax.OptState


class Average(NamedTuple):
  """Optimizer state that holds a running average of the parameters (see `averaged`)."""

  params: Params
  count: jax.Array


class WholeAverage(NamedTuple):
  """An `Average` that holds one of the statistics, too, of the same decay (see `begin`)."""

  params: Params
  count: jax.Array
  stats: Variables


def begin(variables: Variables, tx: optax.GradientTransformation, whole: bool = False) -> Learner:
  """A learner at step 0, from the variables of `module.init`.

  If tx keeps an average of the parameters, a `whole` learner keeps one of its statistics, if any, in step.
  """
  stats = {name: tree for name, tree in variables.items() if name != 'params'}

  def widened(node):
    average = whole and stats and isinstance(node, Average)
    return WholeAverage(*node, jax.tree.map(jnp.copy, stats)) if average else node

  opt_state = tx.init(variables['params'])
  opt_state = jax.tree.map(widened, opt_state, is_leaf=lambda node: isinstance(node, Average))
  return Learner(variables['params'], stats, opt_state)


def averaged(learner: Learner) -> Params:
  """The averaged parameters if the optimizer keeps an `Average`, else the parameters."""
  return averaged_variables(learner)['params']


def averaged_variables(learner: Learner) -> Variables:
  """`averaged` as 'params', with the statistics: averaged ones if the learner was begun as a whole."""
  kinds = (Average, WholeAverage)
  nodes = jax.tree.leaves(learner.opt_state, is_leaf=lambda node: isinstance(node, kinds))
  kept = next((node for node in nodes if isinstance(node, kinds)), learner)
  return {'params': kept.params, **getattr(kept, 'stats', learner.stats)}


def stepping(tx: optax.GradientTransformation) -> Callable[..., tuple[Params, optax.OptState]]:
  """An optimizer's step: its own if it has one (`nn_zoo.train.one_pass`), else its updates, added.

  Returns: (grads, opt_state, params, **extra) -> (params, opt_state)
  """
  if own := getattr(tx, 'step', None):
    return own
  tx = optax.with_extra_args_support(tx)

  def step(grads, opt_state, params, **extra):
    updates, opt_state = tx.update(grads, opt_state, params, **extra)
    return optax.apply_updates(params, updates), opt_state

  return step


def descend(
  loss: Loss,
  tx: optax.GradientTransformation,
  *,
  accumulate: int = 1,
  norms: bool = True,
  example_norms: bool = False,
) -> Callable[..., tuple[Learner, Metrics]]:
  """One step down the gradient of a weighted mean.

  With loss(params, ...) = total / weight over the batch:
      g = d total / d params / weight;   params <- params + tx(g)

  Because the loss is two sums, a batch cut into parts gives the same g as the whole batch, whatever
  the weights: sum_i d total_i / sum_i weight_i.

  Args:
    loss: (params, stats, batch, key, *rest) -> (Mean, (stats, metrics)); differentiated in `params`.
    tx: the optimizer.
    accumulate: parts that the batch is cut into, one after the other, to save memory. Batch statistics
      (BatchNorm) are those of each part in turn, so a net that has them is not that of the whole batch.
    norms: report the gradient's and the parameters' 2-norm.
    example_norms: report the mean 2-norm of the gradient of single examples. Costs a gradient each;
      nets with BatchNorm see batches of one.

  Returns:
    update(learner, batch, key, *rest) -> (learner, metrics); metrics hold `loss` besides the loss's own.

  Raises:
    ValueError: `accumulate` does not divide the batch.
  """
  step = stepping(tx)
  differentiate = _gradient(loss, _value) if accumulate == 1 else _in_parts(loss, accumulate)

  def update(learner: Learner, batch: Batch, key: Key, *rest) -> tuple[Learner, Metrics]:
    grads, mean, stats, metrics = differentiate(learner.params, learner.stats, batch, key, *rest)
    known = {'value': mean.value, 'stats': stats}
    params, opt_state = step(grads, learner.opt_state, learner.params, **known)
    metrics = {'loss': mean, **metrics}
    if norms:
      metrics['grad_norm'] = _once(optax.tree.norm(grads))
      metrics['param_norm'] = _once(optax.tree.norm(params))
    if example_norms:
      norm_B, weight_B = gradient_norms(loss)(learner, batch, key, *rest)
      metrics['example_grad_norm'] = Mean.of(norm_B, weight_B)
    return Learner(params, stats, opt_state), metrics

  return update


def gradient_norms(loss: Loss) -> Callable[..., tuple[jax.Array, jax.Array]]:
  """The 2-norm of the gradient of each example's own loss: (learner, batch, key, *rest) -> norm_B, weight_B.

  Examples of weight 0 have norm 0. Large norms point at mislabelled or unusual examples. Source: Goodfellow
  2015, "Efficient Per-Example Gradient Computations", https://arxiv.org/abs/1510.01799 (here by vmap).
  """

  def norm(params, stats, example, key, *rest):
    one = jax.tree.map(lambda x: x[None], example)
    grads, mean, _, _ = _gradient(loss, _total)(params, stats, one, key, *rest)
    return optax.tree.norm(grads) / jnp.where(mean.weight > 0, mean.weight, 1), mean.weight

  def norms(learner: Learner, batch: Batch, key: Key, *rest) -> tuple[jax.Array, jax.Array]:
    in_axes = (None, None, 0, 0) + (None,) * len(rest)
    keys = jax.random.split(key, jax.tree.leaves(batch)[0].shape[0])
    return jax.vmap(norm, in_axes)(learner.params, learner.stats, batch, keys, *rest)

  return norms


def _once(value: jax.Array) -> Mean:
  return Mean(value, jnp.ones_like(value))


def _value(mean: Mean) -> jax.Array:
  # What is differentiated is divided already, and so once, not once for each parameter.
  return mean.total / jax.lax.stop_gradient(mean.weight)


def _total(mean: Mean) -> jax.Array:
  return mean.total


def _gradient(loss: Loss, of: Callable[[Mean], jax.Array]):
  def scalar(params, *args):
    mean, (stats, metrics) = loss(params, *args)
    return of(mean), (mean, stats, metrics)

  gradient = jax.grad(scalar, has_aux=True)

  def differentiate(*args):
    grads, (mean, stats, metrics) = gradient(*args)
    return grads, mean, stats, metrics

  return differentiate


def _in_parts(loss: Loss, count: int):
  differentiate_part = _gradient(loss, _total)

  def differentiate(params, stats, batch, key, *rest):
    def body(carry, part):
      total, stats = carry
      examples, index = part
      key_part = jax.random.fold_in(key, index)
      grads, mean, stats, metrics = differentiate_part(params, stats, examples, key_part, *rest)
      return (jax.tree.map(jnp.add, total, grads), stats), (mean, metrics)

    parts = jax.tree.map(lambda x: _interleave(x, count), batch)
    zeros = jax.tree.map(jnp.zeros_like, params)
    (grads, stats), sums = jax.lax.scan(body, (zeros, stats), (parts, jnp.arange(count)))
    mean, metrics = jax.tree.map(lambda x: jnp.sum(x, axis=0), sums)
    grads = jax.tree.map(lambda grad: grad / mean.weight, grads)
    return grads, mean, stats, metrics

  return differentiate


def _interleave(x: jax.Array, count: int) -> jax.Array:
  # Examples i, i + count, ... go to part i: on a batch sharded over devices every device keeps its own.
  if x.shape[0] % count:
    raise ValueError(f'accumulate={count} does not divide a batch of {x.shape[0]} examples')
  return jnp.swapaxes(x.reshape(-1, count, *x.shape[1:]), 0, 1)
