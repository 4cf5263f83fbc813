"""Attention, blocks and the whole Transformer against PyTorch: outputs, gradients and ten steps of AdamW."""

import math
from functools import partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen

from nn_zoo.layers.attention import Attention
from nn_zoo.layers.positions import sinusoids
from nn_zoo.layers.transformer import Block, Stack
from nn_zoo.models.transformer import Transformer
from nn_zoo.ops.attention import Mask
from tests.parity.networks import default_dtype, torch
from tests.parity.trees import assert_small
from tests.reference import assert_near

BATCH, TIME, SOURCE, WIDTH, HEADS, HIDDEN, VOCABULARY = 3, 7, 5, 24, 4, 40, 13
LENGTHS = np.array([5, 2, 4])
STYLES = pytest.mark.parametrize(
  ('before', 'activation'), [(False, 'relu'), (True, 'gelu'), (True, 'relu')]
)


def attention(arrays):
  """Parameters, or their gradients, of an `nn.MultiheadAttention` by their names there."""
  kernels = [*np.split(arrays['in_proj_weight'], 3), arrays['out_proj.weight']]
  biases = [*np.split(arrays['in_proj_bias'], 3), arrays['out_proj.bias']]
  names = ('query', 'key', 'value', 'out')
  return {
    name: {'kernel': kernel.T, 'bias': bias}
    for name, kernel, bias in zip(names, kernels, biases, strict=True)
  }


def norm(arrays):
  return {'scale': arrays['weight'], 'bias': arrays['bias']}


def dense(arrays):
  return {'kernel': arrays['weight'].T, 'bias': arrays['bias']}


def block(arrays):
  """Of an `nn.TransformerEncoderLayer` or an `nn.TransformerDecoderLayer`."""
  part = {
    name: {key.removeprefix(f'{name}.'): a for key, a in arrays.items() if key.startswith(name)}
    for name in {key.split('.')[0] for key in arrays}
  }
  cross = 'multihead_attn' in part
  params = {
    'attention': attention(part['self_attn']),
    'attention_norm': norm(part['norm1']),
    'feed_forward': {'in': dense(part['linear1']), 'out': dense(part['linear2'])},
    'feed_forward_norm': norm(part['norm3' if cross else 'norm2']),
  }
  if cross:
    params['cross_attention'] = attention(part['multihead_attn'])
    params['cross_attention_norm'] = norm(part['norm2'])
  return params


def whole(arrays):
  """Of an `nn.Transformer` and its embedding."""
  return {'embed': {'embedding': arrays['embed.weight']}} | stacks(arrays)


def stacks(arrays):
  """Of an `nn.Transformer`."""
  params = {}
  for stack in ('encoder', 'decoder'):
    own = {
      key.removeprefix(f'{stack}.'): a for key, a in arrays.items() if key.startswith(f'{stack}.')
    }
    indices = sorted({key.split('.')[1] for key in own if key.startswith('layers.')})
    params[stack] = {
      f'block_{index}': block(
        {
          key.removeprefix(f'layers.{index}.'): a
          for key, a in own.items()
          if key.startswith(f'layers.{index}.')
        }
      )
      for index in indices
    }
    if 'norm.weight' in own:
      params[f'{stack}_norm'] = {'scale': own['norm.weight'], 'bias': own['norm.bias']}
  return params


def values(module):
  return {name: p.detach().numpy().copy() for name, p in module.named_parameters()}


def gradients(module):
  return {name: p.grad.numpy().copy() for name, p in module.named_parameters()}


def randomized(module):
  """A module with no bias left at 0, and no scale at 1."""
  torch.manual_seed(0)
  with torch.no_grad():
    for parameter in module.parameters():
      if parameter.ndim == 1:
        parameter.add_(0.2 * torch.randn_like(parameter))
  return module


def draw(*shape, seed=0):
  return np.float32(np.random.default_rng(seed).normal(size=shape))


def inputs():
  """x, memory, and what lies behind the ends of the memory."""
  memory_BSD, behind_BS = draw(BATCH, SOURCE, WIDTH, seed=1), np.arange(SOURCE) >= LENGTHS[:, None]
  return draw(BATCH, TIME, WIDTH), memory_BSD, behind_BS


def run(outputs, params, *arrays):
  """Outputs, and gradients in parameters and arrays of what a fixed array weighs."""

  @jax.jit
  def with_gradients(params, *arrays):
    y, pull = jax.vjp(outputs, params, *arrays)
    return y, pull(jnp.asarray(draw(*y.shape, seed=2), y.dtype))

  return with_gradients(params, *arrays)


