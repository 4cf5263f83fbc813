import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax._src.cudnn import fused_attention_stablehlo

from nn_zoo.errors import InputError
from nn_zoo.ops import product
from nn_zoo.ops.attention import Mask, attention, weights
from tests.reference import assert_near
from tests.reference import attention as reference

BATCH, TIME, HEADS, WIDTH = 3, 5, 4, 3
LENGTHS, NONE = np.array([5, 2, 4]), np.array([9, 0, 4])  # the second beyond the end, and empty
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


ODD = random_mask(BATCH, 1, TIME, TIME)


def places(sees, source):
  """A mask [B, T, S] by a rule for each entry."""
  return np.array(
    [[[sees(b, t, s) for s in range(source)] for t in range(TIME)] for b in range(BATCH)]
  )


def window_of(size):
  return Mask(causal=True, window=size)


def other(*shape):
  return Mask(seen_BHTS=random_mask(*shape))


def in_window(t, s, size):
  return 0 <= t - s < size


# groups of keys, source's time, mask, the same as a rule for (b, t, s)
CASES = {
  'everything': (HEADS, 7, None, None),
  'no part': (HEADS, 7, Mask(), None),
  'mask': (HEADS, 7, other(BATCH, HEADS, TIME, 7), None),
  'mask of all heads': (2, 7, other(BATCH, 1, 1, 7), None),
  'causal': (HEADS, TIME, Mask(causal=True), lambda b, t, s: s <= t),
  'causal, a longer source': (2, 7, Mask(causal=True), lambda b, t, s: s <= t),
  'causal, a shorter source': (2, 3, Mask(causal=True), lambda b, t, s: s <= t),
  'window': (2, TIME, window_of(2), lambda b, t, s: in_window(t, s, 2)),
  'window of one': (2, TIME, window_of(1), lambda b, t, s: s == t),
  'window, a shorter source': (2, 3, window_of(2), lambda b, t, s: in_window(t, s, 2)),
  'window of all': (HEADS, TIME, window_of(TIME), lambda b, t, s: s <= t),
  'padding': (1, TIME, Mask(length_B=LENGTHS), lambda b, t, s: s < LENGTHS[b]),
  'nothing but padding': (2, 7, Mask(length_B=NONE), lambda b, t, s: s < NONE[b]),
  'causal, padding': (
    2,
    TIME,
    Mask(causal=True, length_B=NONE),
    lambda b, t, s: s <= t and s < NONE[b],
  ),
  'window, padding': (
    HEADS,
    TIME,
    Mask(causal=True, window=2, length_B=LENGTHS),
    lambda b, t, s: in_window(t, s, 2) and s < LENGTHS[b],
  ),
  'every part': (
    2,
    TIME,
    Mask(True, 3, LENGTHS, ODD),
    lambda b, t, s: in_window(t, s, 3) and s < LENGTHS[b] and ODD[b, 0, t, s],
  ),
}


def seen_of(case):
  """A case's mask by its rule, [B, H, T, S]."""
  _, source, mask, rule = CASES[case]
  if rule is not None:
    seen = places(rule, source)[:, None]
  else:
    seen = True if mask is None or mask.seen_BHTS is None else mask.seen_BHTS
  return np.broadcast_to(seen, (BATCH, HEADS, TIME, source))


@BOTH
@pytest.mark.parametrize('case', CASES)
def test_values_and_gradients_are_those_of_the_oracle(case, implementation):
  groups, source, mask, _ = CASES[case]
  with jax.enable_x64(True):
    qkv, slope = example(groups, source)

    @jax.jit
    def run(qkv):
      y, pull = jax.vjp(lambda *qkv: attention(*qkv, mask, implementation), *qkv)
      return y, pull(slope)

    y, gradients = run(qkv)
    want, slopes = reference.attention(*qkv, seen_of(case), slope)
    assert y.dtype == np.float64
    assert_near(y, want, 1e-10)
    for found, other in zip(gradients, slopes, strict=True):
      assert_near(found, other, 1e-10)


@pytest.mark.parametrize('case', CASES)
def test_the_kernels_give_what_xla_gives_in_float64(case, kernels, monkeypatch):
  monkeypatch.setattr(product, 'LEAST', 1)  # else so little is left to XLA
  groups, source, mask, _ = CASES[case]
  qkv, slope = example(groups, source, 'float32')

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
    y, pull = jax.vjp(lambda *qkv: attention(*qkv, Mask(seen_BHTS=mask), implementation), *qkv)
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
  p_BHTS = weights(1e4 * q, 1e4 * k.swapaxes(1, 2), Mask(causal=True))
  assert_near(p_BHTS.sum(-1), np.ones((BATCH, HEADS, TIME)), 1e-6)


