"""The same GPT as GPT-2 of the `transformers` package: `generate`, or a loop over its cached forward pass."""
# ruff: noqa: E402 (the imports are timed)

import time

began = time.perf_counter()

import torch
from transformers import GPT2Config, GPT2LMHeadModel

import_seconds = time.perf_counter() - began

from experiments.benchmark import sequences, side, transformers
from experiments.benchmark.peers.roof import roof


def generate(model, prompt, length):
  """By `generate`, greedily, with its cache."""
  options = {'do_sample': False, 'use_cache': True, 'pad_token_id': 0}
  written = model.generate(
    prompt, torch.ones_like(prompt), max_new_tokens=length, min_new_tokens=length, **options
  )
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


FORMS = {'generate': generate, 'loop': loop}


def main() -> None:
  """Writes as often as the spec says and reports."""
  spec = side.spec()
  torch.set_num_threads(side.cores())
  torch.manual_seed(spec['seed'])
  started = time.perf_counter()
  prompt = torch.from_numpy(transformers.draw(spec)[:, : spec['prompt']]).long()
  config = GPT2Config(
    vocab_size=spec['vocabulary'],
    n_positions=spec['context'],
    n_embd=spec['width'],
    n_layer=spec['layers'],
    n_head=spec['heads'],
    bos_token_id=None,
    eos_token_id=None,
  )
  model = GPT2LMHeadModel(config).eval()
  write, length = FORMS[spec['form']], spec['time'] - spec['prompt']

  def step():
    with torch.inference_mode():
      return float(write(model, prompt, length).numel())

  figures = sequences.measure(started, spec['steps'], step)
  parameters = sum(parameter.numel() for parameter in model.parameters())
  own = {'parameters': parameters, 'threads': torch.get_num_threads(), 'roof': roof()}
  side.report({**transformers.written(figures), 'import_seconds': import_seconds, **own})


if __name__ == '__main__':
  main()
