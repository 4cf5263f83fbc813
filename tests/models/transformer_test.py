import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax._src.cudnn import fused_attention_stablehlo

from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.models.bert import BERT
from nn_zoo.models.gpt import GPT
from nn_zoo.models.presets import PRESETS
from nn_zoo.models.transformer import Transformer
from nn_zoo.models.vit import ViT
from tests.reference import assert_near

BATCH, TIME, VOCABULARY = 2, 6, 11
SOURCE = {'values': np.array([[3, 1, 4, 1, 5], [9, 2, 6, 0, 0]]), 'length': np.array([5, 3])}
TOKENS = np.array([[1, 7, 2, 8, 1, 8], [1, 2, 8, 4, 5, 9]])
PAIR = {'vocabulary': VOCABULARY, 'width': 8, 'hidden': 12, 'heads': 2, 'length': 8}
PAIR |= {'encoder_layers': 2, 'decoder_layers': 2}
TEXT = {'vocabulary': VOCABULARY, 'context': 8, 'width': 8, 'layers': 2, 'heads': 2}


def shapes(model, *inputs):
  return jax.eval_shape(model.init, jax.random.key(0), *inputs)['params']


def filled(model, *inputs):
  """Parameters of a model, with none left at 0."""
  rng = np.random.default_rng(1)
  return jax.tree.map(lambda a: np.float32(rng.normal(size=a.shape)) / 2, shapes(model, *inputs))


def primed(model, variables, tokens_BT, steps):
  """The state after a prompt, with room for so many steps."""
  prime = jax.jit(lambda tokens_BT: model.apply(variables, tokens_BT, steps, method='prime'))
  return prime(tokens_BT)


WORDS = jnp.zeros((1, 16), jnp.int32)
PAIRED = {'values': WORDS, 'length': jnp.array([16])}, WORDS
IMAGE = (jnp.zeros((1, 224, 224, 3)),)
COUNTS = {
  'transformer_base': ({'vocabulary': 37000}, PAIRED, 63_082_496),
  'transformer_big': ({'vocabulary': 37000}, PAIRED, 214_245_376),
  'gpt2_small': ({}, (WORDS,), 124_439_808),
  'bert_base': ({'classes': 0}, (WORDS,), 109_482_240),
  'vit_tiny': ({'classes': 1000}, IMAGE, 5_717_416),
  'vit_small': ({'classes': 1000}, IMAGE, 22_050_664),
  'vit_base': ({'classes': 1000}, IMAGE, 86_567_656),
}


@pytest.mark.parametrize('name', PRESETS)
def test_presets_have_as_many_parameters_as_published(name):
  fields, inputs, count = COUNTS[name]
  model = create_model(name, **fields)
  assert sum(a.size for a in jax.tree.leaves(shapes(model, *inputs))) == count
  assert f'{count:,} parameters' in PRESETS[name].about


def test_fields_go_before_those_of_a_preset():
  assert create_model('vit_tiny', classes=2, heads=6).heads == 6
  with pytest.raises(InputError, match=r"^model.width='x': expected an integer$"):
    create_model('vit_tiny', classes=2, width='x')


@pytest.mark.parametrize(
  'fields',
  [
    {},
    {'positions': 'rotary', 'activation': 'swiglu', 'pre_norm': True, 'scan': True},
    {'kv_heads': 1, 'scan': True},
    {'positions': 'learned', 'tied': False, 'source_vocabulary': 10, 'remat': True},
  ],
)
def test_steps_of_a_transformer_are_its_teacher_forcing(fields):
  model = Transformer(**PAIR | fields)
  variables = {'params': filled(model, SOURCE, TOKENS)}
  want = jax.jit(model.apply)(variables, SOURCE, TOKENS)
  begin = jax.jit(lambda source: model.apply(variables, source, TIME, method='begin'))
  source, state = begin(SOURCE)
  step = jax.jit(lambda tokens, state: model.apply(variables, tokens, state, source, method='step'))
  beams = jax.tree.map(lambda x: np.repeat(x, 3, axis=0), state)
  for t in range(TIME):
    logits_BV, state = step(TOKENS[:, t], state)
    assert_near(logits_BV, want[:, t], 1e-5)
    # Three texts of each source, of which the last goes another way.
    tokens = np.repeat(TOKENS[:, t], 3)
    tokens[2::3] = t + 3
    several_BV, beams = step(tokens, beams)
    assert_near(several_BV.reshape(BATCH, 3, -1)[:, :2], want[:, [t, t]], 1e-5)
    assert not np.allclose(several_BV[5], want[1, t], rtol=1e-3)
  assert {a.shape[0] for a in jax.tree.leaves((source, state))} == {BATCH}


