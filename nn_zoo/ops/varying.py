"""Arrays inside `jax.shard_map`, some of which are the same on all devices and some are not."""

from typing import Any

import jax


def alike(arrays: Any) -> Any:
  """A tree of arrays that all vary over the same mesh axes: what is the same on all devices joins the rest.

  Outside `jax.shard_map` nothing changes.
  """
  leaves, tree = jax.tree.flatten(arrays)
  axes = [jax.typeof(leaf).mat.varying for leaf in leaves]
  missing = [tuple(frozenset().union(*axes) - own) for own in axes]
  joined = [
    jax.lax.pcast(leaf, names, to='varying') if names else leaf
    for leaf, names in zip(leaves, missing, strict=True)
  ]
  return jax.tree.unflatten(tree, joined)
