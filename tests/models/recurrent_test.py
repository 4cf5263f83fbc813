import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.layers.recurrent import Recurrent
from nn_zoo.models import create_model
from nn_zoo.models.summary import summary
from tests.reference import assert_near
from tests.reference.networks import dense, parameters

KEY = jax.random.key(0)
LENGTH_B = np.array([7, 3, 1])
X_BTD = np.float32(np.random.default_rng(0).normal(size=(3, 7, 5)))
SEQUENCES = {'values': X_BTD, 'length': LENGTH_B}
TOKENS = {'values': np.int32([[4, 2, 2], [3, 0, 0]]), 'length': np.int32([3, 1])}


@pytest.mark.parametrize('pool', ['last', 'mean', 'max'])
@pytest.mark.parametrize('name', ['rnn', 'lstm', 'gru'])
def test_logits_are_the_head_on_the_pooled_steps_of_each_sequence_alone(name, pool):
  model = create_model(name, classes=3, units=4, bidirectional=True, pool=pool)
  params = parameters(model, SEQUENCES)
  layer = Recurrent(model.cell, 4, bidirectional=True)
  pools = {
    'last': lambda y_TF: np.concatenate([y_TF[-1, :4], y_TF[0, 4:]]),
    'mean': lambda y_TF: y_TF.mean(axis=0),
    'max': lambda y_TF: y_TF.max(axis=0),
  }
  expected = []
  for x_TD, length in zip(X_BTD, LENGTH_B, strict=True):
    y_1TF = layer.apply({'params': params['Recurrent_0']}, x_TD[None, :length])
    expected.append(dense(params['head'], pools[pool](np.asarray(y_1TF[0]))))
  assert_near(jax.jit(model.apply)({'params': params}, SEQUENCES), np.array(expected), 1e-5)


@pytest.mark.parametrize('name', ['lstm', 'tcn', 'text_cnn'])
def test_what_stands_after_the_end_changes_nothing_and_has_no_gradient(name):
  fields = {'tcn': {'widths': (4,)}, 'text_cnn': {'maps': 4}}.get(name, {'units': 4})
  model = create_model(name, classes=3, **fields)
  params = parameters(model, SEQUENCES)

  apply = jax.jit(lambda inputs: model.apply({'params': params}, inputs))

  @jax.jit
  @jax.grad
  def slope(x_BTD):
    return jnp.sum(apply(SEQUENCES | {'values': x_BTD}) ** 2)

  after = np.arange(7)[None] >= LENGTH_B[:, None]
  found = slope(X_BTD)
  assert not np.any(found[after])
  assert np.all(np.any(found[~after] != 0, axis=-1)) or name != 'lstm'
  changed = np.where(after[..., None], 9, X_BTD)
  logits_BC = apply(SEQUENCES)
  np.testing.assert_allclose(apply(SEQUENCES | {'values': changed}), logits_BC, rtol=1e-6)
  alone_1C = apply(X_BTD[1:2, : LENGTH_B[1]])
  np.testing.assert_allclose(alone_1C[0], logits_BC[1], rtol=1e-5, atol=1e-6)


def test_variational_dropout_drops_the_same_of_every_token():
  model = create_model(
    'gru', classes=2, units=4, vocabulary=6, embedding=50, dropout=0.5, variational=True
  )
  params = parameters(model, TOKENS)
  _, seen = model.apply(
    {'params': params},
    TOKENS,
    train=True,
    rngs={'dropout': jax.random.key(0)},
    capture_intermediates=lambda module, _: type(module).__name__ == 'Dropout',
  )
  (dropped_BTE,) = seen['intermediates']['Dropout_0']['__call__']
  gone = np.asarray(dropped_BTE == 0)
  assert np.array_equal(gone, np.broadcast_to(gone[:, :1], gone.shape))
  assert 0.3 < gone.mean() < 0.7


