"""What is particular to two players."""

import collections
import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.judge import judge
from nn_zoo.models import create_model
from nn_zoo.native import library
from nn_zoo.ops import bilinear
from nn_zoo.ops.adversarial import squared_slope
from nn_zoo.task import Learner, averaged_variables
from nn_zoo.tasks import TASKS
from nn_zoo.tasks.adversarial import Players, adversarial
from nn_zoo.tasks.generated import measures
from nn_zoo.tasks.verdicts import collapsed
from nn_zoo.train.optimizer import optimizer

KEY = jax.random.key(0)
TX = optax.sgd(0.1)
rng = np.random.default_rng(0)


def make(model='gan_mlp', tx=TX, fields=None, **task):
  small = {'widths': (8,)} if model == 'gan_mlp' else {'shape': (8, 8, 1), 'latent': 3, 'width': 4}
  return adversarial(create_model(model, **(small | (fields or {}))), tx, **task)


def batch(count=16, shape=(2,), latent=2, **inputs):
  noise = np.float32(rng.normal(size=(count, latent)))
  return {
    'inputs': {'latent': noise} | inputs,
    'targets': np.float32(rng.uniform(-1, 1, size=(count, *shape))),
    'weight': np.ones(count, np.float32),
  }


def stepped(task, data):
  state = jax.jit(task.init)(KEY, data)
  return state, *jax.jit(task.step)(state, data, KEY)


def test_each_player_has_its_own_half_and_its_own_optimizer():
  task = make(tx=optax.set_to_zero(), critic_tx=optax.sgd(0.1))
  before, after, _ = stepped(task, batch())
  assert isinstance(after, Players)
  assert (list(after.generator.params), list(after.critic.params)) == (['generator'], ['critic'])
  jax.tree.map(np.testing.assert_array_equal, before.generator.params, after.generator.params)
  moved = jax.tree.map(lambda a, b: np.any(a != b), before.critic.params, after.critic.params)
  assert any(jax.tree.leaves(moved))


def test_the_critic_descends_once_on_each_slice():
  data = batch(12)
  task = make(critic_tx=optax.chain(optax.scale_by_schedule(lambda count: 1.0), TX), critic_steps=3)
  _, after, metrics = stepped(task, data)
  assert after.critic.opt_state[0].count == 3
  assert metrics['critic_loss'].weight == 12
  assert metrics['generator_loss'].weight == 4


def test_slices_are_interleaved():
  # Only examples 1, 3, ... count: with two steps of the critic the first slice has no weight at all.
  data = batch(8)
  seen = []

  def spy(loss, tx):
    def update(learner, part, key, *rest):
      jax.debug.callback(lambda x: seen.append(np.asarray(x)), part['real'], ordered=True)
      return learner, {}

    return update

  task = make(critic_steps=2, descend=spy)
  state = task.init(KEY, data)
  task.step(state, data, KEY)
  jax.effects_barrier()
  expected = [data['targets'][::2], data['targets'][1::2], data['targets'][::2]]
  for found, rows in zip(seen, expected, strict=True):
    np.testing.assert_array_equal(found, rows)


# model, fields of it, and of the task
SHARDED = {
  'dense, relativistic, r1 and r2, two critic steps': (
    'gan_mlp',
    {},
    {'loss': 'relativistic', 'critic_steps': 2, 'r1': 1.0, 'r2': 1.0},
  ),
  'dcgan, layer norm, r1': ('dcgan', {'normalization': 'layer'}, {'r1': 1.0}),
  'dcgan, batch norm, packs': ('dcgan', {}, {'pack': 2}),
  'wgan_gp': (
    'dcgan',
    {'normalization': 'layer'},
    {'loss': 'wasserstein', 'gradient_penalty': 10.0, 'critic_steps': 2},
  ),
  'sngan, conditional, two critic steps': (
    'sngan',
    {'classes': 3},
    {'loss': 'hinge', 'critic_steps': 2},
  ),
}


@pytest.fixture
def elsewhere(monkeypatch):
  """On this CPU the program of another processor: XLA's operations, none of the kernels in C++."""
  monkeypatch.setattr(library, 'load', lambda: 'not in this test')
  monkeypatch.setattr(bilinear, '_patches_kernel_gradient', bilinear._xla_kernel_gradient)
  jax.clear_caches()
  yield
  jax.clear_caches()


