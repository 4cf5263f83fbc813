"""Trees of arrays of ours and PyTorch's, compared leaf by leaf."""

import jax
import numpy as np


def assert_small(difference, subject, column, ours, theirs, tolerance=1e-5):
  """Every leaf differs by less than `tolerance` of its largest value; kept for the record."""
  assert jax.tree.structure(ours) == jax.tree.structure(theirs)
  largest = max(np.max(np.abs(leaf)) for leaf in jax.tree.leaves(theirs))
  for (path, one), other in zip(
    jax.tree.leaves_with_path(ours), jax.tree.leaves(theirs), strict=True
  ):
    if jax.tree_util.keystr(path).endswith("['key']['bias']"):
      # The softmax does not see what all scores of a target have in common: this gradient is 0, and rounding.
      np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * largest)
    else:
      found = difference(subject, column, one, other)
      assert found < tolerance, (jax.tree_util.keystr(path), found)