def backward(y):
  (y * torch.tensor(draw(*y.shape, seed=2))).sum().backward()


def assert_ten_steps(difference, subject, module, forward, carried, outputs, *arrays):
  """Parameters after ten steps of AdamW on a mean square are those of PyTorch's module."""
  start, target = carried(values(module)), draw(*forward().shape, seed=3)
  descent = torch.optim.AdamW(module.parameters(), 3e-3, (0.9, 0.98), 1e-3, 0.1)
  for _ in range(10):
    descent.zero_grad()
    ((forward() - torch.tensor(target)) ** 2).mean().backward()
    descent.step()
  tx = optax.adamw(3e-3, 0.9, 0.98, 1e-3, weight_decay=0.1)

  @jax.jit
  def step(params, state):
    slopes = jax.grad(lambda params: jnp.mean((outputs(params, *arrays) - target) ** 2))(params)
    updates, state = tx.update(slopes, state, params)
    return optax.apply_updates(params, updates), state

  params, state = start, tx.init(start)
  for _ in range(10):
    params, state = step(params, state)
  assert_small(difference, subject, 'parameters', params, carried(values(module)))
  moved = jax.tree.map(lambda a, b: np.abs(a - b).max(), start, params)
  assert min(jax.tree.leaves(moved)) > 1e-4


def test_attention_matches_torch(difference):
  x_BTD, memory_BSD, behind_BS = inputs()
  module = randomized(torch.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True))
  x, memory = (torch.tensor(a, requires_grad=True) for a in (x_BTD, memory_BSD))

  def forward():
    hidden = {'key_padding_mask': torch.tensor(behind_BS), 'average_attn_weights': False}
    return module(x, memory, memory, **hidden)

  y, p_BHTS = forward()
  backward(y)
  model, mask = Attention(HEADS), Mask(length_B=jnp.array(LENGTHS))
  params = attention(values(module))

  def outputs(params, x_BTD, memory_BSD):
    return model.apply({'params': params}, x_BTD, memory_BSD, mask)[0]

  found, slopes = run(outputs, params, x_BTD, memory_BSD)
  small = partial(assert_small, difference, 'layer attention')
  small('outputs', found, y.detach().numpy())
  small('gradients', slopes, (attention(gradients(module)), x.grad.numpy(), memory.grad.numpy()))
  _, sown = model.apply({'params': params}, x_BTD, memory_BSD, mask, mutable='intermediates')
  assert_near(sown['intermediates']['attention'][0], p_BHTS.detach().numpy(), 1e-5)
  steps = partial(assert_ten_steps, difference, 'layer attention', module)
  steps(lambda: forward()[0], attention, outputs, x_BTD, memory_BSD)


@STYLES
def test_encoder_layers_match_torch(before, activation, difference):
  _, x_BTD, behind_BT = inputs()
  module = randomized(
    torch.nn.TransformerEncoderLayer(
      WIDTH, HEADS, HIDDEN, 0.0, activation, batch_first=True, norm_first=before
    )
  )
  x = torch.tensor(x_BTD, requires_grad=True)

  def forward():
    return module(x, src_key_padding_mask=torch.tensor(behind_BT))

  y = forward()
  backward(y)
  model = Block(HEADS, HIDDEN, activation=activation, pre_norm=before)
  mask = Mask(length_B=jnp.array(LENGTHS))

  def outputs(params, x_BTD):
    return model.apply({'params': params}, x_BTD, mask)[0]

  found, slopes = run(outputs, block(values(module)), x_BTD)
  small = partial(assert_small, difference, 'layer transformer encoder')
  small('outputs', found, y.detach().numpy())
  small('gradients', slopes, (block(gradients(module)), x.grad.numpy()))
  steps = partial(assert_ten_steps, difference, 'layer transformer encoder', module)
  steps(forward, block, outputs, x_BTD)


