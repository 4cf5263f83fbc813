import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.task import Mean, begin, descend
from nn_zoo.train.optimizer import optimizer
from nn_zoo.train.optimizers import OPTIMIZERS
from tests.reference import assert_near, layerwise_optimizers, optimizers
from tests.reference.trajectory import (
  GRADIENTS,
  HALVING,
  LOSSES,
  PARAMS,
  RATES,
  STEPS,
  flat,
  trajectory,
)

ORACLES = {rule.__name__: rule for rule in (*optimizers.RULES, *layerwise_optimizers.RULES)}
FIELDS = {
  'adafactor': {'min_dim_size_to_factor': 3},
  'lars': {'trust_coefficient': 0.02},
  'prodigy': {'estim_lr0': 0.1},
}
# Other values of fields than the defaults, so that one that is dropped on the way is seen.
MORE_FIELDS = {
  'adam': {'b1': 0.8, 'b2': 0.9, 'eps': 1e-2},
  'adadelta': {'rho': 0.7, 'eps': 1e-3},
  'ademamix': {'b1': 0.8, 'b2': 0.9, 'b3': 0.7, 'alpha': 2.0, 'eps': 1e-2},
  'adopt': {'b1': 0.5, 'b2': 0.6, 'eps': 0.5, 'use_clipping': False},
  'adan': {'b1': 0.9, 'b2': 0.6, 'b3': 0.8, 'eps': 1e-2},
  'lion': {'b1': 0.5, 'b2': 0.6},
  'madgrad': {'momentum': 0.5, 'eps': 1e-2},
  'momentum': {'momentum': 0.5},
  'nesterov': {'momentum': 0.5},
  'optimistic_sgd': {'alpha': 0.5, 'beta': 2.0},
  'polyak_sgd': {'max_learning_rate': 0.5, 'f_min': 2.0, 'eps': 3.0},
  'radam': {'b2': 0.9},
  'rmsprop': {'decay': 0.5, 'eps': 1e-2},
  'sm3': {'momentum': 0.5},
}
ROWS = [(name, FIELDS.get(name, {})) for name in ORACLES] + list(MORE_FIELDS.items())
# These have a factor in float32 whatever the parameters are in: Adafactor's decay, √(1 + η²), √t.
TOLERANCES = {'adafactor': 1e-8, 'fromage': 1e-7, 'madgrad': 1e-7}
every = pytest.mark.parametrize('name', OPTIMIZERS)


def expected(name, rates, **fields):
  """The oracle's trajectory, as one vector a step."""
  if name in ('prodigy', 'polyak_sgd'):
    fields = {'losses': LOSSES, **fields} if name == 'polyak_sgd' else fields
    return [*ORACLES[name](flat(PARAMS), [flat(grads) for grads in GRADIENTS], rates, **fields)]
  leaves, gradients = jax.tree.leaves(PARAMS), [jax.tree.leaves(grads) for grads in GRADIENTS]
  runs = [
    ORACLES[name](leaf, [grads[i] for grads in gradients], rates, **fields)
    for i, leaf in enumerate(leaves)
  ]
  return [flat(step) for step in zip(*runs, strict=True)]


def test_every_optimizer_has_an_oracle():
  assert OPTIMIZERS.keys() == ORACLES.keys()


@pytest.mark.parametrize(('name', 'fields'), ROWS)
def test_steps_match_the_oracle_in_float64_under_a_schedule(name, fields):
  with jax.enable_x64(True):
    seen = trajectory(optimizer(name, RATES[0], steps=STEPS, schedule=HALVING, **fields))
  steps, tolerance = [flat(params) for params in seen], TOLERANCES.get(name, 1e-12)
  assert_near(steps, expected(name, RATES, **fields), tolerance)


# These have their decay inside the trust ratio or in the gradient.
INSIDE = ('lamb', 'lars', 'madgrad')


