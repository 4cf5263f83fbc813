"""GPT-2, BERT and ViT against those of the package `transformers`, at random weights."""

import warnings
from functools import partial
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from nn_zoo.models.bert import BERT
from nn_zoo.models.gpt import GPT
from nn_zoo.models.vit import ViT
from tests.parity.networks import torch
from tests.parity.trees import assert_small

BATCH, TIME, VOCABULARY, WIDTH, LAYERS, HEADS, HIDDEN = 3, 7, 17, 24, 2, 4, 40
NAMES = ('GPT2Config', 'GPT2LMHeadModel', 'BertConfig', 'BertModel')
NAMES += ('BertForSequenceClassification', 'ViTConfig', 'ViTForImageClassification')


@pytest.fixture(scope='module')
def theirs():
  """The package, which may be absent, and warns when it is imported."""
  with warnings.catch_warnings():
    warnings.simplefilter('ignore')
    # Parameters have other names in older ones.
    package = pytest.importorskip('transformers', minversion='5.23')
    return SimpleNamespace(**{name: getattr(package, name) for name in NAMES})


def randomized(module):
  """Weights of a size at which no part is almost linear, and no bias left at 0."""
  torch.manual_seed(0)
  with torch.no_grad():
    for parameter in module.parameters():
      parameter.add_(0.15 * torch.randn_like(parameter))
  return module.eval()


class Arrays:
  """Weights of a module, or their gradients, by their names in it."""

  def __init__(self, module, gradients=False):
    self.by_name = {
      name: (p.grad if gradients else p.detach()).numpy() for name, p in module.named_parameters()
    }

  def dense(self, name):
    return {'kernel': self.by_name[f'{name}.weight'].T, 'bias': self.by_name[f'{name}.bias']}

  def norm(self, name):
    return {'scale': self.by_name[f'{name}.weight'], 'bias': self.by_name[f'{name}.bias']}

  def turned(self, name):
    """Of a `Conv1D`, whose weights lie as ours."""
    return {'kernel': self.by_name[f'{name}.weight'], 'bias': self.by_name[f'{name}.bias']}

  def block(self, attention, attention_norm, feed_forward, feed_forward_norm):
    """A block from the names of four projections, two dense layers and their normalizations."""
    names = zip(('query', 'key', 'value', 'out'), attention, strict=True)
    return {
      'attention': {ours: self.dense(name) for ours, name in names},
      'attention_norm': self.norm(attention_norm),
      'feed_forward': {
        ours: self.dense(name) for ours, name in zip(('in', 'out'), feed_forward, strict=True)
      },
      'feed_forward_norm': self.norm(feed_forward_norm),
    }


def gpt_params(arrays):
  def block(name):
    joint = arrays.turned(f'{name}.attn.c_attn')
    parts = zip(*(np.split(joint[key], 3, axis=-1) for key in ('kernel', 'bias')), strict=True)
    query, key, value = ({'kernel': kernel, 'bias': bias} for kernel, bias in parts)
    out = arrays.turned(f'{name}.attn.c_proj')
    names = {'in': f'{name}.mlp.c_fc', 'out': f'{name}.mlp.c_proj'}
    return {
      'attention': {'query': query, 'key': key, 'value': value, 'out': out},
      'attention_norm': arrays.norm(f'{name}.ln_1'),
      'feed_forward': {ours: arrays.turned(name) for ours, name in names.items()},
      'feed_forward_norm': arrays.norm(f'{name}.ln_2'),
    }

  return {
    'embed': {'embedding': arrays.by_name['transformer.wte.weight']},
    'position': arrays.by_name['transformer.wpe.weight'],
    'blocks': {f'block_{index}': block(f'transformer.h.{index}') for index in range(LAYERS)},
    'norm': arrays.norm('transformer.ln_f'),
  }


def bert_params(arrays, prefix=''):
  def block(name):
    own = f'{name}.attention'
    return arrays.block(
      [f'{own}.self.query', f'{own}.self.key', f'{own}.self.value', f'{own}.output.dense'],
      f'{own}.output.LayerNorm',
      [f'{name}.intermediate.dense', f'{name}.output.dense'],
      f'{name}.output.LayerNorm',
    )

  embeddings = f'{prefix}embeddings'
  layers = f'{prefix}encoder.layer'
  params = {
    'embed': {'embedding': arrays.by_name[f'{embeddings}.word_embeddings.weight']},
    'position': arrays.by_name[f'{embeddings}.position_embeddings.weight'],
    'segment': arrays.by_name[f'{embeddings}.token_type_embeddings.weight'],
    'norm': arrays.norm(f'{embeddings}.LayerNorm'),
    'blocks': {f'block_{index}': block(f'{layers}.{index}') for index in range(LAYERS)},
    'pooler': arrays.dense(f'{prefix}pooler.dense'),
  }
  return params | ({'head': arrays.dense('classifier')} if prefix else {})