def test_what_is_behind_a_source_has_no_effect_on_any_step():
  model = Transformer(**PAIR)
  variables = {'params': filled(model, SOURCE, TOKENS)}
  run = jax.jit(lambda source: model.apply(variables, source, TOKENS))
  other = SOURCE | {'values': np.where(SOURCE['values'] == 0, 7, SOURCE['values'])}
  np.testing.assert_array_equal(run(other), run(SOURCE))
  assert not np.array_equal(run(SOURCE | {'length': np.array([5, 5])}), run(SOURCE))


@pytest.mark.parametrize(
  'fields',
  [
    {},
    {'positions': 'rotary', 'scan': True, 'kv_heads': 1, 'tied': False},
    {'positions': 'rotary', 'window': 2},
    {'window': 3},
  ],
)
@pytest.mark.parametrize('time', [0, 3])
def test_steps_of_a_gpt_are_its_teacher_forcing(fields, time):
  model = GPT(**TEXT | fields)
  variables = {'params': filled(model, TOKENS)}
  want = jax.jit(model.apply)(variables, TOKENS)
  state = primed(model, variables, TOKENS[:, :time], TIME - time)
  step = jax.jit(lambda tokens_B, state: model.apply(variables, tokens_B, state, method='step'))
  for t in range(time, TIME):
    logits_BV, state = step(TOKENS[:, t], state)
    assert_near(logits_BV, want[:, t], 1e-5)


def test_blocks_with_a_window_see_so_far_back():
  model = GPT(**TEXT | {'window': 2})
  variables = {'params': filled(model, TOKENS)}

  def first_token_moves(time):
    other = TOKENS.copy()
    other[:, 0] += 1
    run = jax.jit(lambda tokens_BT: model.apply(variables, tokens_BT))
    return np.any(run(other)[:, time] != run(TOKENS)[:, time])

  assert [first_token_moves(time) for time in range(4)] == [True, True, True, False]  # two blocks


def test_a_gpt_of_one_block_writes_on_from_its_last_context():
  model = GPT(**TEXT | {'positions': 'rotary', 'layers': 1, 'context': 4})
  tokens_BT = np.random.default_rng(0).integers(0, VOCABULARY, (BATCH, 13))
  variables = {'params': filled(model, tokens_BT[:, :4])}
  state = primed(model, variables, tokens_BT[:, :7], 6)
  step = jax.jit(lambda tokens_B, state: model.apply(variables, tokens_B, state, method='step'))
  whole = jax.jit(lambda tokens_BT: model.apply(variables, tokens_BT))
  for t in range(7, 13):
    logits_BV, state = step(tokens_BT[:, t], state)
    assert_near(logits_BV, whole(tokens_BT[:, t - 3 : t + 1])[:, -1], 1e-5)


def test_a_window_leaves_nothing_to_the_next_one():
  model = GPT(**TEXT)
  variables = {'params': filled(model, TOKENS)}
  logits_BTV, states = model.apply(variables, TOKENS, model.initial_state(BATCH), method='read')
  assert states == ()
  np.testing.assert_array_equal(logits_BTV, model.apply(variables, TOKENS))