@pytest.mark.parametrize('name', SHARDED)
def test_a_sharded_batch_is_never_gathered_in_the_program_of_a_gpu_or_tpu(name, elsewhere):
  """Kernels in C++ are for a single device; what is compiled here is what XLA shares among several others."""
  model, fields, remedies = SHARDED[name]
  shape = {} if model == 'gan_mlp' else {'shape': (16, 16, 1)}
  task = make(model, fields=fields | shape, **remedies)
  data = batch(16) if model == 'gan_mlp' else images(16, side=16)
  if fields.get('classes'):
    data['inputs']['label'] = np.arange(16) % 3
  mesh = jax.make_mesh((2,), ('data',), axis_types=(jax.sharding.AxisType.Auto,))
  whole, cut = (jax.sharding.NamedSharding(mesh, jax.P(*axis)) for axis in ((), ('data',)))
  state = jax.device_put(jax.jit(task.init)(KEY, data), whole)
  program = jax.jit(task.step, out_shardings=whole).lower(state, jax.device_put(data, cut), KEY)
  text = program.compile().as_text()
  assert 'all-reduce' in text
  assert 'all-gather' not in text
  assert 'nn_zoo_' not in text


@pytest.mark.parametrize('model', ['gan_mlp', 'dcgan'])
def test_evaluation_uses_the_average_statistics_included_and_the_state_can_be_donated(model):
  task = make(model, tx=optimizer('sgd', 0.1, average=0.9))
  data = images() if model == 'dcgan' else batch()
  state = jax.jit(task.init)(KEY, data)
  step = jax.jit(task.step, donate_argnums=0)
  expected = jax.tree.map(np.asarray, state.generator[:2])
  for index in range(3):
    state, _ = step(state, data, jax.random.key(index))
    keep = min(0.9, (index + 1) / (index + 10))
    expected = jax.tree.map(
      lambda old, new, keep=keep: keep * old + (1 - keep) * np.asarray(new),
      expected,
      state.generator[:2],
    )
  params, stats = expected
  assert_near_trees(averaged_variables(state.generator), {'params': params, **stats})
  for own, latest in zip(expected, state.generator[:2], strict=True):
    moved = jax.tree.map(lambda a, b: np.any(a != b), own, latest)
    assert all(jax.tree.leaves(moved))
  found = task.predict(state, data['inputs'], KEY)
  plain = state._replace(generator=Learner(params, stats, ()))
  np.testing.assert_allclose(found, task.predict(plain, data['inputs'], KEY), rtol=1e-4, atol=1e-5)


def assert_near_trees(found, expected):
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), found, expected)


def test_a_relativistic_generator_is_judged_beside_the_real_examples_of_its_slice():
  losses, data = [], batch()

  def spy(loss, tx):
    losses.append(loss)
    return lambda learner, *rest: (learner, {})

  task = make(loss='relativistic', descend=spy)
  generator, critic = task.init(KEY, data)
  part = {'real': data['targets'], 'label': None, 'weight': data['weight']}
  part['latent'] = data['inputs']['latent']
  found, _ = losses[1](generator.params, generator.stats, part, KEY, critic)
  model = create_model('gan_mlp', widths=(8,))
  fake = model.apply({'params': generator.params}, part['latent'], method='generate')
  real_B, fake_B = (
    np.float64(model.apply({'params': critic.params}, x, method='criticise'))
    for x in (part['real'], fake)
  )
  expected = np.mean(np.logaddexp(0, real_B - fake_B))
  np.testing.assert_allclose(found.value, expected, rtol=1e-5)


def test_clipped_weights_stay_within_the_limit():
  _, after, _ = stepped(make(loss='wasserstein', clip_weights=0.05), batch())
  largest = [np.abs(leaf).max() for leaf in jax.tree.leaves(after.critic.params)]
  np.testing.assert_allclose(max(largest), 0.05, rtol=1e-6)


def test_penalties_are_added_to_the_critics_loss():
  data = batch()
  loss = {0.0: float(stepped(make(), data)[2]['critic_loss'].value)}
  for name in ('r1', 'r2', 'gradient_penalty'):
    for factor in (1.0, 2.0):
      loss[factor] = float(stepped(make(**{name: factor}), data)[2]['critic_loss'].value)
    assert loss[1.0] > loss[0.0]
    np.testing.assert_allclose(loss[2.0] - loss[1.0], loss[1.0] - loss[0.0], rtol=1e-4, atol=1e-6)


def test_r1_is_half_its_factor_times_the_mean_squared_slope():
  data = batch()
  states = [stepped(make(r1=factor), data) for factor in (0.0, 3.0)]
  plain, penalised = (float(metrics['critic_loss'].value) for _, _, metrics in states)
  critic, model = states[0][0].critic, create_model('gan_mlp', widths=(8,))

  def judge(x):
    return model.apply({'params': critic.params, **critic.stats}, x, method='criticise')

  expected = 3.0 / 2 * np.mean(squared_slope(judge, jnp.asarray(data['targets'])))
  np.testing.assert_allclose(penalised - plain, expected, rtol=1e-3)


