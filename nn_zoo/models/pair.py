"""What all generative adversarial networks share: one module that holds a generator and a critic.

Axes: B batch, Z latent.
"""

from collections.abc import Mapping
from typing import Any

import jax
from flax import linen as nn

from nn_zoo.errors import InputError


class Pair(nn.Module):
  """A generator and a critic, in two halves of one tree of parameters: `generator/...` and `critic/...`.

  Its classes have at least the fields `shape` (of an example, without the batch), `latent` (numbers that the
  generator begins with) and `classes` (0, or how many a conditional net knows), and set up `self.generator`
  and `self.critic`. Either method needs its own half only.
  """

  def generate(self, z_BZ: jax.Array, label_B: Any = None, train: bool = False) -> jax.Array:
    """Examples from standard normal numbers."""
    return self.generator(z_BZ, self._known(label_B), train)

  def criticise(self, x: jax.Array, label_B: Any = None, train: bool = False) -> jax.Array:
    """Logits [B], high for what is taken for real."""
    return self.critic(x, self._known(label_B), train)

  def __call__(self, inputs: Any, train: bool = False) -> jax.Array:
    """The critic's judgement of what is made from inputs: z_BZ, or {'latent': z_BZ} with 'label'."""
    z_BZ, label_B = inputs, None
    if isinstance(inputs, Mapping):
      z_BZ, label_B = inputs['latent'], inputs.get('label')
    return self.criticise(self.generate(z_BZ, label_B, train), label_B, train)

  def _known(self, label_B: Any) -> Any:
    if self.classes and label_B is None:
      raise InputError(
        f'model.classes={self.classes}: a conditional net needs labels, and there are none; '
        'set --config.model.classes=0'
      )
    return label_B if self.classes else None