def test_what_is_behind_a_text_has_no_effect_on_its_kind():
  model = BERT(vocabulary=VOCABULARY, classes=3, length=8, width=8, layers=2, heads=2)
  variables = {'params': filled(model, SOURCE)}
  run = jax.jit(lambda inputs: model.apply(variables, inputs))
  other = SOURCE | {'values': np.where(SOURCE['values'] == 0, 7, SOURCE['values'])}
  np.testing.assert_array_equal(run(other), run(SOURCE))
  short = {'values': SOURCE['values'][1:, :3], 'length': np.array([3])}
  assert_near(run(SOURCE)[1:], run(short), 1e-5)
  assert_near(run(short), run(short['values']), 1e-5)


def test_patches_are_read_with_their_places():
  model = ViT(classes=3, patch=4, width=8, layers=1, heads=2)
  x_BHWC = np.float32(np.random.default_rng(0).normal(size=(BATCH, 8, 12, 3)))
  params = filled(model, x_BHWC)
  features = model.apply({'params': params}, x_BHWC, method='features')
  assert features.shape == (BATCH, 8)
  run = jax.jit(lambda params, x: model.apply({'params': params}, x))
  # Two patches change places: nothing else tells them apart.
  turned = x_BHWC.copy()
  turned[:, :4, 4:8], turned[:, 4:, 8:] = x_BHWC[:, 4:, 8:], x_BHWC[:, :4, 4:8]
  order = [0, 1, 6, 3, 4, 5, 2]
  assert np.max(np.abs(run(params, turned) - run(params, x_BHWC))) > 1e-3
  moved = params | {'position': params['position'][order]}
  assert_near(run(moved, turned), run(params, x_BHWC), 1e-5)


def test_a_narrow_type_reaches_the_logits():
  for model, inputs in (
    (Transformer(**PAIR, dtype='bfloat16'), (SOURCE, TOKENS)),
    (GPT(**TEXT, dtype='bfloat16'), (TOKENS,)),
    (BERT(VOCABULARY, width=8, layers=1, heads=2, dtype='bfloat16'), (SOURCE,)),
    (ViT(3, 4, 8, 1, 2, dtype='bfloat16'), (np.zeros((1, 8, 8, 3), np.float32),)),
  ):
    logits, variables = jax.eval_shape(model.init_with_output, jax.random.key(0), *inputs)
    assert logits.dtype == jnp.bfloat16
    assert {a.dtype for a in jax.tree.leaves(variables)} == {jnp.dtype('float32')}


def test_what_does_not_fit_is_refused():
  long = np.zeros((1, 9), int)
  source = {'values': long, 'length': np.array([9])}
  with pytest.raises(InputError, match=r'model.length=8: a text has 9 tokens'):
    shapes(Transformer(**PAIR), source, TOKENS[:1])
  with pytest.raises(InputError, match=r'model.length=8: a text has 9 tokens'):
    shapes(Transformer(**PAIR), {'values': long[:, :3], 'length': np.array([3])}, long)
  with pytest.raises(
    InputError, match=r"positions='none': expected 'sinusoidal', 'learned', 'rotary'"
  ):
    shapes(Transformer(**PAIR, positions='none'), SOURCE, TOKENS)
  with pytest.raises(InputError, match=r"positions='sinusoidal': expected 'learned' or 'rotary'"):
    shapes(GPT(**TEXT, positions='sinusoidal'), TOKENS)
  with pytest.raises(InputError, match=r'model.context=8: lower task.window=9'):
    shapes(GPT(**TEXT), long)
  with pytest.raises(InputError, match=r'model.length=8: the data has texts of 9 tokens'):
    shapes(BERT(VOCABULARY, length=8, width=8, layers=1, heads=2), source)
  with pytest.raises(InputError, match=r'model.patch=3: does not divide images of 8 x 9'):
    shapes(ViT(3, 3, 8, 1, 2), np.zeros((1, 8, 9, 3), np.float32))


def test_a_text_with_learned_positions_takes_room_from_the_prompt():
  model = GPT(**TEXT)
  variables = {'params': filled(model, TOKENS)}
  state, end = (primed(model, variables, tokens, 3) for tokens in (TOKENS, TOKENS[:, 1:]))
  jax.tree.map(np.testing.assert_array_equal, state, end)
  with pytest.raises(InputError, match=r'model.context=8: 9 tokens do not fit; lower task.length'):
    primed(model, variables, TOKENS, 9)


