"""Decoding equals teacher forcing, padding is not seen, attention is what the papers say."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.layers.soft_attention import SoftAttention
from nn_zoo.models import create_model

SOURCE = {
  'values': np.int32([[4, 5, 6, 7], [8, 4, 0, 0]]),
  'length': np.int32([4, 2]),
}
TOKENS = np.int32([[2, 4, 5], [2, 6, 7]])


def made(**fields):
  model = create_model('seq2seq', **{'vocabulary': 9, 'units': 4, 'embedding': 3} | fields)
  return model, jax.jit(model.init)(jax.random.key(0), SOURCE, TOKENS)


@pytest.mark.parametrize(
  'fields',
  [
    {'attention': 'additive'},
    {'attention': 'additive', 'cell': 'lstm', 'layers': 2},
    {'attention': 'general', 'tied': True, 'embedding': 4},
    {'attention': 'dot', 'layers': 2, 'source_vocabulary': 11},
    {'attention': 'none', 'cell': 'lstm'},
  ],
)
def test_steps_equal_teacher_forcing_and_padding_is_not_seen(fields):
  model, variables = made(**fields)
  logits_BTV = jax.jit(model.apply)(variables, SOURCE, TOKENS)
  longer = {'values': np.pad(SOURCE['values'], ((0, 0), (0, 2)), constant_values=5)}
  longer['values'][1, 2:] = 7
  longer['length'] = SOURCE['length']
  source, state = model.apply(variables, longer, 3, method='begin')
  assert {len(leaf) for leaf in jax.tree.leaves((source, state))} == {2}
  step = jax.jit(lambda tokens, state: model.apply(variables, tokens, state, source, method='step'))
  beams = jax.tree.map(lambda x: np.repeat(x, 3, axis=0), state)
  for time in range(3):
    logits_BV, state = step(TOKENS[:, time], state)
    np.testing.assert_allclose(logits_BV, logits_BTV[:, time], rtol=1e-5, atol=1e-6)
    # Three texts of each source, of which the last goes another way.
    tokens = np.repeat(TOKENS[:, time], 3)
    tokens[2::3] = 4 + time
    several_BV, beams = step(tokens, beams)
    alike = several_BV.reshape(2, 3, -1)[:, :2]
    np.testing.assert_allclose(alike, logits_BTV[:, [time, time]], rtol=1e-5, atol=1e-6)
    assert not np.allclose(several_BV[5], logits_BTV[1, time], rtol=1e-3)


@pytest.mark.parametrize('attention', ['additive', 'general'])
def test_attention_can_be_seen(attention):
  model, variables = made(attention=attention)
  _, found = model.apply(variables, SOURCE, TOKENS, mutable='intermediates')
  (weight,) = jax.tree.leaves(found)
  weight = np.asarray(weight).reshape(2, 3, 4)
  np.testing.assert_allclose(weight.sum(axis=-1), 1, rtol=1e-6)
  assert np.all(weight[1, :, 2:] == 0)
  assert np.all(weight[1, :, :2] > 0)


@pytest.mark.parametrize('score', ['additive', 'general', 'dot'])
def test_weights_are_the_softmax_of_the_score(score):
  random = np.random.default_rng(0)
  query, memory = random.normal(size=(1, 2, 3)), random.normal(size=(1, 4, 6))
  layer = SoftAttention(score, 3)

  def looked(layer, query, memory):
    return layer(query, layer.keys(memory), memory, jnp.int32([3]))

  arrays = jnp.float32(query), jnp.float32(memory)
  context, variables = layer.init_with_output(jax.random.key(0), *arrays, method=looked)
  params = jax.tree.map(np.float64, variables.get('params', {}))
  if score == 'dot':
    scores = query[0] @ (memory[0, :, :3] + memory[0, :, 3:]).T
  else:
    keys = memory[0] @ params['key']['kernel']
    scores = query[0] @ keys.T
  if score == 'additive':
    read = query[0] @ params['query']['kernel'] + params['query']['bias']
    scores = (np.tanh(read[:, None] + keys[None]) @ params['vector']['kernel'])[..., 0]
  weight = np.exp(scores[:, :3]) / np.exp(scores[:, :3]).sum(axis=1, keepdims=True)
  np.testing.assert_allclose(context[0], weight @ memory[0, :3], rtol=1e-4, atol=1e-6)


def test_an_unknown_attention_is_one_line():
  with pytest.raises(InputError, match=r"^model.attention='soft': expected 'additive', .* 'none'"):
    made(attention='soft')