@STYLES
def test_decoder_layers_match_torch(before, activation, difference):
  x_BTD, memory_BSD, behind_BS = inputs()
  module = randomized(
    torch.nn.TransformerDecoderLayer(
      WIDTH, HEADS, HIDDEN, 0.0, activation, batch_first=True, norm_first=before
    )
  )
  x, memory = (torch.tensor(a, requires_grad=True) for a in (x_BTD, memory_BSD))
  after_TT = torch.ones(TIME, TIME, dtype=torch.bool).triu(1)

  def forward():
    return module(x, memory, after_TT, memory_key_padding_mask=torch.tensor(behind_BS))

  y = forward()
  backward(y)
  model = Block(HEADS, HIDDEN, activation=activation, pre_norm=before, cross=True)
  masks = Mask(causal=True), Mask(length_B=jnp.array(LENGTHS))

  def outputs(params, x_BTD, memory_BSD):
    return model.apply({'params': params}, x_BTD, masks[0], memory_BSD, masks[1])[0]

  found, slopes = run(outputs, block(values(module)), x_BTD, memory_BSD)
  small = partial(assert_small, difference, 'layer transformer decoder')
  small('outputs', found, y.detach().numpy())
  small('gradients', slopes, (block(gradients(module)), x.grad.numpy(), memory.grad.numpy()))
  steps = partial(assert_ten_steps, difference, 'layer transformer decoder', module)
  steps(forward, block, outputs, x_BTD, memory_BSD)


def pair(before):
  """An encoder-decoder as (PyTorch's module with its embedding, its logits of a batch, our model)."""
  nn = torch.nn
  fields = {'batch_first': True, 'norm_first': before}
  # The original has no normalization behind its stacks, where `nn.Transformer` has one by default.
  last = (lambda: nn.LayerNorm(WIDTH)) if before else (lambda: None)
  layer = nn.TransformerEncoderLayer(WIDTH, HEADS, HIDDEN, 0.0, **fields)
  encoder = nn.TransformerEncoder(layer, 2, last(), enable_nested_tensor=False)
  layer = nn.TransformerDecoderLayer(WIDTH, HEADS, HIDDEN, 0.0, **fields)
  decoder = nn.TransformerDecoder(layer, 2, last())
  module = nn.Transformer(
    WIDTH, HEADS, batch_first=True, custom_encoder=encoder, custom_decoder=decoder
  )
  module.embed = nn.Embedding(VOCABULARY, WIDTH)
  torch.manual_seed(0)
  nn.init.normal_(module.embed.weight, std=WIDTH**-0.5)
  place = torch.tensor(sinusoids(10, WIDTH))

  def logits(batch):
    def embedded(tokens):
      return module.embed(torch.tensor(tokens)) * math.sqrt(WIDTH) + place[: tokens.shape[1]]

    behind = torch.tensor(np.arange(SOURCE) >= batch.length[:, None])
    y = module(
      embedded(batch.source),
      embedded(batch.tokens),
      tgt_mask=torch.ones(TIME, TIME, dtype=torch.bool).triu(1),
      src_key_padding_mask=behind,
      memory_key_padding_mask=behind,
    )
    return y @ module.embed.weight.T

  model = Transformer(
    VOCABULARY,
    width=WIDTH,
    hidden=HIDDEN,
    heads=HEADS,
    encoder_layers=2,
    decoder_layers=2,
    length=10,
    pre_norm=before,
    dropout=0.0,
  )
  return module, logits, model


class AsItComes(linen.Module):
  """`nn.Transformer`'s own arrangement: normalized after each branch, and once more behind each stack."""

  @linen.compact
  def __call__(self, x_BSD, y_BTD, source_B, target_B):
    fields = {'heads': HEADS, 'hidden': HIDDEN}
    seen = Mask(length_B=source_B)
    memory_BSD, _ = Stack(2, fields, name='encoder')(x_BSD, seen)
    memory_BSD = linen.LayerNorm(1e-5, name='encoder_norm')(memory_BSD)
    own = Mask(causal=True, length_B=target_B)
    decoder = Stack(2, fields | {'cross': True}, name='decoder')
    return linen.LayerNorm(1e-5, name='decoder_norm')(decoder(y_BTD, own, memory_BSD, seen)[0])


