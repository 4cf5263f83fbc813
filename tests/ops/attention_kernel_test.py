import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.native import library
from nn_zoo.ops import attention_kernel as module
from nn_zoo.ops.attention import Mask, attention
from tests.reference import assert_near
from tests.reference import attention as reference

KEY = jax.random.key(3)
rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def even_small_ones_by_the_kernel(monkeypatch):
  monkeypatch.setattr(module, 'LEAST', 1)


def lengths(*values):
  return np.array(values, np.int32)


# (batch, time, source, heads, those of keys, width), causal, window, lengths: blocks and vectors that are
# full and that are not, heads that share keys, a window over several blocks, texts that see nothing.
CASES = {
  'everything': ((2, 70, 130, 4, 2, 64), False, 0, None),
  'few places': ((1, 2, 3, 1, 1, 1), False, 0, None),
  'causal': ((2, 70, 70, 2, 2, 24), True, 0, None),
  'causal, a longer source': ((1, 65, 200, 2, 1, 16), True, 0, None),
  'causal, a shorter source': ((1, 140, 67, 1, 1, 16), True, 0, None),
  'window': ((1, 200, 200, 2, 1, 16), True, 33, None),
  'a window before the source ends': ((1, 260, 90, 1, 1, 8), True, 40, None),
  'padding': ((3, 130, 150, 2, 2, 33), False, 0, lengths(0, 77, 200)),
  'causal, padding': ((3, 150, 150, 2, 2, 32), True, 0, lengths(0, 77, 150)),
  'window, padding': ((3, 150, 150, 1, 1, 5), True, 70, lengths(3, 77, 150)),
  'long': ((1, 70, 600, 1, 1, 16), False, 0, lengths(530)),
}


def example(case):
  """Queries, keys and values, a cotangent of the outputs, the mask, and who may see whom."""
  (batch, time, source, heads, groups, width), causal, window, length_B = CASES[case]
  shapes = [(time, heads), (source, groups), (source, groups), (time, heads)]
  *qkv, slope = (rng.normal(size=(batch, *shape, width)).astype(np.float32) for shape in shapes)
  t_T1, s_1S = np.arange(time)[:, None], np.arange(source)[None]
  seen = np.ones((batch, heads, time, source), bool)
  if causal:
    seen &= ((s_1S <= t_T1) & (t_T1 - s_1S < (window or time)))[None, None]
  if length_B is not None:
    seen &= (s_1S < length_B[:, None])[:, None, None]
  return qkv, slope, Mask(causal, window, length_B), seen


def gradients(qkv, slope, mask, implementation='product', **dropout):
  y, pull = jax.vjp(lambda *qkv: attention(*qkv, mask, implementation, **dropout), *qkv)
  return y, *pull(slope)


@pytest.mark.parametrize('case', CASES)
def test_values_and_gradients_are_those_of_the_oracle(case, kernels):
  qkv, slope, mask, seen = example(case)
  y, *found = jax.jit(gradients)(qkv, slope, mask)
  want, slopes = reference.attention(*map(np.float64, qkv), seen, np.float64(slope))
  for one, other in zip((y, *found), (want, *slopes), strict=True):
    assert np.all(np.isfinite(one))
    assert_near(np.float64(one), other, 5e-6)
  hidden_BTH = ~seen.any(-1).swapaxes(1, 2)
  for one in (y, found[0]):
    assert not np.any(np.asarray(one)[hidden_BTH])


@pytest.mark.parametrize('case', CASES)
def test_dropout_is_that_of_the_weights(case, kernels):
  qkv, slope, mask, _ = example(case)
  run = jax.jit(gradients, static_argnames=('implementation', 'dropout'))
  found, want = (run(qkv, slope, mask, name, dropout=0.3, key=KEY) for name in ('product', 'xla'))
  for one, other in zip(found, want, strict=True):
    assert_near(one, other, 5e-6)


def test_dropout_without_a_key_is_none():
  qkv, *_, mask, _ = example('causal')
  np.testing.assert_array_equal(attention(*qkv, mask, dropout=0.5), attention(*qkv, mask))


