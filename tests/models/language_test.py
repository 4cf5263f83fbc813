import jax
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.models.language import RecurrentLM
from nn_zoo.models.summary import summary
from tests.reference import assert_near
from tests.reference.networks import parameters

TOKENS_BT = np.random.default_rng(0).integers(0, 6, (2, 7)).astype(np.int32)
FIELDS = {'vocabulary': 6, 'units': 4}


def made(**fields):
  model = RecurrentLM(**FIELDS | fields)
  return model, {'params': parameters(model, TOKENS_BT)}


@pytest.mark.parametrize(
  'fields',
  [
    {'layers': 2},
    {'cell': 'gru', 'embedding': 3},
    {'cell': 'rnn_tanh', 'embedding': 4, 'tied': True, 'layer_norm': True},
  ],
)
def test_windows_and_steps_with_their_states_give_the_logits_of_the_whole(fields):
  model, variables = made(**fields)
  whole_BTV = jax.jit(model.apply)(variables, TOKENS_BT)
  states, parts = model.initial_state(2), []
  for window in (TOKENS_BT[:, :3], TOKENS_BT[:, 3:5]):
    logits_BTV, states = model.apply(variables, window, states, method='read')
    parts.append(logits_BTV)
  for token_B in TOKENS_BT[:, 5:].T:
    logits_BV, states = model.apply(variables, token_B, states, method='step')
    parts.append(logits_BV[:, None])
  assert_near(np.concatenate(parts, axis=1), np.asarray(whole_BTV), 1e-5)


def test_an_output_depends_on_no_later_token():
  model, variables = made(embedding=3)
  changed_BT = np.where(np.arange(7)[None] < 4, TOKENS_BT, 5 - TOKENS_BT)
  before, after = (model.apply(variables, tokens) for tokens in (TOKENS_BT, changed_BT))
  np.testing.assert_array_equal(before[:, :4], after[:, :4])
  assert np.all(np.any(before[:, 4:] != after[:, 4:], axis=-1))


def test_an_embedding_of_the_identity_is_one_hot():
  one_hot, variables = made()
  model = RecurrentLM(**FIELDS, embedding=6)
  params = variables['params'] | {'embed': {'embedding': np.eye(6, dtype=np.float32)}}
  expected = one_hot.apply(variables, TOKENS_BT)
  np.testing.assert_allclose(model.apply({'params': params}, TOKENS_BT), expected, rtol=1e-6)


def test_tied_weights_are_one_array_for_input_and_output():
  model, variables = made(embedding=4, tied=True)
  params = variables['params']
  assert set(params) == {'embed', 'recurrent', 'bias'}
  separate = RecurrentLM(**FIELDS, embedding=4)
  head = {'kernel': params['embed']['embedding'].T, 'bias': params['bias'] + 1}
  rest = {name: params[name] for name in ('embed', 'recurrent')}
  expected = separate.apply({'params': rest | {'head': head}}, TOKENS_BT)
  found = model.apply({'params': params | {'bias': params['bias'] + 1}}, TOKENS_BT)
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_dropout_is_for_training_and_variational_dropout_stays_for_a_window():
  tokens_BT = np.zeros((2, 5), np.int32)
  model, variables = made(embedding=8, dropout=0.5, variational=True)
  rngs = {'dropout': jax.random.key(1)}
  x_BTD = model.apply(variables, tokens_BT, True, method='_embedded', rngs=rngs)
  np.testing.assert_array_equal(x_BTD, np.broadcast_to(x_BTD[:, :1], x_BTD.shape))
  assert np.any(x_BTD == 0)
  assert np.any(x_BTD != 0)
  plain = model.clone(variational=False)
  x_BTD = plain.apply(variables, tokens_BT, True, method='_embedded', rngs=rngs)
  assert np.any(x_BTD != x_BTD[:, :1])
  np.testing.assert_array_equal(
    model.apply(variables, tokens_BT), model.clone(dropout=0.0).apply(variables, tokens_BT)
  )


def test_parameters_and_flops_are_counted_by_hand():
  found = summary(RecurrentLM(**FIELDS), TOKENS_BT)
  assert found.parameters == 4 * 4 * (6 + 4 + 1) + 6 * 5
  assert found.flops == 7 * 2 * (4 * 4 * (6 + 4) + 6 * 4)


def test_what_does_not_fit_is_one_line():
  with pytest.raises(InputError, match=r'^model.embedding=3: model.tied=True needs .*units=4'):
    RecurrentLM(**FIELDS, embedding=3, tied=True).init(jax.random.key(0), TOKENS_BT)
  with pytest.raises(InputError, match=r"^cell='lst': expected one of"):
    RecurrentLM(**FIELDS, cell='lst').init(jax.random.key(0), TOKENS_BT)
