import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.layers.recurrent import Recurrent
from nn_zoo.ops.recurrence_variants import GATES
from tests.reference import assert_near

KEY = jax.random.key(0)
BATCH, TIME, INPUTS, HIDDEN = 3, 5, 4, 8
x_BTD = jnp.float32(np.random.default_rng(0).normal(size=(BATCH, TIME, INPUTS)))
LENGTHS = np.array([5, 2, 3])


def count(model):
  return sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(model.init, KEY, x_BTD)))


@pytest.mark.parametrize(
  ('model', 'parameters'),
  [
    (Recurrent('rnn_tanh', HIDDEN), 8 * (4 + 8 + 1)),
    (Recurrent('gru', HIDDEN), 3 * 8 * (4 + 8 + 1) + 8),
    (Recurrent('gru_reset_before', HIDDEN), 3 * 8 * (4 + 8 + 1)),
    (Recurrent('lstm', HIDDEN, 2), 4 * 8 * (4 + 8 + 1) + 4 * 8 * (8 + 8 + 1)),
    (Recurrent('lstm', HIDDEN, 2, True), 2 * 4 * 8 * (4 + 8 + 1) + 2 * 4 * 8 * (16 + 8 + 1)),
    (Recurrent('lstm', HIDDEN, projection=3), 4 * 8 * (4 + 3 + 1) + 8 * 3),
    (Recurrent('lstm', HIDDEN, peepholes=True), 4 * 8 * (4 + 8 + 1) + 3 * 8),
    (Recurrent('lstm', HIDDEN, layer_norm=True), 4 * 8 * (4 + 8 + 3) + 2 * 8),
  ],
)
def test_parameters_are_those_of_the_equations(model, parameters):
  assert count(model) == parameters


def test_weights_begin_orthogonal_and_the_forget_gate_open():
  params = Recurrent('lstm', HIDDEN, forget_bias=2.0).init(KEY, x_BTD)['params']['forward_0']
  for part in np.split(params['recurrent'], 4, -1):
    assert_near(part.T @ part, np.eye(HIDDEN), 1e-5)
  for part in np.split(params['input'], 4, -1):
    assert np.abs(part).max() <= np.sqrt(6 / (INPUTS + HIDDEN))
  np.testing.assert_array_equal(params['bias'], np.repeat([0.0, 2.0, 0.0, 0.0], HIDDEN))


@pytest.mark.parametrize('cell', ['lstm', 'gru'])
def test_gates_begin_open_for_as_many_steps_as_are_to_be_remembered(cell):
  many = 256
  params = Recurrent(cell, many, chrono=100).init(KEY, x_BTD)['params']['forward_0']
  input_H, forget_H, *others = params['bias'].reshape(-1, many)
  np.testing.assert_array_equal(input_H, -forget_H if cell == 'lstm' else np.zeros(many))
  np.testing.assert_array_equal(others, np.zeros((len(others), many)))
  # e^bias is uniform from 1 to 99: its mean and its mean square, to four standard deviations.
  span_H = np.exp(forget_H)
  assert span_H.min() >= 1
  assert span_H.max() < 99.001
  assert_near(span_H.mean(), 50, 0.142)
  assert_near(np.square(span_H).mean(), (99**3 - 1) / (3 * 98), 0.22)


@pytest.mark.parametrize(
  'model',
  [
    Recurrent('gru', HIDDEN, 2),
    Recurrent('lstm', HIDDEN, 2, layer_norm=True, peepholes=True, projection=3),
  ],
)
def test_steps_are_the_sequence(model):
  variables = jax.jit(model.init)(KEY, x_BTD)
  y_BTF, last = jax.jit(lambda v, x: model.apply(v, x, return_state=True))(variables, x_BTD)
  one = jax.jit(lambda v, x, state: model.apply(v, x, state, method='step'))
  state = model.initial_state(BATCH)
  for t in range(TIME):
    y_BF, state = one(variables, x_BTD[:, t], state)
    assert_near(y_BF, y_BTF[:, t], 1e-6)
  assert jax.tree.structure(state) == jax.tree.structure(last)
  jax.tree.map(lambda found, want: assert_near(found, want, 1e-6), state, last)


@pytest.mark.parametrize('cell', ['gru', 'lstm'])
def test_a_sequence_may_be_cut_where_the_state_is_handed_on(cell):
  model = Recurrent(cell, HIDDEN, 2)
  variables = jax.jit(model.init)(KEY, x_BTD)
  run = jax.jit(lambda x, initial: model.apply(variables, x, None, initial, return_state=True))
  whole, last = run(x_BTD, None)
  first, state = run(x_BTD[:, :2], None)
  second, state = run(x_BTD[:, 2:], state)
  assert_near(jnp.concatenate([first, second], 1), whole, 1e-6)
  jax.tree.map(lambda found, want: assert_near(found, want, 1e-6), state, last)


def test_the_direction_back_is_the_direction_forth_of_the_turned_sequence():
  both, one = Recurrent('lstm', HIDDEN, 1, True), Recurrent('lstm', HIDDEN)
  variables = jax.jit(both.init)(KEY, x_BTD)
  y_BTF = both.apply(variables, x_BTD, LENGTHS)
  backward = {'params': {'forward_0': variables['params']['backward_0']}}
  for b, length in enumerate(LENGTHS):
    turned = one.apply(backward, x_BTD[b : b + 1, :length][:, ::-1])
    assert_near(y_BTF[b, :length, HIDDEN:], turned[0, ::-1], 1e-6)
    assert not np.any(y_BTF[b, length:])