def test_weights_of_a_narrow_type_keep_it():
  (q, k, v), _ = example(dtype='float32')
  narrow = [jnp.asarray(a, jnp.bfloat16) for a in (q, k, v)]
  y = attention(*narrow, Mask(causal=True))
  assert y.dtype == jnp.bfloat16
  want = attention(*(a.astype(jnp.float32) for a in narrow), Mask(causal=True))
  assert_near(np.float32(y), want, 2e-2)


@BOTH
def test_large_scores_of_a_narrow_type_are_not_rounded(implementation):
  (q, k, _), _ = example(dtype='float32')
  narrow = [jnp.asarray(8 * a, jnp.bfloat16) for a in (q, k.swapaxes(1, 2))]
  found = weights(*narrow, implementation=implementation)
  exact = weights(*(a.astype(jnp.float32) for a in narrow))
  # p itself is rounded to 8 bits; a rounded score of 50 would change it by 13 %.
  np.testing.assert_allclose(np.float32(found), exact, rtol=2**-8, atol=1e-6)


def outputs_and_gradients(qkv, slope, mask, implementation):
  @jax.jit
  def run(qkv, slope):
    y, pull = jax.vjp(lambda *qkv: attention(*qkv, mask, implementation), *qkv)
    return y, *pull(slope)

  return run(qkv, slope)


@pytest.mark.parametrize('case', CASES)
def test_cudnn_is_told_what_the_other_forms_compute(case, monkeypatch):
  # XLA's form of the same function takes the same arguments.
  by_name, xla = jax.nn.dot_product_attention, {'implementation': 'xla'}
  by_xla = lambda *qkv, **fields: by_name(*qkv, **fields | xla)  # noqa: E731
  monkeypatch.setattr(jax.nn, 'dot_product_attention', by_xla)
  groups, source, mask, _ = CASES[case]
  qkv, slope = example(groups, source, 'float32')
  narrow = [jnp.asarray(np.tile(a, (1, 1, 1, 8)), jnp.bfloat16) for a in (*qkv, slope)]
  found = outputs_and_gradients(narrow[:3], narrow[3], mask, 'cudnn')
  wide = [np.float64(a) for a in narrow]
  want, slopes = reference.attention(*wide[:3], seen_of(case), wide[3])
  for one, other in zip(found, (want, *slopes), strict=True):
    assert one.dtype == jnp.bfloat16
    assert_near(np.float32(one), other, 0.02)
  hidden_BTH = ~seen_of(case).any(-1).swapaxes(1, 2)
  for one in found[:2]:  # outputs and gradients of queries that see nothing
    assert not np.any(np.float32(one)[hidden_BTH])


# What a program for a GPU asks cuDNN for: the kind of mask, a window (0: none), an array of all pairs.
ASKED = {
  'everything': ('PADDING', 0, False),  # the source is odd
  'mask': ('NO_MASK', 0, True),
  'causal': ('CAUSAL', 0, False),
  'causal, a longer source': ('CAUSAL', 0, False),
  'causal, a shorter source': ('NO_MASK', 0, True),
  'window': ('CAUSAL', 2, False),
  'window of all': ('CAUSAL', 0, False),
  'padding': ('PADDING', 0, False),
  'causal, padding': ('PADDING_CAUSAL', 0, False),
  'window, padding': ('NO_MASK', 0, True),
  'every part': ('NO_MASK', 0, True),
}


@pytest.mark.parametrize('case', ASKED)
def test_cudnn_reads_an_array_of_all_pairs_only_where_it_must(case, monkeypatch):
  monkeypatch.setattr(fused_attention_stablehlo, 'check_cudnn_version', lambda: 91000)
  groups, source, mask, _ = CASES[case]
  shapes = [(TIME, HEADS), (source, groups), (source, groups), (TIME, HEADS)]
  *qkv, slope = (jax.ShapeDtypeStruct((BATCH, *shape, 8), jnp.bfloat16) for shape in shapes)
  run = functools.partial(outputs_and_gradients, mask=mask, implementation='cudnn')
  text = jax.jit(run).trace(qkv, slope).lower(lowering_platforms=('cuda',)).as_text()
  kind, window, pairs = ASKED[case]
  calls = re.findall(r'@(__cudnn\$\w+)\(.*', text)
  name = 'fmhaScaleBiasSoftmax' if pairs else 'fmhaSoftmax'
  assert calls == [f'__cudnn${name}', f'__cudnn${name}Backward']
  text = text.replace('\\22', '"')
  assert re.findall(r'"mask_type": "(\w+)"', text) == [kind, kind]
  assert re.findall(r'"sliding_window_length": (\d+)', text) == [str(window)] * 2