def vit_params(arrays):
  def block(index):
    name = f'vit.layers.{index}'
    attention = [f'{name}.attention.{part}_proj' for part in 'qkvo']
    feed_forward = [f'{name}.mlp.fc1', f'{name}.mlp.fc2']
    norms = f'{name}.layernorm_before', f'{name}.layernorm_after'
    return arrays.block(attention, norms[0], feed_forward, norms[1])

  patches = 'vit.embeddings.patch_embeddings.projection'
  return {
    'embed': {
      'kernel': arrays.by_name[f'{patches}.weight'].transpose(2, 3, 1, 0),
      'bias': arrays.by_name[f'{patches}.bias'],
    },
    'token': arrays.by_name['vit.embeddings.cls_token'][0, 0],
    'position': arrays.by_name['vit.embeddings.position_embeddings'][0],
    'blocks': {f'block_{index}': block(index) for index in range(LAYERS)},
    'norm': arrays.norm('vit.layernorm'),
    'head': arrays.dense('classifier'),
  }


def assert_same(difference, subject, module, want, model, of, inputs):
  """Outputs, and gradients in all parameters of what a fixed array weighs, are PyTorch's.

  want: PyTorch's outputs; of: weights of a module, or gradients -> parameters of ours.
  """
  params = of(Arrays(module))
  shapes = jax.eval_shape(model.init, jax.random.key(0), inputs)['params']
  assert jax.tree.map(np.shape, params) == jax.tree.map(np.shape, shapes)
  slope = np.float32(np.random.default_rng(1).normal(size=want.shape))
  (want * torch.tensor(slope)).sum().backward()

  @jax.jit
  def run(params):
    y, pull = jax.vjp(lambda params: model.apply({'params': params}, inputs), params)
    return y, pull(slope)[0]

  found, slopes = run(params)
  assert_small(difference, subject, 'outputs', found, want.detach().numpy())
  assert_small(difference, subject, 'gradients', slopes, of(Arrays(module, gradients=True)))


def tokens():
  return np.random.default_rng(0).integers(0, VOCABULARY, (BATCH, TIME))


def test_gpt_is_gpt2_of_transformers(theirs, difference):
  config = theirs.GPT2Config(
    vocab_size=VOCABULARY, n_positions=9, n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS,
    n_inner=HIDDEN, bos_token_id=0, eos_token_id=0,
  )  # fmt: skip
  module = randomized(theirs.GPT2LMHeadModel(config))
  want = module(torch.tensor(tokens())).logits
  model = GPT(VOCABULARY, 9, WIDTH, LAYERS, HEADS, hidden=HIDDEN)
  assert_same(difference, 'network gpt', module, want, model, gpt_params, tokens())


@pytest.mark.parametrize('classes', [0, 3])
def test_bert_is_bert_of_transformers(classes, theirs, difference):
  config = theirs.BertConfig(
    vocab_size=VOCABULARY, max_position_embeddings=9, hidden_size=WIDTH, intermediate_size=HIDDEN,
    num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_labels=classes or 2,
    pad_token_id=None,  # whose embedding would have no gradient
  )  # fmt: skip
  kind = theirs.BertForSequenceClassification if classes else theirs.BertModel
  module = randomized(kind(config))
  length_B = np.array([7, 2, 5])
  mask_BT = torch.tensor(np.int64(np.arange(TIME) < length_B[:, None]))
  found = module(torch.tensor(tokens()), attention_mask=mask_BT)
  want = found.logits if classes else found.pooler_output
  model = BERT(VOCABULARY, classes, 9, WIDTH, LAYERS, HEADS, HIDDEN)
  of = partial(bert_params, prefix='bert.' if classes else '')
  inputs = {'values': tokens(), 'length': length_B}
  assert_same(difference, 'network bert', module, want, model, of, inputs)


def test_vit_is_vit_of_transformers(theirs, difference):
  config = theirs.ViTConfig(
    image_size=12, patch_size=4, num_channels=3, hidden_size=WIDTH, intermediate_size=HIDDEN,
    num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_labels=5, layer_norm_eps=1e-6,
  )  # fmt: skip
  module = randomized(theirs.ViTForImageClassification(config))
  x_BHWC = np.float32(np.random.default_rng(0).normal(size=(BATCH, 12, 12, 3)))
  want = module(torch.tensor(x_BHWC.transpose(0, 3, 1, 2))).logits
  model = ViT(5, 4, WIDTH, LAYERS, HEADS, HIDDEN)
  assert_same(difference, 'network vit', module, want, model, vit_params, x_BHWC)