@pytest.mark.parametrize('variational', [False, True])
def test_dropout_is_between_layers(variational):
  model = Recurrent('rnn_relu', 200, 2, dropout=0.25, variational=variational)
  x = jnp.ones((2, 6, 3))
  variables = jax.jit(model.init)(KEY, x)

  def dropped(x, train):
    rngs = {'dropout': jax.random.key(1)}
    return model.apply(variables, x, train, method='_dropped', rngs=rngs)

  y_BTF = dropped(jnp.ones((2, 6, 200)), True)
  kept = y_BTF > 0
  assert_near(y_BTF[kept], 1 / 0.75, 1e-6)
  assert abs(kept.mean() - 0.75) < 0.06
  assert bool((kept == kept[:, :1]).all()) == variational
  np.testing.assert_array_equal(dropped(y_BTF, False), y_BTF)
  outputs = [
    model.apply(variables, x, train=train, rngs={'dropout': KEY}) for train in (False, True)
  ]
  assert np.abs(outputs[0] - outputs[1]).max() > 1e-3


@pytest.mark.parametrize('cell', GATES)
def test_half_precision_is_kept_and_near(cell):
  model = Recurrent(cell, HIDDEN, 2, dtype=jnp.bfloat16)
  variables = jax.jit(model.init)(KEY, x_BTD)
  y_BTF, last = jax.jit(lambda v: model.apply(v, x_BTD, return_state=True))(variables)
  assert {leaf.dtype for leaf in jax.tree.leaves((y_BTF, last))} == {jnp.dtype('bfloat16')}
  assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype('float32')}
  wide = Recurrent(cell, HIDDEN, 2).apply(variables, x_BTD)
  assert_near(np.float32(y_BTF), wide, 0.03)


@pytest.mark.parametrize(
  ('fields', 'message'),
  [
    ({'cell': 'lstn'}, "cell='lstn': expected one of rnn_tanh, rnn_relu, lstm, gru"),
    ({'cell': 'gru', 'peepholes': True}, "peepholes=True: for cell='lstm', not 'gru'"),
    ({'cell': 'rnn_tanh', 'chrono': 9}, "chrono=9: for an LSTM or a GRU, not 'rnn_tanh'"),
    ({'cell': 'lstm', 'chrono': 2}, 'chrono=2: expected 0, or 3 steps or more$'),
    ({'cell': 'rnn_tanh', 'projection': 3}, "projection=3: for cell='lstm'"),
    ({'cell': 'gru', 'layers': 0}, 'layers=0, .*: expected 1 or more'),
    ({'cell': 'gru', 'features': 0}, 'features=0, layers=1'),
    ({'cell': 'gru', 'dropout': 1.5}, 'dropout=1.5: expected .* from 0 to below 1'),
  ],
)
def test_what_does_not_fit_together_is_named(fields, message):
  with pytest.raises(InputError, match=message):
    Recurrent(**{'features': HIDDEN, **fields})


def test_wrong_calls_are_named():
  model = Recurrent('gru', HIDDEN, 1, True)
  with pytest.raises(InputError, match='lengths: 9 of sequence 1, expected 1 to 5'):
    model.init(KEY, x_BTD, np.array([1, 9, 2]))
  with pytest.raises(InputError, match='bidirectional=True: a single step'):
    model.init(KEY, x_BTD[:, 0], model.initial_state(BATCH), method='step')


@pytest.mark.parametrize('cell', ['gru', 'lstm', 'gru_reset_before'])
@pytest.mark.parametrize('lengths', [None, LENGTHS])
def test_states_of_another_shape_are_refused_and_not_read(cell, lengths):
  # A kernel would read what lies beside them.
  model = Recurrent(cell, HIDDEN)
  variables = model.init(KEY, x_BTD)
  (right,) = model.initial_state(BATCH)
  wide = jax.tree.map(lambda array: jnp.zeros((BATCH, 64)), right)
  for wrong in (model.initial_state(BATCH + 1), (wide,), (right._replace(h_BH=right.h_BH[:1]),)):
    with pytest.raises(InputError, match=rf'{cell}: a state h of shape .*, expected \({BATCH}, '):
      model.apply(variables, x_BTD, lengths, wrong)
    with pytest.raises(InputError, match=f'{cell}: a state h of shape'):
      model.apply(variables, x_BTD[:, 0], wrong, method='step')
  with pytest.raises(
    InputError, match=r'2 initial state\(s\), expected 1, one a layer and direction'
  ):
    model.apply(variables, x_BTD, lengths, (right, right))


def test_an_lstm_needs_a_memory():
  model = Recurrent('lstm', HIDDEN)
  variables = model.init(KEY, x_BTD)
  state = model.initial_state(BATCH)[0]._replace(c_BH=None)
  with pytest.raises(InputError, match='lstm: a state c of shape None, expected'):
    model.apply(variables, x_BTD, None, (state,))
