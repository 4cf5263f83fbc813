"""Those of the optimizers (see `optimizers.py`) in which the entries of a parameter share something."""

import numpy as np
from numpy import sqrt

from tests.reference.optimizers import moments, nadam


def norm(x):
  return sqrt((x**2).sum())


def rms(x):
  return sqrt((x**2).mean())


def trust(w, update):
  """‖w‖/‖update‖, or 1 where either is 0."""
  return norm(w) / norm(update) if norm(w) and norm(update) else 1


def lamb(w, gradients, rates, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
  for (*_, m, s), rate in zip(moments(gradients, b1, b2), rates, strict=True):
    u = m / (sqrt(s) + eps) + weight_decay * w
    w = w - rate * trust(w, u) * u
    yield w


def lars(w, gradients, rates, momentum=0.9, trust_coefficient=0.001, weight_decay=0.0):
  """The ratio is to the norm of g + λw, where the paper has ‖g‖ + λ‖w‖ (and 1 where a norm is 0)."""
  v = 0
  for g, rate in zip(gradients, rates, strict=True):
    g = g + weight_decay * w
    ratio = trust_coefficient * norm(w) / norm(g) if norm(w) else 1
    v = momentum * v + rate * ratio * g
    w = w - v
    yield w


def polyak_sgd(w, gradients, rates, losses, max_learning_rate=1.0, f_min=0.0, eps=0.0):
  """SPS_max, its step times the rate, which the paper has as 1/c; w is all parameters as one vector."""
  for g, rate, loss in zip(gradients, rates, losses, strict=True):
    w = w - rate * min((loss - f_min) / ((g**2).sum() + eps), max_learning_rate) * g
    yield w


def fromage(w, gradients, rates):
  for g, rate in zip(gradients, rates, strict=True):
    w = (w - rate * trust(w, g) * g) / sqrt(1 + rate**2)
    yield w


def novograd(w, gradients, rates, b1=0.9, b2=0.25, eps=1e-6):
  m, s = 0, norm(gradients[0]) ** 2
  for t, (g, rate) in enumerate(zip(gradients, rates, strict=True)):
    s = b2 * s + (1 - b2) * norm(g) ** 2 if t else s
    m = b1 * m + g / (sqrt(s) + eps)
    w = w - rate * m
    yield w


def sm3(w, gradients, rates, momentum=0.9, eps=1e-8):
  """SM3-II: an entry's s is at most that of every line of entries (row, column) that it lies on."""
  lines = [
    np.zeros([n if i == axis else 1 for i, n in enumerate(w.shape)]) for axis in range(w.ndim)
  ]
  m = s = 0
  for g, rate in zip(gradients, rates, strict=True):
    s = g**2 + (np.min(np.broadcast_arrays(*lines), axis=0) if lines else s)
    lines = [
      s.max(axis=tuple(i for i in range(w.ndim) if i != axis), keepdims=True)
      for axis in range(w.ndim)
    ]
    m = momentum * m + (1 - momentum) * g / sqrt(s + eps)
    w = w - rate * m
    yield w


def adafactor(w, gradients, rates, min_dim_size_to_factor=128, decay_rate=0.8, eps=1e-30):
  """The paper's Algorithms 4 and 5 with d = 1 and ε₂ = 0.001; steps are relative to max(ε₂, RMS(w))."""
  s = row = column = 0
  for t, (g, rate) in enumerate(zip(gradients, rates, strict=True), 1):
    b2 = 1 - t**-decay_rate
    if w.ndim == 2 and min(w.shape) >= min_dim_size_to_factor:
      row = b2 * row + (1 - b2) * (g**2 + eps).sum(axis=1, keepdims=True)
      column = b2 * column + (1 - b2) * (g**2 + eps).sum(axis=0, keepdims=True)
      s = row * column / row.sum()
    else:
      s = b2 * s + (1 - b2) * (g**2 + eps)
    u = g / sqrt(s)
    w = w - rate * max(1e-3, rms(w)) * u / max(1, rms(u))
    yield w


def muon(w, gradients, rates, beta=0.95, ns_steps=5, eps=1e-8):
  """Momentum is Nesterov's as in `nadam`; whatever is not a matrix is left to `nadam`."""
  if w.ndim != 2:
    yield from nadam(w, gradients, rates, eps=eps)
    return
  m = 0
  for t, (g, rate) in enumerate(zip(gradients, rates, strict=True), 1):
    m = beta * m + (1 - beta) * g
    x = beta * m / (1 - beta ** (t + 1)) + (1 - beta) * g / (1 - beta**t)
    u, values, vt = np.linalg.svd(x, full_matrices=False)
    values = values / (norm(values) + eps)
    for _ in range(ns_steps):
      # Newton-Schulz on x is this odd polynomial on each of its singular values.
      values = 3.4445 * values - 4.775 * values**3 + 2.0315 * values**5
    w = w - rate * sqrt(max(1, w.shape[1] / w.shape[0])) * (u * values) @ vt
    yield w


def prodigy(w, gradients, rates, betas=(0.9, 0.999), estim_lr0=1e-6, eps=1e-8):
  """The authors' code with its correction of bias; w is all parameters as one vector."""
  b1, b2 = betas
  b3 = sqrt(b2)
  start, d, m, s, sums, inner = w, estim_lr0, 0, 0, 0, 0
  for t, (g, rate) in enumerate(zip(gradients, rates, strict=True), 1):
    step = d * rate * sqrt(1 - b2**t) / (1 - b1**t)
    m = b1 * m + (1 - b1) * d * g
    s = b2 * s + (1 - b2) * (d * g) ** 2
    sums = b3 * sums + d / estim_lr0 * step * g
    inner = b3 * inner + d / estim_lr0 * step * (g @ (start - w))
    d = max(d, inner / abs(sums).sum())
    w = w - step * m / (sqrt(s) + d * eps)
    yield w


RULES = (lamb, lars, polyak_sgd, fromage, novograd, sm3, adafactor, muon, prodigy)
