import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.ops import product
from nn_zoo.ops.attention import attention, causal, padding, weights
from tests.reference import assert_near
from tests.reference import attention as reference

BATCH, TIME, HEADS, WIDTH = 3, 5, 4, 3
LENGTHS = np.array([5, 2, 4])
BOTH = pytest.mark.parametrize('implementation', ['product', 'xla'])


def example(groups=HEADS, source=TIME, dtype='float64'):
  """Queries, keys and values, and a cotangent of the outputs."""
  rng = np.random.default_rng(0)
  shapes = [(TIME, HEADS), (source, groups), (source, groups), (TIME, HEADS)]
  *qkv, slope = (np.asarray(rng.normal(size=(BATCH, *shape, WIDTH)), dtype) for shape in shapes)
  return qkv, slope


def random_mask(*shape):
  mask = np.random.default_rng(1).random(shape) < 0.5
  mask[..., 0] = True
  return mask


def places(sees):
  """A mask of the size of the time, by a rule for each entry."""
  return np.array(
    [[[sees(b, t, s) for s in range(TIME)] for t in range(TIME)] for b in range(BATCH)]
  )


# groups of keys, source's time, mask, the same as a rule for (b, t, s)
CASES = {
  'everything': (HEADS, 7, lambda: None, None),
  'mask': (HEADS, 7, lambda: random_mask(BATCH, HEADS, TIME, 7), None),
  'mask of all heads': (2, 7, lambda: random_mask(BATCH, 1, 1, 7), None),
  'causal': (HEADS, TIME, lambda: causal(TIME), lambda b, t, s: s <= t),
  'window': (2, TIME, lambda: causal(TIME, 2), lambda b, t, s: s in (t - 1, t)),
  'padding': (1, TIME, lambda: padding(jnp.array(LENGTHS), TIME), lambda b, t, s: s < LENGTHS[b]),
}


@BOTH
@pytest.mark.parametrize('case', CASES)
def test_values_and_gradients_are_those_of_the_oracle(case, implementation):
  groups, source, mask, rule = CASES[case]
  with jax.enable_x64(True):
    qkv, slope = example(groups, source)
    mask = mask()

    @jax.jit
    def run(qkv):
      y, pull = jax.vjp(lambda *qkv: attention(*qkv, mask, implementation), *qkv)
      return y, pull(slope)

    y, gradients = run(qkv)
    seen = np.ones((1, 1, 1, 1), bool) if mask is None else np.asarray(mask)
    if rule is not None:
      seen = places(rule)[:, None]
    want, slopes = reference.attention(
      *qkv, np.broadcast_to(seen, (BATCH, HEADS, TIME, source)), slope
    )
    assert y.dtype == np.float64
    assert_near(y, want, 1e-10)
    for found, other in zip(gradients, slopes, strict=True):
      assert_near(found, other, 1e-10)


@pytest.mark.parametrize('case', CASES)
def test_the_kernels_give_what_xla_gives_in_float64(case, kernels, monkeypatch):
  monkeypatch.setattr(product, 'LEAST', 1)  # else so little is left to XLA
  groups, source, mask, _ = CASES[case]
  (qkv, slope), mask = example(groups, source, 'float32'), mask()

  @jax.jit
  def run(qkv):
    y, pull = jax.vjp(lambda *qkv: attention(*qkv, mask), *qkv)
    return y, pull(slope)

  with jax.enable_x64(True):
    wide = [np.float64(a) for a in (*qkv, slope)]
    y, pull = jax.vjp(lambda *qkv: attention(*qkv, mask, 'xla'), *wide[:3])
    want = y, pull(wide[3])
  jax.tree.map(lambda a, b: assert_near(np.float64(a), b, 1e-5), run(qkv), want)


