"""The same GPT in PyTorch, with its keys and values kept: as GPT-2 of the package `transformers`, and plain.

The package's is by its `generate` or by a loop over its forward pass; the plain one is that of
`peers.transformer`, which writes keys and values into memory that is taken once.
"""
# ruff: noqa: E402 (the imports are timed)

import functools
import time

began = time.perf_counter()

import torch
from torch.nn import functional
from transformers import GPT2Config, GPT2LMHeadModel

import_seconds = time.perf_counter() - began

from experiments.benchmark import sequences, side, transformers
from experiments.benchmark.peers.roof import roof
from experiments.benchmark.peers.transformer import GPT


def generate(model, prompt, length):
  """By `generate`, greedily, with its cache."""
  options = {'do_sample': False, 'use_cache': True, 'pad_token_id': 0}
  options |= {'max_new_tokens': length, 'min_new_tokens': length}
  written = model.generate(prompt, attention_mask=torch.ones_like(prompt), **options)
  return written[:, prompt.shape[1] :]


def loop(model, prompt, length):
  """By hand: the prompt in one pass, then a token at a time."""
  written, known = [], None
  tokens = prompt
  for _ in range(length):
    found = model(tokens, past_key_values=known, use_cache=True)
    known, tokens = found.past_key_values, found.logits[:, -1:].argmax(dim=-1)
    written.append(tokens)
  return torch.cat(written, dim=1)


def plain(net, prompt, length):
  """A token at a time by the plain GPT."""
  batch, first = prompt.shape
  heads = net.blocks[0].heads
  size = batch, heads, first + length, net.embed.embedding_dim // heads
  known = torch.empty(2, len(net.blocks), *size)
  written, tokens, end = [], prompt, 0
  for _ in range(length):
    begin, end = end, end + tokens.shape[1]
    x = net.embed(tokens) + net.position[begin:end]
    for block, (keys, values) in zip(net.blocks, known.unbind(1), strict=True):
      q, keys[:, :, begin:end], values[:, :, begin:end] = block.parts(x)
      y = functional.scaled_dot_product_attention(
        q, keys[:, :, :end], values[:, :, :end], is_causal=begin == 0
      )
      x = block.after(x, y)
    logits = functional.linear(net.norm(x[:, -1:]), net.embed.weight)
    tokens = logits.argmax(dim=-1)
    written.append(tokens)
  return torch.cat(written, dim=1)


def gpt2(spec):
  """GPT-2 of the package."""
  config = GPT2Config(
    vocab_size=spec['vocabulary'],
    n_positions=spec['context'],
    n_embd=spec['width'],
    n_layer=spec['layers'],
    n_head=spec['heads'],
    bos_token_id=None,
    eos_token_id=None,
  )
  return GPT2LMHeadModel(config)


FORMS = {
  'generate': (gpt2, generate),
  'loop': (gpt2, loop),
  'plain': (functools.partial(GPT, bias=True), plain),
}


def main() -> None:
  """Writes as often as the spec says and reports."""
  spec = side.spec()
  torch.set_num_threads(side.cores())
  torch.manual_seed(spec['seed'])
  started = time.perf_counter()
  prompt = torch.from_numpy(transformers.draw(spec)[:, : spec['prompt']]).long()
  network, write = FORMS[spec['form']]
  model, length = network(spec).eval(), spec['time'] - spec['prompt']

  def step():
    with torch.inference_mode():
      return float(write(model, prompt, length).numel())

  figures = sequences.measure(started, spec['steps'], step)
  parameters = sum(parameter.numel() for parameter in model.parameters())
  own = {'parameters': parameters, 'threads': torch.get_num_threads(), 'roof': roof()}
  side.report({**transformers.written(figures), 'import_seconds': import_seconds, **own})


if __name__ == '__main__':
  main()
