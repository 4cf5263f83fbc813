import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from tests.reference import assert_near
from tests.reference.networks import dense, parameters

KEY = jax.random.key(0)
# Of lengths 6, 3 and 1; then padding alone.
TOKENS_BT = np.array([[4, 1, 9, 2, 2, 7], [3, 8, 5, 0, 0, 0], [6, 0, 0, 0, 0, 0], [0] * 6])
MODEL = create_model(
  'text_cnn', classes=3, vocabulary=10, embedding=6, kernel_sizes=(2, 3), maps=4, activation='tanh'
)
PARAMS = parameters(MODEL, TOKENS_BT)


def logits(params, tokens):
  return jax.jit(MODEL.apply)({'params': params}, tokens)


def test_parameters_are_counted_by_hand():
  total = sum(leaf.size for leaf in jax.tree.leaves(PARAMS))
  assert total == 10 * 6 + (2 * 6 * 4 + 4) + (3 * 6 * 4 + 4) + (8 * 3 + 3)


def oracle(params, tokens):
  """The logits of one sentence without its padding, one window after the other."""
  tokens = tokens[tokens != 0]
  maxima = []
  for name in ('Conv_0', 'Conv_1'):
    kernel_KDF = params[name]['kernel']
    around = len(kernel_KDF) - 1
    x_TD = np.pad(params['Embed_0']['embedding'][tokens], ((around, around), (0, 0)))
    windows = (x_TD[i : i + around + 1] for i in range(len(tokens) + around))
    h_TF = [np.einsum('kd,kdf->f', window, kernel_KDF) for window in windows]
    maxima.append(np.tanh(np.array(h_TF) + params[name]['bias']).max(axis=0))
  return dense(params['head'], np.concatenate(maxima))


def test_logits_are_those_of_the_oracle():
  params = jax.tree.map(np.float64, PARAMS)
  expected_BC = [oracle(params, tokens_T) for tokens_T in TOKENS_BT[:3]]
  assert_near(logits(PARAMS, TOKENS_BT)[:3], np.array(expected_BC), 1e-6)


def test_padding_does_not_contribute():
  # Biases this large would make a window of padding the maximum of every feature.
  params = jax.tree.map(lambda leaf: leaf, PARAMS)
  for name in ('Conv_0', 'Conv_1'):
    params[name]['bias'] = np.float32(np.full(4, 1.0))
    params[name]['kernel'] = -np.abs(params[name]['kernel'])
  params['Embed_0']['embedding'] = np.abs(params['Embed_0']['embedding'])
  shorter_BC = logits(params, TOKENS_BT)
  longer_BC = logits(params, np.pad(TOKENS_BT, ((0, 0), (0, 5))))
  np.testing.assert_allclose(shorter_BC, longer_BC, rtol=1e-6)
  params['Embed_0']['embedding'][0] = 100
  np.testing.assert_array_equal(logits(params, TOKENS_BT), shorter_BC)


def test_a_sentence_of_padding_alone_has_the_logits_of_no_features():
  np.testing.assert_array_equal(logits(PARAMS, TOKENS_BT)[3], PARAMS['head']['bias'])
  gradients = jax.grad(lambda params: logits(params, TOKENS_BT[3:]).sum())(PARAMS)
  assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradients))
  assert not np.any(gradients['Conv_0']['bias'])


def test_the_order_of_words_counts_only_within_a_window():
  tokens_BT = np.array(
    [[1, 2, 3, 0, 0, 4, 5, 6], [4, 5, 6, 0, 0, 1, 2, 3], [3, 2, 1, 0, 0, 4, 5, 6]]
  )
  same_C, swapped_C, reversed_C = logits(PARAMS, tokens_BT)
  np.testing.assert_allclose(same_C, swapped_C, rtol=1e-5)
  assert not np.allclose(same_C, reversed_C, rtol=1e-2)


def test_dense_inputs_take_the_place_of_the_embedding():
  x_BTD = PARAMS['Embed_0']['embedding'][TOKENS_BT[:1]]
  model = create_model(
    'text_cnn', classes=3, kernel_sizes=(2, 3), maps=8, width=0.5, activation='tanh'
  )
  params = {name: leaf for name, leaf in PARAMS.items() if name != 'Embed_0'}
  assert_near(model.apply({'params': params}, x_BTD), logits(PARAMS, TOKENS_BT)[:1], 1e-6)


@pytest.mark.parametrize(
  ('vocabulary', 'inputs', 'line'),
  [
    (0, jnp.ones((2, 5), int), r'vocabulary=0 takes reals \[batch, time, channels\], got int32'),
    (9, jnp.ones((2, 5, 3)), r'vocabulary=9 takes token ids \[batch, time\], got float32 \(2, 5'),
    (9, jnp.ones((2, 5, 3), int), r'vocabulary=9 takes token ids .* got int32 \(2, 5, 3\)'),
    (0, jnp.ones((2, 5)), r'vocabulary=0 takes reals .* got float32 \(2, 5\)'),
  ],
)
def test_inputs_of_the_wrong_kind_are_named(vocabulary, inputs, line):
  with pytest.raises(InputError, match=f'text_cnn with {line}'):
    create_model('text_cnn', classes=3, vocabulary=vocabulary).init(KEY, inputs)
