import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.layers.attention import Attention, Cache, room
from nn_zoo.layers.positions import rotated, sinusoids
from nn_zoo.layers.transformer import FeedForward, Stack
from nn_zoo.native import library
from nn_zoo.ops import attention as ops
from nn_zoo.ops.attention import Mask
from tests.reference import assert_near

BATCH, TIME, WIDTH, HEADS = 2, 6, 8, 4
BLOCK = {'heads': HEADS, 'hidden': 5}


def draw(*shape, seed=0):
  return np.float32(np.random.default_rng(seed).normal(size=shape))


def filled(model, *inputs):
  """Parameters of a model, with no bias left at 0."""
  params = jax.eval_shape(model.init, jax.random.key(0), *inputs)['params']
  rng = np.random.default_rng(1)
  return jax.tree.map(lambda a: np.float32(rng.normal(size=a.shape)) / 2, params)


def empty(model, size, batch=BATCH):
  """A cache of nothing yet."""
  groups, width = model.kv_heads or model.heads, WIDTH // model.heads
  none = jnp.zeros((batch, groups, size, width))
  return Cache(none, none, jnp.zeros(batch, jnp.int32))


def stepping(model, params):
  """A compiled step of decoding."""
  return jax.jit(lambda x_B1D, cache: model.apply({'params': params}, x_B1D, cache=cache))


VARIANTS = {
  'plain': {},
  'rotary': {'rotary': True},
  'grouped': {'kv_heads': 2, 'rotary': True, 'use_bias': False},
}


@pytest.mark.parametrize('size', [TIME, TIME + 3, 4, 1])
@pytest.mark.parametrize('variant', VARIANTS)
def test_steps_with_a_cache_are_the_whole_sequence(variant, size):
  model, x_BTD = Attention(HEADS, **VARIANTS[variant]), draw(BATCH, TIME, WIDTH)
  params, cache = filled(model, x_BTD), empty(model, size)
  # A full cache forgets its oldest step: what is seen is a window.
  want, known = model.apply(
    {'params': params}, x_BTD, mask=Mask(causal=True, window=min(size, TIME))
  )
  step, found = stepping(model, params), []
  for t in range(TIME):
    y_B1D, cache = step(x_BTD[:, t : t + 1], cache)
    found.append(y_B1D)
  assert_near(jnp.concatenate(found, 1), want, 1e-5)
  jax.tree.map(lambda a, b: assert_near(a, b, 1e-5), cache, room(known, size))


def test_rotary_layers_turn_queries_and_keys_by_their_own_positions():
  model, x_BTD = Attention(HEADS, rotary=True), draw(BATCH, TIME, WIDTH)
  params = filled(model, x_BTD)

  def projected(name):
    y_BTD = x_BTD @ params[name]['kernel'] + params[name]['bias'][None, None]
    return jnp.reshape(y_BTD, (BATCH, TIME, HEADS, -1))

  q, k = (rotated(projected(name), jnp.arange(TIME)[None]) for name in ('query', 'key'))
  y_BTD = ops.attention(q, k, projected('value')).reshape(x_BTD.shape)
  want = y_BTD @ params['out']['kernel'] + params['out']['bias'][None, None]
  assert_near(model.apply({'params': params}, x_BTD)[0], want, 1e-5)


def test_sequences_of_a_batch_may_be_at_different_steps():
  model, x_BTD = Attention(HEADS, rotary=True), draw(BATCH, TIME, WIDTH)
  params = filled(model, x_BTD)
  want, known = model.apply({'params': params}, x_BTD, mask=Mask(causal=True))
  position_B = np.array([2, 4])
  past = room(known, TIME)._replace(position_B=position_B)
  next_B1D = x_BTD[np.arange(BATCH), position_B][:, None]
  y_B1D, cache = stepping(model, params)(next_B1D, past)
  assert_near(y_B1D[:, 0], want[np.arange(BATCH), position_B], 1e-5)
  np.testing.assert_array_equal(cache.position_B, position_B + 1)


