"""Batch normalization that stays as it is while the rest of a net is trained."""

import fnmatch
from collections.abc import Callable, Sequence
from typing import Any

from flax import linen as nn

from nn_zoo.layers.normalization import BatchNorm


def with_still_normalization(
  function: Callable[..., Any], patterns: Sequence[str]
) -> Callable[..., Any]:
  """`function`, in which frozen batch normalization uses its running statistics and leaves them alone.

  A trunk that is frozen is so a fixed function: neither what the batch is nor how many steps there are
  changes what it gives.

  Args:
    function: of a task, such as its step, that applies Linen modules.
    patterns: as of `optimizer.freeze`; a normalization is frozen if its scale is.

  What becomes of statistics is what PyTorch users get from `eval()` on a frozen trunk, and Keras users from
  `trainable = False`.
  """
  if not patterns:
    return function

  def intercept(call, args, kwargs, context):
    module = context.module
    if isinstance(module, BatchNorm) and context.method_name == '__call__':
      scale = '/'.join((*module.path, 'scale'))
      if any(fnmatch.fnmatch(scale, pattern) for pattern in patterns):
        x, _, *rest = args
        args = (x, False, *rest)
    return call(*args, **kwargs)

  def run(*args):
    with nn.intercept_methods(intercept):
      return function(*args)

  return run
