"""Activations as a layer: the table of `ops/activations.py` and the one that learns a parameter."""

import flax.linen as nn
import jax

from nn_zoo.named import choose
from nn_zoo.ops import activations

# A module cannot be a plain function of arrays, so PReLU's row is made here and not in `ops`.
ACTIVATIONS = activations.ACTIVATIONS | {
  'prelu': activations.Activation(
    lambda x: nn.PReLU(negative_slope_init=0.25)(x),
    'x if x ≥ 0, else a x; a is learned, one for the layer, and starts at 0.25',
    'He et al. 2015, [Delving Deep into Rectifiers](https://arxiv.org/abs/1502.01852)',
  )
}


class Activation(nn.Module):
  """Applies the activation of that name; 'prelu' adds the parameter PReLU_0/negative_slope.

  Args:
    activation: a key of ACTIVATIONS.

  Raises:
    InputError: there is no such activation.
  """

  activation: str

  @nn.compact
  def __call__(self, x: jax.Array) -> jax.Array:
    return choose(ACTIVATIONS, self.activation, 'activation').function(x)