@pytest.mark.parametrize('mask', [Mask(causal=True), Mask(length_B=jnp.array([40, 11]))])
def test_dropout_is_the_same_where_weights_are_looked_at(mask):
  fields = {'kv_heads': 2, 'use_bias': False, 'dropout': 0.3}
  model, x_BTD = Attention(HEADS, **fields), draw(BATCH, 40, WIDTH)
  params, rngs = filled(model, x_BTD), {'dropout': jax.random.key(5)}

  @functools.partial(jax.jit, static_argnums=1)
  @functools.partial(jax.value_and_grad, has_aux=True)
  def run(params, mutable):
    out = model.apply({'params': params}, x_BTD, mask=mask, train=True, rngs=rngs, mutable=mutable)
    y_BTD = out[0][0] if mutable else out[0]
    return jnp.sum(jnp.sin(y_BTD)), y_BTD

  found, looked_at = run(params, False), run(params, 'intermediates')
  jax.tree.map(lambda a, b: assert_near(a, b, 1e-5), found, looked_at)
  still = model.apply({'params': params}, x_BTD, mask=mask)[0]
  assert np.max(np.abs(found[0][1] - still)) > 0.1


def test_a_known_memory_is_not_projected_again():
  model, x_BTD, memory_BSD = Attention(HEADS), draw(BATCH, TIME, WIDTH), draw(BATCH, 3, WIDTH)
  params, mask = filled(model, x_BTD, memory_BSD), Mask(length_B=jnp.array([3, 1]))
  want, known = model.apply({'params': params}, x_BTD, memory_BSD, mask)
  alone = {name: params[name] for name in ('query', 'out')}
  found, _ = model.apply({'params': alone}, x_BTD, None, mask, known=known)
  np.testing.assert_array_equal(found, want)


def test_rotation_is_a_product_of_complex_numbers_and_sees_distances_alone():
  with jax.enable_x64(True):
    rng = np.random.default_rng(0)
    q, k = rng.normal(size=(2, 1, TIME, 1, 10))
    position_BT = np.arange(TIME)[None]

    def turned(x, position_BT):
      return np.asarray(rotated(jnp.asarray(x), jnp.asarray(position_BT)))[0, :, 0]

    rate_J = 10000.0 ** (-np.arange(5) * 2 / 10)
    want = (q[..., :5] + 1j * q[..., 5:])[0, :, 0] * np.exp(1j * np.outer(np.arange(TIME), rate_J))
    assert_near(turned(q, position_BT), np.concatenate([want.real, want.imag], -1), 1e-10)
    scores = turned(q, position_BT) @ turned(k, position_BT).T
    for shift in (1, 1000):
      there = position_BT + shift
      assert_near(turned(q, there) @ turned(k, there).T, scores, 1e-10)
    assert np.max(np.abs(turned(q, position_BT + 1) @ turned(k, position_BT).T - scores)) > 0.1


@pytest.mark.parametrize('width', [6, 7])
def test_sinusoids_are_their_equations(width):
  found = sinusoids(9, width)
  for t, column in np.ndindex(9, width):
    function = np.cos if column % 2 else np.sin
    want = function(t / 10000 ** ((column - column % 2) / width))
    np.testing.assert_allclose(found[t, column], want, atol=1e-6)


def jacobian(fields, mask, x_TD):
  """How each output changes with each input, as [T, D, T, D], behind two blocks."""
  model = Stack(2, BLOCK | fields)
  params = filled(model, x_TD[None])

  @jax.jit
  @jax.jacrev
  def run(x_TD):
    return model.apply({'params': params}, x_TD[None], mask)[0][0]

  return run(x_TD)


def slopes(fields, mask, x_TD):
  """How much each output depends on each input, as [T, T], behind two blocks."""
  return np.abs(jacobian(fields, mask, x_TD)).max(axis=(1, 3))