def test_decoding_takes_no_more_steps_than_there_are_positions():
  for positions in ('learned', 'sinusoidal'):
    model = Transformer(**PAIR, positions=positions)
    variables = {'params': filled(model, SOURCE, TOKENS)}
    with pytest.raises(InputError, match=r'model.length=8: 9 steps do not fit'):
      model.apply(variables, SOURCE, 9, method='begin')


def dependence(model, table, tokens_BT, *inputs):
  """How much a text's outputs [T or 1, ...] depend on each of its tokens, by their rows in a table: [T, S].

  No token may stand twice, nor may the head be tied to the table.
  """
  params = filled(model, *inputs)

  @jax.jit
  @jax.jacrev
  def run(rows_VD):
    outputs = model.apply({'params': params | {table: {'embedding': rows_VD}}}, *inputs)
    return outputs[0].reshape(-1, outputs.shape[-1])

  return np.abs(run(params[table]['embedding'])).max(axis=(1, 3))[:, tokens_BT[0]]


WORDS_ONCE = np.array([[3, 1, 4, 0, 5, 9]])
SOURCE_ONCE = {'values': np.array([[2, 7, 1, 8, 4]]), 'length': np.array([3])}


@pytest.mark.parametrize(
  ('fields', 'reach'),
  [
    ({}, TIME),
    ({'positions': 'rotary', 'kv_heads': 1, 'scan': True, 'remat': True}, TIME),
    ({'window': 2}, 3),  # two blocks, each of which looks one back
  ],
)
def test_logits_of_a_gpt_depend_on_what_is_not_after_them_alone(fields, reach):
  model = GPT(**TEXT | {'tied': False} | fields)
  found_TT = dependence(model, 'embed', WORDS_ONCE, WORDS_ONCE)
  distance_TT = np.arange(TIME)[:, None] - np.arange(TIME)
  np.testing.assert_array_equal(found_TT > 0, (distance_TT >= 0) & (distance_TT < reach))


@pytest.mark.parametrize(
  'fields', [{}, {'positions': 'rotary', 'kv_heads': 1, 'scan': True, 'pre_norm': True}]
)
def test_logits_of_a_transformer_depend_on_targets_before_them_and_on_the_source(fields):
  model = Transformer(**PAIR | {'tied': False, 'source_vocabulary': VOCABULARY} | fields)
  inputs = SOURCE_ONCE, WORDS_ONCE
  found_TT = dependence(model, 'embed', WORDS_ONCE, *inputs)
  np.testing.assert_array_equal(found_TT > 0, np.tri(TIME, dtype=bool))
  found_TS = dependence(model, 'source_embed', SOURCE_ONCE['values'], *inputs)
  np.testing.assert_array_equal(found_TS > 0, np.tile(np.arange(5) < 3, (TIME, 1)))


def test_the_kind_of_a_text_depends_on_its_own_tokens_alone():
  model = BERT(vocabulary=VOCABULARY, classes=3, length=8, width=8, layers=2, heads=2)
  (found_S,) = dependence(model, 'embed', SOURCE_ONCE['values'], SOURCE_ONCE)
  np.testing.assert_array_equal(found_S > 0, np.arange(5) < 3)


def test_a_source_may_stand_in_any_order_with_its_positions():
  fields = {'positions': 'learned', 'tied': False, 'source_vocabulary': VOCABULARY}
  model, order = Transformer(**PAIR | fields), np.array([3, 0, 4, 2, 1])
  source = SOURCE_ONCE | {'length': np.array([5])}
  params = filled(model, source, WORDS_ONCE)

  @jax.jit
  @jax.jacrev
  def run(place_SD, values):
    rest_SD = params['source_position'][5:]
    moved = params | {'source_position': jnp.concatenate([place_SD, rest_SD])}
    return model.apply({'params': moved}, source | {'values': values}, WORDS_ONCE)[0]

  place_SD = params['source_position'][:5]
  want = run(place_SD, source['values'])
  assert_near(run(place_SD[order], source['values'][:, order]), want[:, :, order], 1e-5)
  other = run(place_SD, source['values'][:, order])
  assert np.max(np.abs(other - want)) > 0.1 * np.max(np.abs(want))