def test_every_position_has_its_output_and_the_last_is_the_only_one_of_last():
  fields = {'classes': 3, 'units': 4, 'layers': 2}
  last, every = (create_model('gru', **fields, every_position=each) for each in (False, True))
  params = parameters(last, SEQUENCES)
  logits_BTC = every.apply({'params': params}, SEQUENCES)
  assert logits_BTC.shape == (3, 7, 3)
  expected_BC = logits_BTC[np.arange(3), LENGTH_B - 1]
  assert_near(last.apply({'params': params}, SEQUENCES), expected_BC, 1e-6)


def test_tokens_are_embedded_and_padding_does_not_contribute():
  model = create_model('lstm', classes=2, units=4, vocabulary=6, embedding=5, pool='max')
  params = parameters(model, TOKENS)
  embedded = {
    'values': params['Embed_0']['embedding'][TOKENS['values']],
    'length': TOKENS['length'],
  }
  rest = {name: leaf for name, leaf in params.items() if name != 'Embed_0'}
  dense_model = create_model('lstm', classes=2, units=4, pool='max')
  expected_BC = dense_model.apply({'params': rest}, embedded)
  assert_near(model.apply({'params': params}, TOKENS), expected_BC, 1e-6)


def test_dropout_takes_embedded_tokens_and_features_in_training_alone():
  model = create_model('lstm', classes=2, units=4, vocabulary=6, embedding=5, dropout=0.5)
  variables = {'params': parameters(model, TOKENS)}
  apply = jax.jit(lambda key: model.apply(variables, TOKENS, True, rngs={'dropout': key}))
  first, again, other = (apply(jax.random.key(seed)) for seed in (1, 1, 2))
  np.testing.assert_array_equal(first, again)
  assert np.any(first != other)


def test_images_are_read_by_rows_or_by_pixels_in_any_order():
  x_BHWC = X_BTD.reshape(3, 7, 5, 1)
  rows = create_model('rnn', classes=3, units=4)
  params = parameters(rows, X_BTD)
  np.testing.assert_array_equal(
    rows.apply({'params': params}, x_BHWC), rows.apply({'params': params}, X_BTD)
  )
  pixels = create_model('rnn', classes=3, units=4, reads='pixels', permutation=3)
  params = parameters(pixels, x_BHWC)
  order = np.random.default_rng(3).permutation(35)
  np.testing.assert_array_equal(
    pixels.apply({'params': params}, x_BHWC),
    pixels.apply({'params': params}, X_BTD.reshape(3, 35, 1)[:, order]),
  )


def test_the_parameters_and_flops_of_an_lstm_are_counted_by_hand():
  model = create_model('lstm', classes=3, units=4, projection=2, bidirectional=True)
  forward, backward, head = summary(model, SEQUENCES).rows
  kernels = 5 * 16 + 2 * 16 + 4 * 2
  assert forward[1:] == backward[1:] == ('Direction', (7, 4), kernels + 16, 2 * kernels * 7)
  assert head[2:] == ((3,), 4 * 3 + 3, 2 * 4 * 3)


@pytest.mark.parametrize(
  ('fields', 'inputs', 'line'),
  [
    ({'cell': 'gru'}, X_BTD, r"^model.cell='gru': expected 'lstm'"),
    ({'pool': 'first'}, X_BTD, r"^model.pool='first': expected 'last', 'mean', 'max'"),
    (
      {'reads': 'columns'},
      X_BTD[..., None],
      r"^model.reads='columns': expected 'rows' or 'pixels'",
    ),
    (
      {},
      TOKENS,
      r'vocabulary=0 takes reals \[batch, time, channels\] or images, got int32 \(2, 3\)',
    ),
    ({'vocabulary': 9}, X_BTD, r'vocabulary=9 takes token ids \[batch, time\], got float32'),
    ({}, SEQUENCES | {'length': LENGTH_B / 1.0}, 'length.*float'),
    ({}, SEQUENCES | {'length': LENGTH_B + 1}, 'length.*8'),
  ],
)
def test_what_does_not_fit_is_one_line(fields, inputs, line):
  with pytest.raises(InputError, match=line) as caught:
    create_model('lstm', classes=3, **fields).init(KEY, inputs)
  assert '\n' not in str(caught.value)