@pytest.mark.skipif(jax.default_backend() != 'cpu', reason='a GPU may have cuDNN')
def test_cudnn_that_is_not_there_is_a_line():
  q = jnp.zeros((1, 4, 2, 8), jnp.bfloat16)
  with pytest.raises(InputError, match=r"^attention='cudnn' cannot run here: .* Try 'product'"):
    jax.jit(attention, static_argnames='implementation')(q, q, q, implementation='cudnn')


# heads of keys, times of targets and of the source, mask; lengths are odd and even.
ON_A_GPU = {
  'everything': (4, 64, 64, lambda: None),
  'causal': (4, 64, 64, lambda: Mask(causal=True)),
  'causal, grouped, odd': (2, 77, 77, lambda: Mask(causal=True)),
  'causal, a longer source': (4, 33, 70, lambda: Mask(causal=True)),
  'causal, a shorter source': (4, 70, 33, lambda: Mask(causal=True)),
  'window': (4, 64, 64, lambda: window_of(9)),
  'window, one head of keys, odd': (1, 77, 77, lambda: window_of(1)),
  'padding': (4, 64, 96, lambda: Mask(length_B=np.array([96, 0, 31]))),
  'padding, grouped, odd': (2, 77, 51, lambda: Mask(length_B=np.array([60, 1, 50]))),
  'causal, padding': (4, 77, 77, lambda: Mask(causal=True, length_B=np.array([77, 0, 31]))),
  'window, padding': (4, 77, 77, lambda: Mask(True, 9, np.array([77, 0, 31]))),
  'mask': (4, 64, 64, lambda: other(3, 1, 64, 64)),
  'mask, odd': (2, 77, 51, lambda: other(3, 4, 77, 51)),
  'mask of keys alone': (4, 64, 51, lambda: other(1, 1, 1, 51)),
}
GPU = pytest.mark.skipif(jax.default_backend() != 'gpu', reason='cuDNN needs a GPU')


def drawn(groups, time, source):
  rng = np.random.default_rng(0)
  shapes = [(time, 4), (source, groups), (source, groups), (time, 4)]
  return [jnp.asarray(rng.normal(size=(3, *shape, 32)), jnp.bfloat16) for shape in shapes]


@GPU
@pytest.mark.parametrize('case', ON_A_GPU)
def test_cudnn_agrees_with_xla(case):
  *sizes, mask = ON_A_GPU[case]
  *qkv, slope = drawn(*sizes)
  found, want = (outputs_and_gradients(qkv, slope, mask(), name) for name in ('cudnn', 'xla'))
  for one, other in zip(found, want, strict=True):
    assert_near(np.float32(one), np.float32(other), 0.02)


@GPU
def test_cudnn_gives_0_where_a_target_sees_nothing():
  *qkv, slope = drawn(4, 64, 64)
  seen = random_mask(3, 1, 64, 64)
  seen[:, :, 5] = False
  for mask, rows in (
    (Mask(seen_BHTS=seen), np.s_[:, 5]),
    (Mask(length_B=np.array([64, 0, 3])), np.s_[1]),
  ):
    y, dq, *_ = outputs_and_gradients(qkv, slope, mask, 'cudnn')
    for hidden in (y[rows], dq[rows]):
      assert not np.any(np.float32(hidden))


@GPU
@pytest.mark.parametrize('groups', [4, 1])
def test_cudnn_decodes_one_step_from_a_cache(groups):
  *qkv, _ = drawn(groups, 1, 51)
  mask = Mask(length_B=np.array([1, 60, 30]))  # the second cache is full
  found, want = (attention(*qkv, mask, name) for name in ('cudnn', 'xla'))
  assert_near(np.float32(found), np.float32(want), 0.02)


def test_cudnn_says_what_it_takes():
  q = jnp.zeros((1, 4, 2, 8))
  with pytest.raises(
    InputError, match=r"^model.dtype='float32': attention='cudnn' expects 'bfloat16'"
  ):
    attention(q, q, q, implementation='cudnn')
  q = jnp.zeros((1, 4, 2, 12), jnp.bfloat16)
  with pytest.raises(
    InputError, match=r'heads of a width that is a multiple of 8 up to 256, got 12$'
  ):
    attention(q, q, q, implementation='cudnn')


def test_what_does_not_fit_is_refused():
  (q, k, v), _ = example(groups=3, dtype='float32')
  with pytest.raises(InputError, match='kv_heads=3: expected a divisor of heads=4'):
    attention(q, k, v)
  (q, k, v), _ = example(dtype='float32')
  with pytest.raises(InputError, match="attention='flash': expected 'product', 'xla', 'cudnn'"):
    attention(q, k, v, implementation='flash')
  for fields in ({'window': 3}, {'causal': True, 'window': -1}):
    with pytest.raises(
      InputError, match=r'^window=\S+: expected 0, or with causal=True 1 or more$'
    ):
      Mask(**fields)
