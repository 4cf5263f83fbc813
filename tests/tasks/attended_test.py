import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.tasks.attended import attended

KEY = jax.random.key(0)
tokens_BT = np.random.default_rng(0).integers(4, 9, (2, 5)).astype(np.int32)
GPT = {'vocabulary': 9, 'context': 8, 'width': 8, 'layers': 3, 'heads': 2}


@pytest.mark.parametrize('scan', [False, True])
def test_a_head_is_given_for_each_layer_and_looks_back_alone(scan):
  model = create_model('gpt', **GPT, scan=scan)
  (maps,) = attended(model, jax.jit(model.init)(KEY, tokens_BT), tokens_BT)
  assert maps.shape == (3, 2, 2, 5, 5)
  np.testing.assert_allclose(maps.sum(axis=-1), 1, rtol=1e-5)
  assert not np.triu(maps, 1).any()
  assert len({maps[layer].tobytes() for layer in range(3)}) == 3


def test_layers_come_in_their_order_beyond_ten():
  model = create_model('gpt', **GPT | {'layers': 11})
  variables = jax.jit(model.init)(KEY, tokens_BT)
  (maps,) = attended(model, variables, tokens_BT)
  # Where queries are 0, a head looks everywhere alike.
  changed = jax.tree.map(jnp.zeros_like, variables['params']['blocks']['block_10'])
  params = {**variables['params'], 'blocks': {**variables['params']['blocks'], 'block_10': changed}}
  (after,) = attended(model, {'params': params}, tokens_BT)
  np.testing.assert_array_equal(after[:10], maps[:10])
  np.testing.assert_allclose(after[10, 0, 0, 3, :4], 0.25)


@pytest.mark.parametrize('scan', [False, True])
def test_a_decoder_looks_at_the_source_and_not_at_its_padding(scan):
  layers = {'encoder_layers': 1, 'decoder_layers': 2, 'scan': scan}
  model = create_model('transformer', vocabulary=9, width=8, hidden=8, heads=2, **layers)
  source = {'values': tokens_BT[:, :4], 'length': np.array([2, 4], np.int32)}
  variables = jax.jit(model.init)(KEY, source, tokens_BT)
  names = ('cross_attention', 'encoder/attention', 'decoder/attention')
  across, encoder, decoder = attended(model, variables, source, tokens_BT, layers=names)
  assert across.shape == (2, 2, 2, 5, 4)
  assert encoder.shape == (1, 2, 2, 4, 4)
  assert decoder.shape == (2, 2, 2, 5, 5)
  assert not across[:, 0, :, :, 2:].any()
  assert not encoder[:, 0, :, :, 2:].any()
  assert not np.triu(decoder, 1).any()


def test_a_model_without_heads_is_answered_in_a_line():
  model = create_model('mlp', classes=2)
  with pytest.raises(InputError, match="MLP keeps no weights of 'attention'"):
    attended(model, model.init(KEY, jnp.ones((1, 3))), jnp.ones((1, 3)))
