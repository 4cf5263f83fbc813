"""The same DCGAN in PyTorch, with Adam; the gradient penalty by `torch.autograd.grad`."""
# ruff: noqa: E402 (the imports are timed)

import time

began = time.perf_counter()

import torch
from torch import nn
from torch.nn import functional

torch.optim.Adam([torch.zeros(1)])  # the first optimizer imports some 800 modules more
import_seconds = time.perf_counter() - began

from experiments.benchmark import generative, sequences, side
from experiments.benchmark.peers.roof import roof


class ChannelNorm(nn.LayerNorm):
  """Layer normalization over the channels of each pixel."""

  def forward(self, x):
    """x [batch, channels, height, width]."""
    return super().forward(x.movedim(1, -1)).movedim(-1, 1)


def generator(spec) -> nn.Module:
  """Dense, then three transposed convolutions; tanh."""
  width, first = spec['width'], spec['side'] // 8
  return nn.Sequential(
    nn.Linear(spec['latent'], first**2 * 4 * width, bias=False),
    nn.Unflatten(1, (4 * width, first, first)),
    nn.BatchNorm2d(4 * width),
    nn.ReLU(),
    nn.ConvTranspose2d(4 * width, 2 * width, 4, 2, 1, bias=False),
    nn.BatchNorm2d(2 * width),
    nn.ReLU(),
    nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False),
    nn.BatchNorm2d(width),
    nn.ReLU(),
    nn.ConvTranspose2d(width, spec['channels'], 4, 2, 1),
    nn.Tanh(),
  )


def critic(spec) -> nn.Module:
  """Three convolutions of stride 2 and a logit."""
  width, last = spec['width'], spec['side'] // 8
  norm = ChannelNorm if spec['penalty'] else nn.BatchNorm2d
  return nn.Sequential(
    nn.Conv2d(spec['channels'], width, 4, 2, 1),
    nn.LeakyReLU(0.2),
    nn.Conv2d(width, 2 * width, 4, 2, 1),
    norm(2 * width),
    nn.LeakyReLU(0.2),
    nn.Conv2d(2 * width, 4 * width, 4, 2, 1),
    norm(4 * width),
    nn.LeakyReLU(0.2),
    nn.Flatten(),
    nn.Linear(last**2 * 4 * width, 1),
  )


def critic_loss(spec, judge, real, fake):
  """The game's loss, and the penalty on slopes between real and generated images."""
  real_logit, fake_logit = judge(real), judge(fake)
  if spec['game'] == 'wasserstein':
    loss = fake_logit.mean() - real_logit.mean()
  else:
    loss = functional.softplus(-real_logit).mean() + functional.softplus(fake_logit).mean()
  if spec['penalty']:
    mix = torch.rand(len(real), 1, 1, 1)
    between = (mix * real + (1 - mix) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(judge(between).sum(), between, create_graph=True)
    loss = loss + spec['penalty'] * ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
  return loss


def main() -> None:
  """Takes steps of both players and reports."""
  spec = side.spec()
  torch.set_num_threads(side.cores())
  torch.set_flush_denormal(True)
  torch.manual_seed(spec['seed'])
  started = time.perf_counter()
  form = torch.channels_last if spec['channels_last'] else torch.contiguous_format
  real = torch.from_numpy(generative.draw(spec)).movedim(-1, 1).contiguous(memory_format=form)
  make, judge = (net(spec).to(memory_format=form) for net in (generator, critic))
  options = {'lr': spec['learning_rate'], 'betas': (0.5, 0.999), 'fused': True}
  of_make, of_judge = (torch.optim.Adam(net.parameters(), **options) for net in (make, judge))

  def step():
    with torch.no_grad():
      fake = make(torch.randn(len(real), spec['latent']))
    of_judge.zero_grad()
    loss = critic_loss(spec, judge, real, fake)
    loss.backward()
    of_judge.step()
    judge.requires_grad_(False)
    logit = judge(make(torch.randn(len(real), spec['latent'])))
    own = -logit.mean() if spec['game'] == 'wasserstein' else functional.softplus(-logit).mean()
    of_make.zero_grad()
    own.backward()
    of_make.step()
    judge.requires_grad_(True)
    return loss.item()

  figures = sequences.measure(started, spec['steps'], step)
  parameters = sum(p.numel() for net in (make, judge) for p in net.parameters())
  own = {'parameters': parameters, 'threads': torch.get_num_threads(), 'roof': roof()}
  side.report({**figures, 'import_seconds': import_seconds, **own})


if __name__ == '__main__':
  main()