@pytest.mark.parametrize(
  'fields', [{'pre_norm': True, 'rotary': True, 'kv_heads': 2}, {'activation': 'swiglu'}]
)
def test_outputs_depend_on_what_is_not_after_them_alone(fields):
  found_TT = slopes(fields, Mask(causal=True), draw(TIME, WIDTH))
  assert np.all(found_TT[np.triu_indices(TIME, 1)] == 0)
  assert np.all(found_TT[np.tril_indices(TIME)] > 0)


def test_two_blocks_with_a_window_see_two_windows():
  found_TT = slopes({}, Mask(causal=True, window=2), draw(TIME, WIDTH))
  distance_TT = np.arange(TIME)[:, None] - np.arange(TIME)
  np.testing.assert_array_equal(found_TT > 0, (distance_TT >= 0) & (distance_TT <= 2))


def test_outputs_do_not_depend_on_padding():
  found_TT = slopes({'rotary': True}, Mask(length_B=jnp.array([4])), draw(TIME, WIDTH))
  assert np.all(found_TT[:4, :4] > 0)
  assert np.all(found_TT[:4, 4:] == 0)


def test_without_positions_a_permutation_of_inputs_permutes_outputs():
  model, x_BTD = Stack(2, BLOCK | {'pre_norm': True}), draw(BATCH, TIME, WIDTH)
  run = jax.jit(functools.partial(model.apply, {'params': filled(model, x_BTD)}))
  order = np.random.default_rng(0).permutation(TIME)
  (y_BTD, _), (found, _) = run(x_BTD), run(x_BTD[:, order])
  assert_near(found, y_BTD[:, order], 1e-5)
  turning = Stack(2, BLOCK | {'pre_norm': True, 'rotary': True})
  run = jax.jit(functools.partial(turning.apply, {'params': filled(turning, x_BTD)}))
  (y_BTD, _), (found, _) = run(x_BTD), run(x_BTD[:, order])
  assert np.max(np.abs(found - y_BTD[:, order])) > 1e-2


def test_without_positions_a_permutation_of_inputs_permutes_the_jacobian():
  x_TD, order = draw(TIME, WIDTH), np.random.default_rng(0).permutation(TIME)
  want, found = (jacobian({}, None, x_TD[at]) for at in (np.arange(TIME), order))
  assert_near(found, want[order][:, :, order], 1e-5)
  assert np.max(np.abs(found - want)) > 1e-2


def with_gradients(model, params, inputs):
  """Outputs, what is kept, and gradients in parameters and inputs."""

  @jax.jit
  def run(params, inputs):
    def outputs(params, inputs):
      return model.apply({'params': params}, *inputs)

    y_BTD, pull, kept = jax.vjp(outputs, params, inputs, has_aux=True)
    dparams, dinputs = pull(jnp.asarray(draw(*y_BTD.shape, seed=3), y_BTD.dtype))
    return y_BTD, kept, dparams, (dinputs[0], dinputs[2])

  return run(params, inputs)


FORMS = pytest.mark.parametrize(('scan', 'remat'), [(True, False), (False, True), (True, True)])


@FORMS
@pytest.mark.parametrize('drop_path', [0.0, 0.4])
def test_scan_and_remat_change_nothing_in_evaluation(scan, remat, drop_path):
  # In float64, since the gradient in the keys' biases is 0 but for rounding.
  with jax.enable_x64(True):
    _compare_stacks(scan=scan, remat=remat, drop_path=drop_path)