@pytest.mark.parametrize('name', [name for name in OPTIMIZERS if name not in INSIDE])
def test_decoupled_decay_takes_from_weights_alone(name):
  settings = {'steps': STEPS, 'schedule': HALVING, **FIELDS.get(name, {})}
  with jax.enable_x64(True):
    plain, decayed = (
      trajectory(optimizer(name, RATES[0], weight_decay=factor, **settings), steps=4, move=False)
      for factor in (0.0, 0.25)
    )
  for old, new, rate in zip(plain, decayed, RATES[:4], strict=True):
    for param, *both in zip(*map(jax.tree.leaves, (PARAMS, old, new)), strict=True):
      taken = rate * 0.25 * param if param.ndim > 1 else 0.0
      np.testing.assert_allclose(both[0] - both[1], taken, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize('name', INSIDE)
def test_decay_inside_the_rule_matches_the_oracle(name):
  with jax.enable_x64(True):
    actual = jax.tree.leaves(trajectory(optimizer(name, 0.125, weight_decay=0.25))[-1])
  for i, (leaf, found) in enumerate(zip(jax.tree.leaves(PARAMS), actual, strict=True)):
    gradients = [jax.tree.leaves(grads)[i] for grads in GRADIENTS]
    decay = 0.25 * (leaf.ndim > 1)
    *_, want = ORACLES[name](leaf, gradients, [0.125] * STEPS, weight_decay=decay)
    assert_near(found, want, TOLERANCES.get(name, 1e-12))


@pytest.mark.parametrize(
  ('name', 'rate'),
  [
    *(('adafactor', 0.1), ('adan', 0.3), ('adopt', 0.3), ('madgrad', 0.3), ('muon', 0.3)),
    *(('novograd', 0.1), ('prodigy', 1), ('sm3', 1)),
  ],
)
def test_a_quadratic_gets_small_in_float32(name, rate):
  scale = jnp.linspace(0.5, 2.0, 12).reshape(3, 4)

  def loss(params, stats, batch, key):
    return Mean(jnp.sum(scale * params['w'] ** 2), jnp.ones(())), (stats, {})

  tx = optimizer(name, rate, steps=100, schedule={'name': 'cosine'})
  update = descend(loss, tx)

  def body(learner, _):
    learner, metrics = update(learner, (), None)
    return learner, metrics['loss'].value

  _, losses = jax.lax.scan(body, begin({'params': {'w': jnp.ones((3, 4))}}, tx), length=100)
  assert losses[-1] < 0.01 * losses[0]


@pytest.mark.parametrize(
  'around',
  [{}, {'clip_norm': 1e3, 'clip_value': 1e3}, {'average': 0.9}, {'freeze': ('b',)}],
  ids=['alone', 'clipping', 'average', 'freeze'],
)
@pytest.mark.parametrize('accumulate', [1, 2])
def test_polyak_sgd_gets_the_loss_through_everything_around_it(around, accumulate):
  def loss(params, stats, batch, key):
    return Mean.of(jnp.sum(params['w'] ** 2) * batch, jnp.ones_like(batch)), (stats, {})

  tx = optimizer('polyak_sgd', 1.0, **around)
  learner = begin({'params': {'w': jnp.arange(1.0, 4.0), 'b': jnp.ones(())}}, tx)
  learner, _ = descend(loss, tx, accumulate=accumulate)(
    learner, jnp.array([0.5, 1.5]), jax.random.key(0)
  )
  # loss / ‖g‖² · g = ‖w‖² / ‖2w‖² · 2w
  np.testing.assert_allclose(learner.params['w'], jnp.arange(1.0, 4.0) / 2, rtol=1e-6)


def test_muon_steps_along_a_nearly_orthogonal_matrix():
  gradient = {'w': jnp.float32(np.random.default_rng(0).normal(size=(6, 4)))}
  tx = optimizer('muon', 1.0)
  updates, _ = tx.update(gradient, tx.init(gradient), gradient)
  stretch = np.linalg.svd(updates['w'], compute_uv=False)
  assert np.linalg.cond(gradient['w']) > 2
  np.testing.assert_allclose(stretch, 1, atol=0.35)


@every
def test_an_entry_is_a_row_of_a_markdown_table(name):
  entry = OPTIMIZERS[name]
  assert entry.equation
  assert not set('|\n') & set(entry.equation + entry.source)
  assert '](http' in entry.source