@pytest.mark.parametrize(('dtype', 'tolerance'), [('float64', 1e-10), ('float32', 1e-5)])
def test_transformers_as_they_come_match_torch_with_padded_targets(dtype, tolerance, difference):
  with jax.enable_x64(dtype == 'float64'), default_dtype(dtype):
    module = torch.nn.Transformer(WIDTH, HEADS, 2, 2, HIDDEN, 0.0, batch_first=True)
    randomized(module)
    target_BTD, source_BSD = (np.asarray(a, dtype) for a in inputs()[:2])
    targets = np.array([3, 7, 1])
    x, y = (torch.tensor(a, requires_grad=True) for a in (source_BSD, target_BTD))
    behind = {
      name: torch.tensor(np.arange(time) >= lengths[:, None])
      for name, time, lengths in (
        ('src_key_padding_mask', SOURCE, LENGTHS),
        ('memory_key_padding_mask', SOURCE, LENGTHS),
        ('tgt_key_padding_mask', TIME, targets),
      )
    }
    after_TT = torch.ones(TIME, TIME, dtype=torch.bool).triu(1)

    def forward():
      return module(x, y, tgt_mask=after_TT, **behind)

    want = forward()
    backward(want)

    def outputs(params, *arrays):
      return AsItComes().apply({'params': params}, *arrays, LENGTHS, targets)

    found, slopes = run(outputs, stacks(values(module)), source_BSD, target_BTD)
    subject = 'network transformer, as torch.nn.Transformer comes'
    small = partial(assert_small, difference, subject, tolerance=tolerance)
    small('outputs', found, want.detach().numpy())
    small('gradients', slopes, (stacks(gradients(module)), x.grad.numpy(), y.grad.numpy()))
    if dtype == 'float32':
      steps = partial(assert_ten_steps, difference, subject, module)
      steps(forward, stacks, outputs, source_BSD, target_BTD)


def batch_of(seed):
  rng = np.random.default_rng(seed)
  source, tokens = (rng.integers(0, VOCABULARY, (BATCH, time)) for time in (SOURCE, TIME))
  return SimpleNamespace(source=source, tokens=tokens, length=rng.integers(1, SOURCE + 1, BATCH))


def ours(model, params, batch):
  source = {'values': batch.source, 'length': batch.length}
  return model.apply({'params': params}, source, batch.tokens)


@pytest.mark.parametrize('before', [False, True])
@pytest.mark.parametrize(('dtype', 'tolerance'), [('float64', 1e-10), ('float32', 1e-5)])
def test_an_encoder_decoder_matches_torch(before, dtype, tolerance, difference):
  with jax.enable_x64(dtype == 'float64'), default_dtype(dtype):
    module, logits, model = pair(before)
    randomized(module)
    batch = batch_of(0)
    y = logits(batch)
    backward(y)
    found, (slopes,) = run(lambda params: ours(model, params, batch), whole(values(module)))
    assert found.dtype == dtype
    small = partial(assert_small, difference, 'network transformer', tolerance=tolerance)
    small('outputs', found, y.detach().numpy())
    small('gradients', slopes, whole(gradients(module)))


# Gradients of 0 but for rounding make steps of any sign, unless epsilon is larger.
@pytest.mark.parametrize(
  ('dtype', 'epsilon', 'tolerance'), [('float64', 1e-8, 1e-8), ('float32', 1e-3, 1e-5)]
)
@pytest.mark.parametrize('before', [False, True])
def test_parameters_after_ten_steps_of_adamw_match_torch(
  dtype, epsilon, tolerance, before, difference
):
  with jax.enable_x64(dtype == 'float64'), default_dtype(dtype):
    module, logits, model = pair(before)
    randomized(module)
    start, batches = whole(values(module)), [batch_of(seed) for seed in range(10)]
    settings = {'betas': (0.9, 0.98), 'eps': epsilon, 'weight_decay': 0.1}
    descent = torch.optim.AdamW(module.parameters(), 3e-3, **settings)
    for batch in batches:
      descent.zero_grad()
      y = logits(batch)[:, :-1].reshape(-1, VOCABULARY)
      wanted = torch.tensor(batch.tokens[:, 1:].reshape(-1))
      torch.nn.functional.cross_entropy(y, wanted).backward()
      descent.step()
    want = whole(values(module))
    found = ten_steps(model, start, batches, epsilon)
    assert_small(difference, 'network transformer', 'parameters', found, want, tolerance)
    moved = jax.tree.map(lambda a, b: np.abs(a - b).max(), start, want)
    for path, leaf in jax.tree.leaves_with_path(moved):
      assert leaf > 1e-3 or jax.tree_util.keystr(path).endswith("['key']['bias']")


def ten_steps(model, params, batches, epsilon):
  """Parameters after a step of AdamW for each batch."""
  tx = optax.adamw(3e-3, 0.9, 0.98, epsilon, weight_decay=0.1)
  state = tx.init(params)

  @jax.jit
  def step(params, state, source, length, tokens):
    def loss(params):
      batch = SimpleNamespace(source=source, length=length, tokens=tokens)
      y = ours(model, params, batch)[:, :-1]
      return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(y, tokens[:, 1:]))

    updates, state = tx.update(jax.grad(loss)(params), state, params)
    return optax.apply_updates(params, updates), state

  for batch in batches:
    params, state = step(params, state, batch.source, batch.length, batch.tokens)
  return params