@BOTH
def test_a_target_that_may_see_nothing_gets_nothing_and_gives_no_gradient(implementation):
  qkv, slope = example(dtype='float32')
  mask = random_mask(BATCH, HEADS, TIME, TIME)
  mask[1] = False
  mask[2, 0, 3] = False

  @jax.jit
  def run(qkv):
    y, pull = jax.vjp(lambda *qkv: attention(*qkv, jnp.asarray(mask), implementation), *qkv)
    return y, pull(slope)

  y_BTHK, gradients = run(qkv)
  want, slopes = reference.attention(*map(np.float64, qkv), mask, np.float64(slope))
  for found, other in zip((y_BTHK, *gradients), (want, *slopes), strict=True):
    assert np.all(np.isfinite(found))
    assert not np.any(found[1])
    assert_near(found, other, 2e-6)
  assert not np.any(y_BTHK[2, 3, 0])
  assert not np.any(gradients[0][2, 3, 0])


def test_scores_of_any_size_give_finite_weights_that_sum_to_one():
  (q, k, _), _ = example(dtype='float32')
  p_BHTS = weights(1e4 * q, 1e4 * k.swapaxes(1, 2), causal(TIME))
  assert_near(p_BHTS.sum(-1), np.ones((BATCH, HEADS, TIME)), 1e-6)


def test_weights_of_a_narrow_type_keep_it():
  (q, k, v), _ = example(dtype='float32')
  narrow = [jnp.asarray(a, jnp.bfloat16) for a in (q, k, v)]
  y = attention(*narrow, causal(TIME))
  assert y.dtype == jnp.bfloat16
  want = attention(*(a.astype(jnp.float32) for a in narrow), causal(TIME))
  assert_near(np.float32(y), want, 2e-2)


@BOTH
def test_large_scores_of_a_narrow_type_are_not_rounded(implementation):
  (q, k, _), _ = example(dtype='float32')
  narrow = [jnp.asarray(8 * a, jnp.bfloat16) for a in (q, k.swapaxes(1, 2))]
  found = weights(*narrow, implementation=implementation)
  exact = weights(*(a.astype(jnp.float32) for a in narrow))
  # p itself is rounded to 8 bits; a rounded score of 50 would change it by 13 %.
  np.testing.assert_allclose(np.float32(found), exact, rtol=2**-8, atol=1e-6)


@pytest.mark.skipif(jax.default_backend() != 'cpu', reason='a GPU may have cuDNN')
def test_cudnn_that_is_not_there_is_a_line():
  q = jnp.zeros((1, 4, 2, 8), jnp.bfloat16)
  with pytest.raises(InputError, match=r"^attention='cudnn' cannot run here: .* Try 'product'"):
    jax.jit(attention, static_argnames='implementation')(q, q, q, implementation='cudnn')


@pytest.mark.skipif(jax.default_backend() != 'gpu', reason='cuDNN needs a GPU')
def test_cudnn_agrees_with_xla_and_what_sees_nothing_is_0():
  rng = np.random.default_rng(0)
  q, k, v = (jnp.asarray(rng.normal(size=(2, 64, 4, 32)), jnp.bfloat16) for _ in range(3))
  mask = jnp.asarray(rng.random((2, 1, 64, 64)) < 0.5).at[:, :, 5].set(False)

  def outputs(implementation):
    y, pull = jax.vjp(lambda *x: attention(*x, mask, implementation), q, k, v)
    return y, *pull(jnp.ones_like(y))

  for found, want in zip(outputs('cudnn'), outputs('xla'), strict=True):
    assert_near(np.float32(found), np.float32(want), 0.02)
  assert not np.any(np.float32(outputs('cudnn')[0][:, 5]))


def test_what_does_not_fit_is_refused():
  (q, k, v), _ = example(groups=3, dtype='float32')
  with pytest.raises(InputError, match='kv_heads=3: expected a divisor of heads=4'):
    attention(q, k, v)
  (q, k, v), _ = example(dtype='float32')
  with pytest.raises(InputError, match="attention='flash': expected 'product', 'xla', 'cudnn'"):
    attention(q, k, v, implementation='flash')