def _compare_stacks(scan, remat, drop_path):
  block = BLOCK | {'cross': True, 'rotary': True, 'kv_heads': 2}
  x_BTD, memory_BSD = (
    np.float64(draw(BATCH, TIME, WIDTH)),
    np.float64(draw(BATCH, 3, WIDTH, seed=2)),
  )
  inputs = x_BTD, Mask(causal=True), memory_BSD, Mask(length_B=jnp.array([3, 1]))
  plain = Stack(3, block)
  params = jax.tree.map(np.float64, filled(plain, *inputs))

  def stacked(blocks, axis=0):
    return jax.tree.map(lambda *a: np.stack(a, axis), *blocks)

  y_BTD, kept, dparams, dinputs = with_gradients(plain, params, inputs)
  if scan:
    names = [f'block_{index}' for index in range(3)]
    params, dparams = (
      {'blocks': stacked([tree[name] for name in names])} for tree in (params, dparams)
    )
    kept = stacked(kept, 1)
  model = Stack(3, block, drop_path, remat, scan)
  shapes = jax.eval_shape(model.init, jax.random.key(0), *inputs)['params']
  assert jax.tree.map(np.shape, params) == jax.tree.map(np.shape, shapes)
  found = with_gradients(model, params, inputs)
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12),
    found,
    (y_BTD, kept, dparams, dinputs),
  )


@FORMS
def test_a_kernel_of_attention_gives_its_gradients_in_scan_and_remat(scan, remat):
  block = BLOCK | {'use_bias': False, 'pre_norm': True}
  inputs = draw(BATCH, 40, WIDTH), Mask(causal=True), draw(BATCH, 3, WIDTH), None
  plain, model = Stack(2, block), Stack(2, block, remat=remat, scan=scan)
  params = filled(plain, *inputs)
  y_BTD, _, dparams, dinputs = with_gradients(plain, params, inputs)
  if scan:
    params, dparams = (
      {'blocks': jax.tree.map(lambda *a: np.stack(a), tree['block_0'], tree['block_1'])}
      for tree in (params, dparams)
    )
  text = str(jax.make_jaxpr(model.apply)({'params': params}, *inputs))
  assert ('attend[' in text) == (jax.default_backend() == 'cpu' and not library.load())
  found_BTD, _, *found = with_gradients(model, params, inputs)
  assert_near(found_BTD, y_BTD, 1e-5)
  jax.tree.map(lambda a, b: assert_near(a, b, 1e-5), found, [dparams, dinputs])


@pytest.mark.parametrize('fields', [{'scan': True}, {'remat': True}, {}])
def test_dropout_acts_in_training_and_draws_anew_in_each_block(fields):
  model, x_BTD = Stack(2, BLOCK | {'dropout': 0.5}, **fields), draw(BATCH, TIME, WIDTH)
  params = filled(model, x_BTD)

  @functools.partial(jax.jit, static_argnums=1)
  def run(key, train):
    y_BTD, _ = model.apply({'params': params}, x_BTD, train=train, rngs={'dropout': key})
    return y_BTD

  one, other = jax.random.key(0), jax.random.key(1)
  np.testing.assert_array_equal(run(one, False), run(other, False))
  np.testing.assert_array_equal(run(one, True), run(one, True))
  assert np.max(np.abs(run(one, True) - run(other, True))) > 1e-2


def test_weights_can_be_looked_at():
  model, x_BTD = Attention(HEADS), draw(BATCH, TIME, WIDTH)
  params = filled(model, x_BTD)
  _, found = model.apply(
    {'params': params}, x_BTD, mask=Mask(causal=True), mutable=['intermediates']
  )
  (p_BHTS,) = found['intermediates']['attention']
  assert p_BHTS.shape == (BATCH, HEADS, TIME, TIME)
  assert_near(p_BHTS.sum(-1), np.ones(p_BHTS.shape[:-1]), 1e-6)


def test_a_gated_net_is_its_equation():
  model, x_BTD = FeedForward(5, 'swiglu', use_bias=False), draw(BATCH, TIME, WIDTH)
  params = filled(model, x_BTD)
  up, gate, down = (np.float64(params[name]['kernel']) for name in ('in', 'gate', 'out'))
  a = x_BTD @ gate
  want = (a / (1 + np.exp(-a)) * (x_BTD @ up)) @ down
  assert_near(model.apply({'params': params}, x_BTD), want, 1e-5)


