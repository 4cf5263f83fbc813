import jax
import numpy as np
import pytest

from nn_zoo.ops import sequences

X_BTF = np.float32(np.random.default_rng(0).normal(size=(3, 5, 4)))
LENGTH_B = np.int32([5, 1, 3])


@pytest.mark.parametrize('lengths', [None, LENGTH_B])
@pytest.mark.parametrize('kind', sequences.POOLS)
def test_pools_are_over_a_sequences_own_steps(kind, lengths):
  pools = {'last': lambda x_TF: x_TF[-1], 'mean': lambda x: x.mean(0), 'max': lambda x: x.max(0)}
  found_BF = jax.jit(lambda x, n: sequences.pool(x, n, kind))(X_BTF, lengths)
  ends = np.full(3, 5) if lengths is None else lengths
  expected = [pools[kind](x_TF[:end]) for x_TF, end in zip(X_BTF, ends, strict=True)]
  np.testing.assert_allclose(found_BF, expected, rtol=1e-6)


def test_the_last_step_of_the_backward_half_is_the_first():
  found_BF = sequences.pool(X_BTF, LENGTH_B, 'last', bidirectional=True)
  np.testing.assert_array_equal(found_BF[:, 2:], X_BTF[:, 0, 2:])
  np.testing.assert_array_equal(found_BF[:, :2], X_BTF[np.arange(3), LENGTH_B - 1, :2])


def test_every_image_is_read_in_the_same_order():
  x_BHWC = np.arange(2 * 3 * 4 * 2).reshape(2, 3, 4, 2)
  np.testing.assert_array_equal(sequences.of_images(x_BHWC, 'rows'), x_BHWC.reshape(2, 3, 8))
  np.testing.assert_array_equal(sequences.of_images(x_BHWC, 'pixels'), x_BHWC.reshape(2, 12, 2))
  permuted_BTC = sequences.of_images(x_BHWC, 'pixels', 7)
  order = (permuted_BTC[0, :, 0] - x_BHWC[0, 0, 0, 0]) // 2
  assert sorted(order.tolist()) == list(range(12)) != order.tolist()
  np.testing.assert_array_equal(permuted_BTC, x_BHWC.reshape(2, 12, 2)[:, order])