def test_the_critic_sees_noise_of_the_variance_that_is_asked_for():
  seen = {0.0: [], 0.5: []}
  data = batch(2000)

  def shown_with(noise):
    def watch(call, args, kwargs, context):
      if context.method_name == 'criticise':
        jax.debug.callback(lambda x: seen[noise].append(np.asarray(x)), args[0], ordered=True)
      return call(*args, **kwargs)

    task = make(tx=optax.set_to_zero(), instance_noise=noise)
    state = task.init(KEY, data)
    with nn.intercept_methods(watch):
      jax.jit(task.step)(state, data, KEY)[1]['critic_loss'].total.block_until_ready()
    jax.effects_barrier()
    return seen[noise]

  clean, noisy = map(shown_with, seen)
  assert (
    len(clean) >= 3
  )  # real and generated examples for the critic, generated ones for the generator
  found = [np.ravel(b - a) for a, b in zip(clean, noisy, strict=True)]
  for one in found:
    np.testing.assert_allclose(one.var(), 0.25, rtol=0.1)
    np.testing.assert_allclose(one.mean(), 0, atol=0.05)
  assert abs(np.corrcoef(found[0], found[1])[0, 1]) < 0.1  # each kind has its own


REMEDIES = {
  'instance_noise': 0.5,
  'label_smoothing': 0.1,
  'pack': 2,
  'diffaugment': ('colour', 'translation', 'cutout'),
}


@functools.cache
def plain_loss():
  return float(stepped(make('dcgan'), images())[2]['critic_loss'].value)


def images(count=8, side=8):
  return {
    'inputs': {'latent': np.ones((count, 3), np.float32)},
    'targets': np.tanh(np.float32(np.random.default_rng(1).normal(size=(count, side, side, 1)))),
    'weight': np.ones(count, np.float32),
  }


@pytest.mark.parametrize('name', REMEDIES)
def test_a_remedy_changes_what_the_critic_learns_from(name):
  loss = float(stepped(make('dcgan', **{name: REMEDIES[name]}), images())[2]['critic_loss'].value)
  assert np.isfinite(loss)
  assert abs(loss - plain_loss()) > 1e-6


def test_a_critic_of_packs_sees_them_side_by_side_and_judges_them_whole():
  task, data = make(pack=2), batch()
  state, _, metrics = stepped(task, data)
  assert state.critic.params['critic']['SpectralLinear_0']['kernel'].shape == (4, 8)
  assert metrics['critic_loss'].weight == 8
  found = task.evaluate(state, data, KEY)
  assert found['critic_loss'].weight == 8
  half = [jax.tree.map(lambda x, n=n: x[8 * n : 8 * n + 8], data) for n in range(2)]
  parts = [task.evaluate(state, part, KEY) for part in half]
  jax.tree.map(
    lambda whole, *part: np.testing.assert_allclose(whole, sum(part), rtol=1e-5), found, *parts
  )
  data['weight'][-1] = 0  # padding spoils the pack that it is in
  assert task.evaluate(state, data, KEY)['critic_loss'].weight == 7
  with pytest.raises(InputError, match=r'task.pack=2: does not divide the 15 examples of a batch'):
    task.evaluate(state, jax.tree.map(lambda x: x[:15], data), KEY)


def test_truncation_bounds_the_latents():
  data = batch()
  data['inputs']['latent'] *= 100
  state = make().init(KEY, data)
  far, near = (make(truncation=limit).predict(state, data['inputs'], KEY) for limit in (0.0, 0.5))
  assert np.abs(far).max() > 10 * np.abs(near).max()


def test_a_conditional_generator_makes_what_it_is_told():
  data = batch(label=np.zeros(16, np.int32))
  task = make(fields={'classes': 3})
  state = task.init(KEY, data)
  one = task.predict(state, data['inputs'], KEY)
  other = task.predict(state, data['inputs'] | {'label': np.full(16, 2)}, KEY)
  assert np.all(np.any(one != other, axis=1))


