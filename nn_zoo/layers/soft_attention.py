"""Soft attention of a recurrent decoder: where in the source each step looks.

Axes: B batch, S source time, T target time, F features of the source's outputs, U units.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.named import DType
from nn_zoo.ops.sequences import before_end

SCORES = ('additive', 'general', 'dot')


class SoftAttention(nn.Module):
  """context_t = sum_s weight_ts memory_s,   weight_t = softmax_s score(query_t, memory_s)

  score = v . tanh(W query + K memory)   'additive'
        = query . K memory               'general'
        = query . memory                 'dot', the halves of a memory of both directions being added

  Weights are sown as 'attention' in the collection 'intermediates', [B, T, S].

  Attributes:
    score: one of SCORES.
    units: width of the queries.
    dtype: of the computation.

  Sources: Bahdanau, Cho & Bengio 2015, "Neural machine translation by jointly learning to align and
  translate", https://arxiv.org/abs/1409.0473; Luong, Pham & Manning 2015, "Effective approaches to
  attention-based neural machine translation", https://arxiv.org/abs/1508.04025.
  """

  score: str
  units: int
  dtype: DType = None

  def setup(self):
    if self.score not in SCORES:
      raise InputError(
        f"model.attention={self.score!r}: expected {', '.join(map(repr, SCORES))} or 'none'"
      )
    if self.score != 'dot':
      self.key = nn.Dense(self.units, use_bias=False, dtype=self.dtype)
    if self.score == 'additive':
      self.query = nn.Dense(self.units, dtype=self.dtype)
      self.vector = nn.Dense(1, use_bias=False, dtype=self.dtype)

  def keys(self, memory_BSF: jax.Array) -> jax.Array:
    """What queries are compared with, [B, S, U], made once for all steps."""
    if self.score != 'dot':
      return self.key(memory_BSF)
    return sum(jnp.split(memory_BSF, memory_BSF.shape[-1] // self.units, axis=-1))

  def __call__(
    self, query_BTU: jax.Array, keys_BSU: jax.Array, memory_BSF: jax.Array, length_B: jax.Array
  ) -> jax.Array:
    """Contexts [B, T, F]; what stands after a source's end has no weight."""
    if self.score == 'additive':
      mixed_BTSU = jnp.tanh(self.query(query_BTU)[:, :, None] + keys_BSU[:, None])
      score_BTS = self.vector(mixed_BTSU)[..., 0]
    else:
      score_BTS = jnp.einsum('btu,bsu->bts', query_BTU, keys_BSU)
    own_B1S = before_end(length_B, memory_BSF)[:, None]
    weight_BTS = jax.nn.softmax(
      jnp.where(own_B1S, score_BTS.astype(jnp.float32), -jnp.inf), axis=-1
    ).astype(memory_BSF.dtype)
    self.sow('intermediates', 'attention', weight_BTS)
    return jnp.einsum('bts,bsf->btf', weight_BTS, memory_BSF)