def test_what_does_not_fit_is_refused():
  x_BTD = draw(BATCH, TIME, WIDTH)

  def shapes(model):
    return jax.eval_shape(model.init, jax.random.key(0), x_BTD)

  with pytest.raises(InputError, match=r'model.heads=3: expected a divisor of the width 8'):
    shapes(Attention(3))
  with pytest.raises(InputError, match='kv_heads=3: expected a divisor of heads=4'):
    shapes(Attention(4, kv_heads=3))
  with pytest.raises(InputError, match=r"attention='flash': expected 'product'"):
    shapes(Attention(4, implementation='flash'))
  with pytest.raises(InputError, match=r'model.heads=8: rotary .* even width, and 1 is odd'):
    shapes(Attention(8, rotary=True))


def test_dropout_takes_single_weights_and_makes_the_others_larger():
  model, size = Attention(1, use_bias=False, dropout=0.5), 8
  x_BTD, eye_DD = draw(50, size, WIDTH), np.eye(WIDTH, dtype=np.float32)
  # Values of one hot vector each: an output is the weights that it was mixed by.
  known = Cache(draw(50, 1, size, WIDTH, seed=1), jnp.tile(eye_DD, (50, 1, 1, 1)), None)
  params = {'query': {'kernel': eye_DD}, 'out': {'kernel': eye_DD}}

  @functools.partial(jax.jit, static_argnums=0)
  def run(train):
    rngs = {'dropout': jax.random.key(0)}
    return model.apply({'params': params}, x_BTD, None, None, train, known=known, rngs=rngs)[0]

  whole, found = run(False), run(True)
  np.testing.assert_allclose(whole.sum(-1), 1, rtol=1e-5)
  kept = found != 0
  np.testing.assert_allclose(found[kept], 2 * whole[kept], rtol=1e-5)
  assert abs(kept.mean() - 0.5) < 0.05


@pytest.mark.parametrize('scan', [False, True])
def test_remat_computes_a_block_again_for_its_gradient(scan):
  def program(remat):
    model = Stack(3, BLOCK, remat=remat, scan=scan)
    x_BTD = draw(BATCH, TIME, WIDTH)
    params = filled(model, x_BTD)
    loss = jax.grad(lambda params: jnp.sum(model.apply({'params': params}, x_BTD)[0]))
    return str(jax.make_jaxpr(loss)(params))

  # The softmax of each block: once on the way there, and with remat once more on the way back.
  counts = [program(remat).count(' exp ') for remat in (False, True)]
  blocks = 1 if scan else 3
  assert counts == [blocks, 2 * blocks]


MANY, LAYERS = 2000, 4
EACH = pytest.mark.parametrize(
  ('scan', 'remat'), [(False, False), (True, False), (False, True), (True, True)]
)


def marked(drop_path, scan, remat):
  """A stack whose branch k = 2 layer (attention) or 2 layer + 1 adds 1 to feature k, and its parameters."""
  model = Stack(LAYERS, {'heads': 2, 'hidden': 3, 'pre_norm': True}, drop_path, remat, scan)
  x_BTD = draw(1, 2, 2 * LAYERS)
  shapes = jax.eval_shape(model.init, jax.random.key(0), x_BTD)['params']
  params = jax.tree.map(lambda a: np.zeros(a.shape, np.float32), shapes)
  eye = np.eye(2 * LAYERS, dtype=np.float32)
  for name, bias in (('attention', eye[::2]), ('feed_forward', eye[1::2])):
    if scan:
      params['blocks'][name]['out']['bias'] = bias
    else:
      for layer in range(LAYERS):
        params[f'block_{layer}'][name]['out']['bias'] = bias[layer]
  return model, params


