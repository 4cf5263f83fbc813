"""Recurrent encoder and decoder with soft attention: a text made from a text.

Axes: B batch, S source time, T target time, D features of an embedding, F features of the source's outputs,
U units, V vocabulary.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from nn_zoo.errors import InputError
from nn_zoo.layers.dropout import Dropout
from nn_zoo.layers.recurrent import Recurrent, State, States
from nn_zoo.layers.soft_attention import SoftAttention
from nn_zoo.named import DType


class Seq2Seq(nn.Module):
  """An encoder of both directions, and a decoder that looks back at all of its outputs.

  memory, last = encoder(source);   h_{-1} = tanh(bridge(last))
  h_t = decoder(x_t, h_{t-1});   c_t = attention(h_t, memory);   r_t = tanh(readout(h_t, c_t))
  logits_t = head(r_t)

  x_t is the embedding of token t. With 'additive' attention the decoder reads (x_t, c_t) with c_t =
  attention(h_{t-1}, memory), and the readout sees x_t, too; it goes step by step, the others' attention is
  over all steps at once. With 'none', c_t is left out and all that the decoder knows is `last`.

  Attributes:
    vocabulary: token ids of targets.
    source_vocabulary: token ids of sources; 0: those of the targets, in one embedding.
    cell: 'gru', 'lstm', 'rnn_tanh' or 'rnn_relu'.
    units: of each direction of the encoder, and of the decoder.
    layers: recurrent layers on top of each other, in each.
    embedding: width of the tokens' embedding.
    attention: 'additive' (Bahdanau), 'general' or 'dot' (Luong), or 'none'.
    tied: the output's weights are those of the target's embedding.
    dropout: share set to 0 in training: of embedded tokens, between layers, and before the output.
    dtype: of the computation ('bfloat16' or 'float32'); parameters are float32.

  Sources: Sutskever, Vinyals & Le 2014, https://arxiv.org/abs/1409.3215, 'none'; Bahdanau, Cho & Bengio 2015,
  https://arxiv.org/abs/1409.0473; Luong, Pham & Manning 2015, https://arxiv.org/abs/1508.04025; Press & Wolf
  2016, https://arxiv.org/abs/1608.05859, for tied weights.
  Departures: the readout is tanh where Bahdanau et al. have maxout; Luong et al.'s input feeding is left out;
  the first state comes from the last of both directions.
  """

  vocabulary: int
  source_vocabulary: int = 0
  cell: str = 'gru'
  units: int = 256
  layers: int = 1
  embedding: int = 256
  attention: str = 'additive'
  tied: bool = False
  dropout: float = 0.0
  dtype: DType = None

  def setup(self):
    if self.embedding < 1:
      raise InputError(f'model.embedding={self.embedding}: expected 1 or more')
    self.embed = nn.Embed(self.vocabulary, self.embedding, dtype=self.dtype)
    if self.source_vocabulary:
      self.source_embed = nn.Embed(self.source_vocabulary, self.embedding, dtype=self.dtype)
    fields = {
      'cell': self.cell,
      'features': self.units,
      'layers': self.layers,
      'dropout': self.dropout,
      'dtype': self.dtype,
    }
    self.encoder = Recurrent(**fields, bidirectional=True)
    self.decoder = Recurrent(**fields)
    self.bridge = nn.Dense(self.units * self.layers, dtype=self.dtype)
    if self.attention != 'none':
      self.look = SoftAttention(self.attention, self.units, dtype=self.dtype)
    self.readout = nn.Dense(self.embedding if self.tied else self.units, dtype=self.dtype)
    self.drop = Dropout(self.dropout)
    if self.tied:
      self.bias = self.param('bias', nn.initializers.zeros, (self.vocabulary,))
    else:
      self.head = nn.Dense(self.vocabulary, dtype=self.dtype)

  def __call__(self, source: Any, tokens_BT: jax.Array, train: bool = False) -> jax.Array:
    """Logits of what follows each of `tokens_BT`, which begin with <s>."""
    seen = self._encoded(source, train)
    x_BTD = self._embedded(self.embed, tokens_BT, train)
    if self.attention == 'additive':
      return self._logits(self._step_by_step(x_BTD, seen), train)
    h_BTU = self.decoder(x_BTD, initial=seen['states'], train=train)
    return self._logits(self._read(h_BTU, seen), train)

  def begin(self, source: Any, size: int) -> tuple[dict[str, Any], States]:
    """What every step reads of a source, and the state; `size`, the steps to come, takes no room here."""
    del size
    seen = self._encoded(source, False)
    return seen, seen.pop('states')

  def step(
    self, tokens_B: jax.Array, states: States, source: dict[str, Any]
  ) -> tuple[jax.Array, States]:
    """Logits of what follows one more token, and the state after it.

    Args:
      tokens_B: of texts, or of several for each source, next to one another.
      states, source: of `begin`; the state may be that of several texts for each source.
    """
    x_BD = self._embedded(self.embed, tokens_B, False)
    if self.attention == 'additive':
      states, r_BU = self._additive(states, x_BD, source)
    else:
      h_BU, states = self.decoder.step(x_BD, states)
      # Several texts of a source are its targets side by side, as steps of one text are.
      r_BU = self._read(h_BU.reshape(len(source['length']), -1, h_BU.shape[-1]), source)
      r_BU = r_BU.reshape(len(tokens_B), -1)
    return self._logits(r_BU, False), states

  def _encoded(self, source, train):
    embed = self.source_embed if self.source_vocabulary else self.embed
    x_BSD = self._embedded(embed, source['values'], train)
    memory_BSF, last = self.encoder(x_BSD, source['length'], train=train, return_state=True)
    state = {'states': self._bridged(last), 'length': source['length']}
    if self.attention == 'none':
      return state
    return state | {'memory': memory_BSF, 'keys': self.look.keys(memory_BSF)}

  def _bridged(self, last: States) -> States:
    # The last states of both directions of each layer become the first one of the decoder's.
    def joined(name):
      return [
        jnp.concatenate([getattr(s, name) for s in last[i : i + 2]], -1)
        for i in range(0, len(last), 2)
      ]

    h_BU = jnp.split(jnp.tanh(self.bridge(jnp.concatenate(joined('h_BH'), -1))), self.layers, -1)
    if self.cell != 'lstm':
      return tuple(State(h, None) for h in h_BU)
    c_BU = [sum(jnp.split(c, 2, axis=-1)) for c in joined('c_BH')]
    return tuple(State(h, c) for h, c in zip(h_BU, c_BU, strict=True))

  def _step_by_step(self, x_BTD, seen):
    def step(self, states, x_BD):
      return self._additive(states, x_BD, seen)

    walk = nn.scan(
      step,
      variable_broadcast='params',
      variable_axes={'intermediates': 1},
      split_rngs={'params': False},
      in_axes=1,
      out_axes=1,
    )
    return walk(self, seen['states'], x_BTD)[1]

  def _additive(self, states, x_BD, seen):
    h_BU = states[-1].h_BH
    query_BTU = h_BU.reshape(len(seen['length']), -1, h_BU.shape[-1])
    c_BTF = self.look(query_BTU, seen['keys'], seen['memory'], seen['length'])
    c_BF = c_BTF.reshape(len(x_BD), -1)
    h_BU, states = self.decoder.step(jnp.concatenate([x_BD, c_BF], -1), states)
    return states, jnp.tanh(self.readout(jnp.concatenate([h_BU, c_BF, x_BD], -1)))

  def _read(self, h_BTU, seen):
    if self.attention != 'none':
      c_BTF = self.look(h_BTU, seen['keys'], seen['memory'], seen['length'])
      h_BTU = jnp.concatenate([h_BTU, c_BTF], -1)
    return jnp.tanh(self.readout(h_BTU))

  def _embedded(self, embed, tokens, train):
    return self.drop(embed(tokens), deterministic=not train)

  def _logits(self, r, train):
    r = self.drop(r, deterministic=not train)
    if not self.tied:
      return self.head(r)
    logits = self.embed.attend(r)
    return logits + self.bias.astype(logits.dtype).reshape((1,) * (logits.ndim - 1) + (-1,))
