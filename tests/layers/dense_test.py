import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from nn_zoo.layers.dense import Dense
from nn_zoo.ops import product

KEY = jax.random.key(0)


@pytest.mark.parametrize('shape', [(7,), (5, 7), (2, 3, 7), (0, 7)])
@pytest.mark.parametrize('use_bias', [True, False])
@pytest.mark.parametrize('dtype', [None, jnp.bfloat16])
def test_parameters_and_results_are_those_of_flax(shape, use_bias, dtype, monkeypatch):
  monkeypatch.setattr(product, 'LEAST', 1)
  x = jax.random.normal(KEY, shape)
  ours, theirs = (kind(9, use_bias=use_bias, dtype=dtype) for kind in (Dense, nn.Dense))
  variables = ours.init(KEY, x)
  jax.tree.map(np.testing.assert_array_equal, variables, theirs.init(KEY, x))
  found, wanted = ours.apply(variables, x), theirs.apply(variables, x)
  assert found.dtype == wanted.dtype
  tolerance = 1e-6 if dtype is None else 2**-7
  np.testing.assert_allclose(np.float64(found), np.float64(wanted), rtol=tolerance, atol=tolerance)
