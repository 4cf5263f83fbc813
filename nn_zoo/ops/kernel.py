"""Functions of arrays that are a kernel of `nn_zoo.native` on a CPU and a few lines of JAX elsewhere."""

import functools
from collections.abc import Callable, Sequence

import jax
from jax.extend.core import Primitive
from jax.interpreters import mlir, xla


def kernel(name: str, plain: Callable, cpu: Callable[..., Sequence[jax.Array] | None]) -> Primitive:
  """A primitive with several results, `plain` everywhere but on a CPU; derivatives and maps are its owner's.

  Args:
    name: of the primitive.
    plain: (*arrays, **settings) -> a tuple of arrays.
    cpu: the same by a kernel, or None where it does not take the arrays.
  """
  primitive = Primitive(name)
  primitive.multiple_results = True
  primitive.def_impl(functools.partial(xla.apply_primitive, primitive))
  primitive.def_abstract_eval(
    lambda *avals, **settings: (
      jax.make_jaxpr(functools.partial(plain, **settings))(*avals).out_avals
    )
  )

  def here(*arrays, **settings):
    found = cpu(*arrays, **settings)
    return plain(*arrays, **settings) if found is None else found

  mlir.register_lowering(primitive, mlir.lower_fun(plain, multiple_results=True))
  mlir.register_lowering(primitive, mlir.lower_fun(here, multiple_results=True), platform='cpu')
  return primitive
