"""Optimizers in NumPy float64, from their papers: (w, gradients, rates, **fields) -> w after each step.

`rates` is η of each step. Where optax chooses among a paper's variants, the oracle names the choice.
"""

import numpy as np
from numpy import sqrt


def sgd(w, gradients, rates):
  for g, rate in zip(gradients, rates, strict=True):
    w = w - rate * g
    yield w


def momentum(w, gradients, rates, momentum=0.9):
  v = 0
  for g, rate in zip(gradients, rates, strict=True):
    v = momentum * v + g
    w = w - rate * v
    yield w


def nesterov(w, gradients, rates, momentum=0.9):
  v = 0
  for g, rate in zip(gradients, rates, strict=True):
    v = momentum * v + g
    w = w - rate * (g + momentum * v)
    yield w


def adagrad(w, gradients, rates, initial_accumulator_value=0.1, eps=1e-7):
  s = initial_accumulator_value
  for g, rate in zip(gradients, rates, strict=True):
    s = s + g**2
    w = w - rate * g / sqrt(s + eps)
    yield w


def rmsprop(w, gradients, rates, decay=0.9, eps=1e-8):
  s = 0
  for g, rate in zip(gradients, rates, strict=True):
    s = decay * s + (1 - decay) * g**2
    w = w - rate * g / sqrt(s + eps)
    yield w


def adadelta(w, gradients, rates, rho=0.9, eps=1e-6):
  s = d = 0
  for g, rate in zip(gradients, rates, strict=True):
    s = rho * s + (1 - rho) * g**2
    step = sqrt(d + eps) / sqrt(s + eps) * g
    d = rho * d + (1 - rho) * step**2
    w = w - rate * step
    yield w


def moments(gradients, b1, b2):
  """(t, g, m, m̂, ŝ) of Adam."""
  m = s = 0
  for t, g in enumerate(gradients, 1):
    m = b1 * m + (1 - b1) * g
    s = b2 * s + (1 - b2) * g**2
    yield t, g, m, m / (1 - b1**t), s / (1 - b2**t)


def adam(w, gradients, rates, b1=0.9, b2=0.999, eps=1e-8):
  for (*_, m, s), rate in zip(moments(gradients, b1, b2), rates, strict=True):
    w = w - rate * m / (sqrt(s) + eps)
    yield w


def adamw(w, gradients, rates, weight_decay=0.0, **fields):
  """Adam's steps do not see the decay: they are those from 0."""
  steps = -np.diff([*adam(0 * w, gradients, rates, **fields)], axis=0, prepend=[0 * w])
  for step, rate in zip(steps, rates, strict=True):
    w = (1 - rate * weight_decay) * w - step
    yield w


def nadam(w, gradients, rates, b1=0.9, b2=0.999, eps=1e-8):
  """With β₁ the same at every step, without the paper's schedule for it."""
  for (t, g, m, _, s), rate in zip(moments(gradients, b1, b2), rates, strict=True):
    ahead = b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1**t)
    w = w - rate * ahead / (sqrt(s) + eps)
    yield w


def radam(w, gradients, rates, b1=0.9, b2=0.999, eps=1e-8):
  longest = 2 / (1 - b2) - 1
  for (t, _, _, m, s), rate in zip(moments(gradients, b1, b2), rates, strict=True):
    length = longest - 2 * t * b2**t / (1 - b2**t)
    if length >= 5:
      r2 = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
      m = sqrt(r2) * m / (sqrt(s) + eps)
    w = w - rate * m
    yield w


def adamax(w, gradients, rates, b1=0.9, b2=0.999, eps=1e-8):
  largest = 0
  for (_, g, _, m, _), rate in zip(moments(gradients, b1, b2), rates, strict=True):
    largest = np.maximum(b2 * largest, abs(g) + eps)
    w = w - rate * m / largest
    yield w


def amsgrad(w, gradients, rates, b1=0.9, b2=0.999, eps=1e-8):
  """With Adam's corrections of bias, which the paper leaves out; the largest is that of the corrected s."""
  largest = 0
  for (*_, m, s), rate in zip(moments(gradients, b1, b2), rates, strict=True):
    largest = np.maximum(largest, s)
    w = w - rate * m / (sqrt(largest) + eps)
    yield w


