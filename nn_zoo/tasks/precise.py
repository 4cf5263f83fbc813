"""Products of float32 that are as precise as they need be."""

import functools
from collections.abc import Callable

import jax

from nn_zoo.task import Task


def precisely(function: Callable, precision: str) -> Callable:
  """`function`, whose matrix products of float32 have the precision that is asked for.

  Parameters, sums and all else stay float32. On a CPU it is of products that our kernel takes (2^19
  multiplications or more) and of attention, not of convolutions or of the steps of a recurrence; a GPU or a
  TPU hears of it in those, too.

  Args:
    function: of arrays, to be traced.
    precision: 'bfloat16', 'tensorfloat32' or 'float32', of the entries that are multiplied, at least; '' for
      what is usual on the device: on a TPU that is 'bfloat16', on recent GPUs 'tensorfloat32'. A CPU rounds
      only to 'bfloat16', and only one with a matrix unit for it (AMX: Intel Xeons since Sapphire Rapids).
  """
  if not precision:
    return function

  @functools.wraps(function)
  def run(*arguments):
    with jax.default_matmul_precision(precision):
      return function(*arguments)

  return run


def precise(task: Task, precision: str) -> Task:
  """`task`, whose four functions are each as `precisely` makes them."""
  return Task(*(precisely(function, precision) for function in task))