@pytest.mark.parametrize(
  ('changes', 'data', 'line'),
  [
    ({'loss': 'hing'}, {}, "task.loss='hing' is unknown. Did you mean 'hinge'"),
    ({'critic_steps': 5}, {}, 'task.critic_steps=5 does not divide train.batch_size=16'),
    ({'critic_steps': 0}, {}, 'task.critic_steps=0: expected 1 or more'),
    (
      {'critic_steps': 2, 'pack': 3},
      {},
      'does not divide train.batch_size=16 in packs of task.pack=3',
    ),
    ({'r1': -1.0}, {}, r'^task.r1=-1.0: expected 0 or more$'),
    ({'instance_noise': float('nan')}, {}, r'^task.instance_noise=nan: expected 0 or more$'),
    ({'pack': 2, 'fields': {'classes': 3}}, {}, r'task.pack=2: a conditional net .model.classes=3'),
    ({'fields': {'classes': 3}}, {}, 'model.classes=3: a conditional net needs labels'),
    ({}, {'shape': (3,)}, r'model.shape=\(2,\): .* the shape of the data, \(3,\)'),
    ({'model': 'dcgan'}, {'shape': (28, 28, 1)}, r'model.shape=\(8, 8, 1\): .*\(28, 28, 1\)'),
    (
      {'model': 'dcgan', 'fields': {'shape': (30, 30, 1)}},
      {'shape': (30, 30, 1)},
      r'model.shape=\(30, 30, 1\): expected \(side, side, channels\)',
    ),
    ({'diffaugment': ('color',)}, {}, "task.diffaugment='color' is unknown. Did you mean 'colour'"),
    ({'diffaugment': ('colour',)}, {}, 'expected images'),
    (
      {'model': 'dcgan', 'fields': {'normalization': 'batch'}, 'r1': 1.0},
      {'shape': (8, 8, 1)},
      "model.normalization='batch': with task.r1 or .* expected 'layer' or 'none'",
    ),
    ({'loss': 'hinge', 'label_smoothing': 0.1}, {}, "task.loss='hinge' has no labels"),
  ],
)
def test_what_does_not_fit_is_said_in_a_line(changes, data, line):
  def run():
    task = make(**changes)
    given = batch(latent=3 if 'model' in changes else 2, **data)
    state = jax.eval_shape(task.init, KEY, given)
    jax.eval_shape(task.step, state, given, KEY)

  with pytest.raises(InputError, match=line):
    run()


@pytest.mark.parametrize(('task', 'model'), [('adversarial', 'mlp'), ('vae', 'mlp')])
def test_a_model_of_another_kind_is_refused(task, model):
  with pytest.raises(InputError, match=r"model.name='MLP'.*try"):
    TASKS[task](create_model(model, classes=2), TX)


def test_measures_of_points_are_those_of_their_modes():
  label = np.arange(400) % 2
  real = np.float32(4 * label[:, None] + 0.1 * rng.normal(size=(400, 2)))
  measure = measures(real, label, 2, judge)['generated']
  good = measure(real[:200], real[200:])
  assert good['modes'] == 2
  assert good['good_share'] > 0.95
  assert not collapsed('adversarial', good)


def test_a_collapsed_generator_finds_few_modes_and_one_that_diverged_has_no_figures():
  label = np.arange(400) % 2
  real = np.float32(4 * label[:, None] + 0.1 * rng.normal(size=(400, 2)))
  measure = measures(real, label, 2, judge)['generated']
  found = measure(np.zeros((200, 2)) + real[:1], real[200:])
  assert found['modes'] == 1
  assert 'the generator has collapsed' in collapsed('adversarial', found)
  assert measure(np.full((200, 2), np.nan), real[200:]) == {}


def test_images_are_measured_by_a_classifier_of_their_own():
  label = np.arange(3000) % 3
  real = rng.integers(0, 60, size=(3000, 4, 4, 1))
  real[np.arange(3000), label] += 190
  real = np.uint8(real)
  held = real[2800:], np.where(np.arange(200) < 20, 3, label[2800:])  # a tenth of them wrong
  measure = measures(real[:2800], label[:2800], 3, judge, held)['generated']
  good, bad = measure(real[:200], real[2800:]), measure(real[:200] * 0.0, real[2800:])
  assert 0.85 < good['judge_accuracy'] <= 0.9
  assert good['classifier_score'] > 2
  assert good['modes'] == 3
  assert 0.2 < good['mode_least'] < good['mode_most'] < 0.5
  assert good['frechet_distance'] < bad['frechet_distance'] / 10
  assert jnp.isfinite(bad['classifier_score'])


def test_what_data_alone_decides_is_computed_once_for_all_members_of_a_sweep(monkeypatch):
  from nn_zoo.tasks import generated

  asked = collections.Counter()

  def counted(name):
    function = getattr(generated, name)

    def call(*arguments):
      asked[name] += 1
      return function(*arguments)

    monkeypatch.setattr(generated, name, call)

  def quick(x, label_N, classes):
    asked['judge'] += 1
    return lambda x: (x.reshape(len(x), -1)[:, :4], np.eye(classes)[np.arange(len(x)) % classes])

  counted('reference')
  counted('median_distance')
  x, real = np.float32(rng.uniform(size=(2, 60, 4, 4, 1)))
  label = np.arange(60) % 3
  for _ in range(2):  # members, each with arrays of its own
    measure = measures(x.copy(), label.copy(), 3, quick, (real[:9], label[:9]))['generated']
    for _ in range(2):  # evaluations
      assert 'novelty' in measure(np.float32(rng.uniform(size=(20, 4, 4, 1))), real.copy())
  assert asked == {'judge': 1, 'reference': 1, 'median_distance': 1}