def adabelief(w, gradients, rates, b1=0.9, b2=0.999, eps=1e-16):
  s = 0
  for (t, g, m, m_hat, _), rate in zip(moments(gradients, b1, b2), rates, strict=True):
    s = b2 * s + (1 - b2) * (g - m) ** 2 + eps
    w = w - rate * m_hat / (sqrt(s / (1 - b2**t)) + eps)
    yield w


def yogi(w, gradients, rates, b1=0.9, b2=0.999, eps=1e-3, initial=1e-6):
  m = s = initial
  for t, (g, rate) in enumerate(zip(gradients, rates, strict=True), 1):
    m = b1 * m + (1 - b1) * g
    s = s - (1 - b2) * np.sign(s - g**2) * g**2
    w = w - rate * m / (1 - b1**t) / (sqrt(s / (1 - b2**t)) + eps)
    yield w


def adan(w, gradients, rates, b1=0.98, b2=0.92, b3=0.99, eps=1e-8):
  last, m, v, n = gradients[0], 0, 0, 0
  for t, (g, rate) in enumerate(zip(gradients, rates, strict=True), 1):
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * (g - last)
    n = b3 * n + (1 - b3) * (g + b2 * (g - last)) ** 2
    w = w - rate * (m / (1 - b1**t) + b2 * v / (1 - b2**t)) / (sqrt(n / (1 - b3**t)) + eps)
    last = g
    yield w


def lion(w, gradients, rates, b1=0.9, b2=0.99):
  m = 0
  for g, rate in zip(gradients, rates, strict=True):
    w = w - rate * np.sign(b1 * m + (1 - b1) * g)
    m = b2 * m + (1 - b2) * g
    yield w


def sign_sgd(w, gradients, rates):
  for g, rate in zip(gradients, rates, strict=True):
    w = w - rate * np.sign(g)
    yield w


def optimistic_sgd(w, gradients, rates, alpha=1.0, beta=1.0):
  last = gradients[0]
  for g, rate in zip(gradients, rates, strict=True):
    w = w - rate * ((alpha + beta) * g - beta * last)
    last = g
    yield w


def ademamix(w, gradients, rates, b1=0.9, b2=0.999, b3=0.9999, alpha=5.0, eps=1e-8):
  """Without the paper's warm-up of α and β₃."""
  slow = 0
  for (_, g, _, m, s), rate in zip(moments(gradients, b1, b2), rates, strict=True):
    slow = b3 * slow + (1 - b3) * g
    w = w - rate * (m + alpha * slow) / (sqrt(s) + eps)
    yield w


def adopt(w, gradients, rates, b1=0.9, b2=0.9999, eps=1e-6, use_clipping=True):
  """The paper's Algorithm 2 (1 if not `use_clipping`), whose s₀ takes the first gradient."""
  m, s = 0, gradients[0] ** 2
  yield w
  for t, (g, rate) in enumerate(zip(gradients[1:], rates[1:], strict=True), 1):
    limit = t**0.25 if use_clipping else np.inf
    m = b1 * m + (1 - b1) * np.clip(g / np.maximum(sqrt(s), eps), -limit, limit)
    w = w - rate * m
    s = b2 * s + (1 - b2) * g**2
    yield w


def madgrad(w, gradients, rates, momentum=0.9, eps=1e-6, weight_decay=0.0):
  """With the ε that the authors' code adds to η too."""
  start, v, s = w, 0, 0
  for t, (g, rate) in enumerate(zip(gradients, rates, strict=True), 1):
    g = g + weight_decay * w
    v = v + (rate + eps) * sqrt(t) * g
    s = s + (rate + eps) * sqrt(t) * g**2
    w = momentum * w + (1 - momentum) * (start - v / (np.cbrt(s) + eps))
    yield w


RULES = (
  *(
    sgd,
    momentum,
    nesterov,
    adagrad,
    rmsprop,
    adadelta,
    adam,
    adamw,
    nadam,
    radam,
    adamax,
    amsgrad,
  ),
  *(adabelief, yogi, adan, lion, sign_sgd, optimistic_sgd, ademamix, adopt, madgrad),
)