EMPTY = SOURCE | {'length': np.array([5, 0])}


@pytest.mark.parametrize('implementation', ['product', 'xla'])
@pytest.mark.parametrize('pre_norm', [False, True])
def test_a_source_of_no_tokens_gives_finite_logits_and_gradients(pre_norm, implementation):
  model = Transformer(**PAIR, pre_norm=pre_norm, implementation=implementation)
  params = filled(model, SOURCE, TOKENS)
  run = gradients_of(model)
  (logits_BTV, slopes), (others_BTV, _) = (
    run(params, EMPTY | {'values': values}, TOKENS)
    for values in (SOURCE['values'], (SOURCE['values'] + 1) % VOCABULARY)
  )
  assert all(np.all(np.isfinite(a)) for a in jax.tree.leaves((logits_BTV, slopes)))
  np.testing.assert_array_equal(logits_BTV[1], others_BTV[1])  # what stands there is not read
  assert np.any(logits_BTV[0] != others_BTV[0])
  begin = jax.jit(lambda source: model.apply({'params': params}, source, TIME, method='begin'))
  source, state = begin(EMPTY)
  step = jax.jit(functools.partial(model.apply, {'params': params}, method='step'))
  for t in range(2):
    logits_BV, state = step(TOKENS[:, t], state, source)
    assert_near(logits_BV, logits_BTV[:, t], 1e-5)


def test_a_text_of_no_tokens_gives_finite_logits_and_gradients():
  model = BERT(vocabulary=VOCABULARY, classes=3, length=8, width=8, layers=2, heads=2)
  found = gradients_of(model)(filled(model, EMPTY), EMPTY)
  assert all(np.all(np.isfinite(a)) for a in jax.tree.leaves(found))


def gradients_of(model):
  """A compiled function: parameters and inputs to outputs, and the gradient of the sum of their squares."""

  @jax.jit
  def run(params, *inputs):
    y, pull = jax.vjp(lambda params: model.apply({'params': params}, *inputs), params)
    return y, pull(y)[0]

  return run


FUSED = {'width': 16, 'implementation': 'cudnn', 'dtype': 'bfloat16'}


@pytest.mark.parametrize(
  ('model', 'inputs', 'kinds'),
  [
    (GPT(**TEXT | FUSED), (TOKENS,), {'CAUSAL'}),
    (GPT(**TEXT | FUSED, window=3, remat=True), (TOKENS,), {'CAUSAL'}),
    (GPT(**TEXT | FUSED, scan=True, remat=True), (TOKENS[:, :5],), {'CAUSAL'}),
    (Transformer(**PAIR | FUSED), (SOURCE, TOKENS), {'CAUSAL', 'PADDING'}),
    (BERT(VOCABULARY, layers=1, heads=2, **FUSED), (SOURCE,), {'PADDING'}),
    (ViT(3, 4, layers=1, heads=2, **FUSED), (np.zeros((1, 8, 8, 3), np.float32),), {'PADDING'}),
  ],
)
def test_no_model_gives_cudnn_an_array_of_all_pairs(model, inputs, kinds, monkeypatch):
  monkeypatch.setattr(fused_attention_stablehlo, 'check_cudnn_version', lambda: 91000)
  lowered = gradients_of(model).trace(shapes(model, *inputs), *inputs)
  text = lowered.lower(lowering_platforms=('cuda',)).as_text().replace('\\22', '"')
  calls = set(re.findall(r'@__cudnn\$(\w+)\(', text))
  assert calls == {'fmhaSoftmax', 'fmhaSoftmaxBackward'}
  assert set(re.findall(r'"mask_type": "(\w+)"', text)) == kinds