def test_forward_mode_and_second_derivatives(kernels):
  qkv, slope, mask, _ = example('causal')
  small = [each[:, :9, :, :5] for each in qkv]

  def second(implementation):
    def run(*qkv):
      y = attention(*qkv, mask, implementation, 0.2, KEY)
      return jnp.sum(jnp.sin(y) * slope[:, :9, :, :5])

    slopes = jax.grad(run, (0, 1, 2))
    along = [each[::-1] for each in small]
    backward = jax.grad(lambda *qkv: sum(jnp.sum(g**3) for g in slopes(*qkv)), (0, 1, 2))
    return jax.jvp(run, small, along), jax.jvp(slopes, small, along)[1], backward(*small)

  found, want = (jax.jit(second, static_argnums=0)(name) for name in ('product', 'xla'))
  jax.tree.map(lambda one, other: assert_near(one, other, 2e-5), found, want)


@pytest.mark.parametrize('axes', [(0, None, 1), (None, 2, None), (0, 0, 0)])
def test_it_maps_over_any_argument_and_over_keys(axes, kernels):
  qkv, slope, mask, _ = example('causal')
  scale = np.float32([1, -2, 3])
  many = [
    each if axis is None else np.stack([each * s for s in scale], axis)
    for each, axis in zip(qkv, axes, strict=True)
  ]
  keys = jax.random.split(KEY, 3)

  def run(q, k, v, key):
    return gradients((q, k, v), slope, mask, dropout=0.3, key=key)

  found = jax.jit(jax.vmap(run, (*axes, 0)))(*many, keys)
  for n in range(3):
    one = [each if axis is None else each * scale[n] for each, axis in zip(qkv, axes, strict=True)]
    jax.tree.map(lambda a, b: assert_near(a[n], b, 5e-6), found, run(*one, keys[n]))  # noqa: B023


def test_entries_are_rounded_where_that_is_asked_for_and_a_unit_does_so(kernels):
  unit = kernels == 'native' and library.has_matrix_unit()
  qkv, slope, mask, _ = example('causal')

  def run(precision):
    with jax.default_matmul_precision(precision):
      return gradients(qkv, slope, mask)

  found, exact = (jax.jit(run, static_argnums=0)(name) for name in ('bfloat16', 'float32'))
  for one, other in zip(found, exact, strict=True):
    assert_near(one, other, 2e-2)
    assert (np.max(np.abs(one - other)) > 1e-4) == unit


def test_bfloat16_stays_what_it_is(kernels):
  qkv, slope, mask, seen = example('causal')
  narrow = [jnp.asarray(each, jnp.bfloat16) for each in (*qkv, slope)]
  found = jax.jit(gradients)(narrow[:3], narrow[3], mask)
  *wide, slope = map(np.float64, narrow)
  want, slopes = reference.attention(*wide, seen, slope)
  for one, other in zip(found, (want, *slopes), strict=True):
    assert one.dtype == jnp.bfloat16
    assert_near(np.float64(one), other, 2e-2)


def test_devices_share_a_batch_under_shard_map(kernels):
  mesh = jax.make_mesh((2,), ('data',), axis_types=(jax.sharding.AxisType.Auto,))
  (q, k, v), slope, _, _ = example('everything')
  many = jax.P('data')

  def run(q, k, v, slope):
    return gradients((q, k, v), slope, None)

  split = jax.shard_map(run, mesh=mesh, in_specs=(many, many, many, many), out_specs=many)
  found, want = jax.jit(split)(q, k, v, slope), run(q, k, v, slope)
  jax.tree.map(lambda a, b: assert_near(a, b, 5e-6), found, want)


@pytest.mark.parametrize(
  ('name', 'wanted'),
  [
    ('as it is', True),
    ('bfloat16', True),
    ('float16', False),
    ('one target', False),
    ('pairs', False),
    ('xla', False),
  ],
)
def test_what_the_kernel_takes(name, wanted, kernels):
  (q, k, v), _, mask, seen = example('causal')
  implementation = 'xla' if name == 'xla' else 'product'
  if name.startswith(('bfloat', 'float')):
    q, k, v = (jnp.asarray(each, name) for each in (q, k, v))
  if name == 'one target':
    q = q[:, :1]
  if name == 'pairs':
    mask = Mask(seen_BHTS=seen)
  text = jax.jit(lambda *qkv: attention(*qkv, mask, implementation)).lower(q, k, v).as_text()
  assert (library.ATTEND in text) == (wanted and kernels == 'native')


def test_few_pairs_stay_with_products(kernels, monkeypatch):
  monkeypatch.setattr(module, 'LEAST', 2 * 4 * 70 * 130)
  (q, k, v), *_ = example('everything')

  def target(*qkv):
    return library.ATTEND in jax.jit(attention).lower(*qkv).as_text()

  assert (target(q[:, 1:], k, v), target(q, k, v)) == (False, kernels == 'native')
