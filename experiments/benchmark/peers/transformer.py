"""The same Transformers in PyTorch: `torch.nn.Transformer`, and a GPT by `scaled_dot_product_attention`."""
# ruff: noqa: E402 (the imports are timed)

import time

began = time.perf_counter()

import torch
from torch import nn
from torch.nn import functional

torch.optim.AdamW([torch.zeros(1)])  # the first optimizer imports some 800 modules more
import_seconds = time.perf_counter() - began

from experiments.benchmark import sequences, side, transformers
from experiments.benchmark.peers.roof import DEVICES, device_name, roof


class Block(nn.Module):
  """A block of GPT-2, with biases in its products or without."""

  def __init__(self, width, heads, bias):
    super().__init__()
    self.heads = heads
    self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
    self.qkv = nn.Linear(width, 3 * width, bias)
    self.out = nn.Linear(width, width, bias)
    self.wide = nn.Linear(width, 4 * width, bias)
    self.narrow = nn.Linear(4 * width, width, bias)

  def forward(self, x):
    """x [batch, time, width]."""
    q, k, v = self.parts(x)
    return self.after(x, functional.scaled_dot_product_attention(q, k, v, is_causal=True))

  def parts(self, x):
    """Queries, keys and values [batch, heads, time, width of a head]."""
    batch, steps, _ = x.shape
    parts = self.qkv(self.norms[0](x)).chunk(3, dim=2)
    return [part.view(batch, steps, self.heads, -1).transpose(1, 2) for part in parts]

  def after(self, x, y):
    """What follows attention's y [batch, heads, time, width of a head]."""
    x = x + self.out(y.transpose(1, 2).reshape(x.shape))
    hidden = functional.gelu(self.wide(self.norms[1](x)), approximate='tanh')
    return x + self.narrow(hidden)


class GPT(nn.Module):
  """GPT-2 with tied embeddings."""

  def __init__(self, spec, bias=False):
    super().__init__()
    self.embed = nn.Embedding(spec['vocabulary'], spec['width'])
    self.position = nn.Parameter(0.02 * torch.randn(spec['context'], spec['width']))
    blocks = [Block(spec['width'], spec['heads'], bias) for _ in range(spec['layers'])]
    self.blocks = nn.ModuleList(blocks)
    self.norm = nn.LayerNorm(spec['width'])
    nn.init.normal_(self.embed.weight, std=0.02)

  def forward(self, tokens):
    """Logits after each token."""
    x = self.embed(tokens) + self.position[: tokens.shape[1]]
    for block in self.blocks:
      x = block(x)
    return functional.linear(self.norm(x), self.embed.weight)


class Pairs(nn.Module):
  """torch.nn.Transformer between one embedding, tied."""

  def __init__(self, spec):
    super().__init__()
    width, layers = spec['width'], spec['layers']
    self.embed = nn.Embedding(spec['vocabulary'], width)
    nn.init.normal_(self.embed.weight, std=width**-0.5)
    self.net = nn.Transformer(
      width, spec['heads'], layers, layers, spec['hidden'], 0.0, batch_first=True, norm_first=True
    )
    self.register_buffer('position', torch.randn(spec['time'], width))
    mask = nn.Transformer.generate_square_subsequent_mask(spec['time'])
    self.register_buffer('mask', mask)

  def forward(self, tokens, source):
    """Logits after each token."""
    scale = self.embed.embedding_dim**0.5
    x, memory = (self.embed(ids) * scale + self.position for ids in (tokens, source))
    y = self.net(memory, x, tgt_mask=self.mask, tgt_is_causal=True)
    return functional.linear(y, self.embed.weight)


def main() -> None:
  """Takes steps of AdamW and reports."""
  spec = side.spec()
  torch.set_num_threads(side.cores())
  torch.set_flush_denormal(True)
  torch.manual_seed(spec['seed'])
  started = time.perf_counter()
  device = DEVICES[spec['device']]
  tokens = torch.from_numpy(transformers.draw(spec)).long().to(device)
  gpt = spec['net'] == 'gpt'
  net, source = (GPT(spec), ()) if gpt else (Pairs(spec), (tokens[:, 1:],))
  net = net.to(device)
  mixed = torch.autocast(device, torch.bfloat16, enabled=spec['dtype'] == 'bfloat16')
  call = torch.compile(net) if spec['compile'] else net
  optimizer = torch.optim.AdamW(net.parameters(), spec['learning_rate'], fused=True)

  def step():
    with mixed:
      logits = call(tokens[:, :-1], *source)
      loss = functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()

  figures = sequences.measure(started, spec['steps'], step)
  parameters = sum(parameter.numel() for parameter in net.parameters())
  own = {'parameters': parameters, 'threads': torch.get_num_threads()}
  own |= {
    'device': device_name(spec['device']),
    'roof': roof(spec['device'], spec['dtype']),
  }
  side.report({**figures, 'import_seconds': import_seconds, **own})


if __name__ == '__main__':
  main()