@EACH
def test_each_branch_is_dropped_at_its_own_rate_and_else_made_larger(scan, remat):
  model, params = marked(0.8, scan, remat)
  x_BTD = np.zeros((MANY, 2, 2 * LAYERS), np.float32)

  @jax.jit
  @functools.partial(jax.value_and_grad, has_aux=True)
  def run(params, key):
    y_BTD, _ = model.apply({'params': params}, x_BTD, train=True, rngs={'dropout': key})
    return jnp.sum(y_BTD[:, 0]) / MANY, y_BTD

  (_, y_BTD), slopes = run(params, jax.random.key(0))
  keep_D = 1 - np.repeat([0.2, 0.4, 0.6, 0.8], 2)
  np.testing.assert_array_equal(y_BTD[:, 0], y_BTD[:, 1])  # all steps of an example go together
  kept_BD = np.asarray(y_BTD[:, 0] != 0)
  np.testing.assert_allclose(y_BTD[:, 0], kept_BD / keep_D, rtol=1e-6)
  # 5 standard deviations: of a share, and of a correlation of branches that are drawn apart.
  assert np.all(np.abs(kept_BD.mean(0) - keep_D) < 5 * np.sqrt(keep_D * (1 - keep_D) / MANY))
  apart = np.corrcoef(kept_BD.T)[~np.eye(2 * LAYERS, dtype=bool)]
  assert np.max(np.abs(apart)) < 5 / np.sqrt(MANY)
  # A bias moves the outputs of those examples whose branch is kept.
  for name, first in (('attention', 0), ('feed_forward', 1)):
    if scan:
      found = slopes['blocks'][name]['out']['bias']
    else:
      found = np.stack([slopes[f'block_{n}'][name]['out']['bias'] for n in range(LAYERS)])
    want = (kept_BD / keep_D).mean(0)[first::2]
    np.testing.assert_allclose(found, np.repeat(want[:, None], 2 * LAYERS, 1), rtol=1e-4)


@EACH
def test_what_drops_nearly_all_branches_gives_back_its_inputs(scan, remat):
  model, x_BTD = Stack(1, BLOCK | {'pre_norm': True}, 1 - 1e-6, remat, scan), draw(50, TIME, WIDTH)
  params = filled(model, x_BTD)

  @jax.jit
  def run(params, x_BTD):
    def outputs(params, x_BTD):
      rngs = {'dropout': jax.random.key(0)}
      return model.apply({'params': params}, x_BTD, train=True, rngs=rngs)[0]

    y_BTD, pull = jax.vjp(outputs, params, x_BTD)
    return y_BTD, pull(y_BTD)

  y_BTD, (slopes, slope_BTD) = run(params, x_BTD)
  np.testing.assert_array_equal(y_BTD, x_BTD)
  np.testing.assert_array_equal(slope_BTD, x_BTD)
  assert not any(np.any(a) for a in jax.tree.leaves(slopes))


@EACH
def test_the_mean_of_what_is_dropped_and_made_larger_is_the_whole(scan, remat):
  model = Stack(1, BLOCK | {'pre_norm': True}, 0.5, remat, scan)
  x_BTD = np.repeat(draw(1, TIME, WIDTH), MANY, 0)
  params = filled(model, x_BTD)
  block = params['blocks'] if scan else params['block_0']
  block['feed_forward']['out'] = jax.tree.map(np.zeros_like, block['feed_forward']['out'])

  @functools.partial(jax.jit, static_argnums=0)
  def run(train):
    rngs = {'dropout': jax.random.key(0)}
    return model.apply({'params': params}, x_BTD, train=train, rngs=rngs)[0]

  whole_TD, found_TD = run(False)[0], run(True).mean(0)
  # An example's branch is twice itself or 0: a deviation of its own size.
  branch_TD = np.abs(whole_TD - x_BTD[0])
  assert np.all(np.abs(found_TD - whole_TD) < 5 * branch_TD / np.sqrt(MANY) + 1e-5)


def test_a_scan_of_a_narrow_type_keeps_it_through_stochastic_depth():
  model = Stack(2, BLOCK | {'dtype': 'bfloat16'}, 0.5, scan=True)
  x_BTD = jnp.asarray(draw(BATCH, TIME, WIDTH), jnp.bfloat16)
  rngs = {'params': jax.random.key(0), 'dropout': jax.random.key(0)}
  y_BTD, _ = jax.eval_shape(lambda: model.init_with_output(rngs, x_BTD, train=True)[0])
  assert y_BTD.dtype == jnp.bfloat16
