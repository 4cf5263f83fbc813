"""Losses by name, thin over `optax.losses`, and the penalties on parameters.

Each loss is `loss(outputs, targets, **fields) -> values`, one value an example, in nats where it is
a log-likelihood. Outputs below float32 are raised to it first.

Axes: B batch, C classes, K outputs. The losses over C take classes (integers, [B]) or distributions
([B, C]), and leading axes such as B, T give a value for each position.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from optax import losses

from nn_zoo.named import choose
from nn_zoo.ops.elementwise_losses import (
  absolute,
  at_least_float32,
  binary_cross_entropy,
  binary_focal,
  binary_hinge,
  huber,
  mae,
  matched,
  mse,
  require_shape,
)


def _distributions(logits_BC: Array, targets: Array) -> tuple[Array, Array]:
  if targets.ndim < logits_BC.ndim:
    require_shape(logits_BC.shape[:-1], targets)
    targets = jax.nn.one_hot(targets, logits_BC.shape[-1])
  return matched(logits_BC, targets)


def cross_entropy(logits_BC: Array, targets: Array, label_smoothing: float = 0.0) -> Array:
  """Cross-entropy of the targets against the softmax of the logits.

  Args:
    label_smoothing: share of the target mass spread evenly over the classes, 0 to 1.

  Of class indices no one-hot rows are made, which over a vocabulary cost as much again:
  (1 - ε) (L - x_y) + ε (L - mean_c x_c),   L = log Σ_c exp x_c
  """
  if targets.ndim < logits_BC.ndim:
    require_shape(logits_BC.shape[:-1], targets)
    logits_BC = at_least_float32(logits_BC)
    loss_B = losses.softmax_cross_entropy_with_integer_labels(logits_BC, targets)
    if not label_smoothing:
      return loss_B
    even_B = jax.nn.logsumexp(logits_BC, axis=-1) - jnp.mean(logits_BC, axis=-1)
    return (1 - label_smoothing) * loss_B + label_smoothing * even_B
  logits_BC, targets_BC = _distributions(logits_BC, targets)
  targets_BC = losses.smooth_labels(targets_BC, label_smoothing)
  return losses.safe_softmax_cross_entropy(logits_BC, targets_BC)


def kl(logits_BC: Array, targets: Array) -> Array:
  """Kullback-Leibler divergence of the targets from the softmax of the logits.

  Log-probabilities serve as logits, since they are their own log-softmax.
  """
  logits_BC, targets_BC = _distributions(logits_BC, targets)
  return losses.kl_divergence(jax.nn.log_softmax(logits_BC), targets_BC)


def focal(logits_BC: Array, targets: Array, gamma: float = 2.0) -> Array:
  """Cross-entropy in which what is already predicted well counts less.

  Args:
    gamma: focusing exponent, 0 for plain cross-entropy.

  Departures: the source is binary (`binary_focal`); this is its form over a softmax.
  """
  logits_BC, targets_BC = _distributions(logits_BC, targets)
  log_p_BC = jax.nn.log_softmax(logits_BC)
  # For the likeliest class 1 - p cancels and its power may have no gradient: sum the others' p.
  top_BC = jax.nn.one_hot(logits_BC.argmax(-1), logits_BC.shape[-1], dtype=bool)
  log_rest_B1 = jax.nn.logsumexp(log_p_BC, axis=-1, where=~top_BC, keepdims=True)
  p_BC = jnp.where(top_BC, 0.0, jnp.exp(log_p_BC))
  log_q_BC = jnp.where(top_BC, log_rest_B1, jnp.log1p(-p_BC))
  return -(targets_BC * jnp.exp(gamma * log_q_BC) * log_p_BC).sum(-1)


def hinge(scores_BC: Array, targets_B: Array) -> Array:
  """By how much the best other class comes within a margin of 1; takes classes only."""
  require_shape(scores_BC.shape[:-1], targets_B)
  return losses.multiclass_hinge_loss(at_least_float32(scores_BC), targets_B)


def cosine(outputs_BK: Array, targets_BK: Array) -> Array:
  """One minus the cosine of the angle between outputs and targets; 1 where either is zero."""
  # optax clips the squared norms at epsilon, which keeps a zero vector from giving 0 / 0.
  return losses.cosine_distance(*matched(outputs_BK, targets_BK), epsilon=1e-12)


def l1(params) -> Array:
  """Σ |w| over parameters of rank 2 and more, so that biases and normalisation scales go free.

  Source: Tibshirani 1996, "Regression Shrinkage and Selection via the Lasso",
  https://doi.org/10.1111/j.2517-6161.1996.tb02080.x
  """
  return optax.tree.sum(jax.tree.map(absolute, _weights(params)))


def l2(params) -> Array:
  """½ Σ w² over parameters of rank 2 and more, so that biases and normalisation scales go free.

  Source: Krogh & Hertz 1991, "A Simple Weight Decay Can Improve Generalization",
  https://proceedings.neurips.cc/paper/1991/hash/8eefcfdf5990e441f0fb6f3fad709e21-Abstract.html
  """
  return 0.5 * optax.tree.norm(_weights(params), squared=True)


def _weights(params) -> list[Array]:
  return [leaf for leaf in jax.tree.leaves(params) if leaf.ndim > 1]


class Loss(NamedTuple):
  """One row of the table; `equation` is one line of plain text, `source` 'Author year, [title](link)'."""

  function: Callable[..., Array]
  equation: str
  source: str


_LIN = 'Lin et al. 2017, [Focal Loss for Dense Object Detection](https://arxiv.org/abs/1708.02002)'

# In the equations x are outputs, y targets, p = softmax(x) or, in the binary losses, σ(x).
LOSSES = {
  'cross_entropy': Loss(
    cross_entropy,
    '-Σ_c ((1 - ε) y_c + ε / C) log p_c, ε = label_smoothing',
    'Bridle 1989, [Training Stochastic Model Recognition Algorithms as Networks](https://'
    'proceedings.neurips.cc/paper/1989/hash/0336dcbab05b9d5ad24f4333c7658a0e-Abstract.html); '
    'Szegedy et al. 2016, [Rethinking the Inception Architecture](https://arxiv.org/abs/1512.00567)',
  ),
  'kl': Loss(
    kl,
    'Σ_c y_c (log y_c - log p_c)',
    'Kullback & Leibler 1951, [On Information and Sufficiency]'
    '(https://doi.org/10.1214/aoms/1177729694)',
  ),
  'focal': Loss(focal, '-Σ_c y_c (1 - p_c)^γ log p_c, γ = gamma', _LIN),
  'hinge': Loss(
    hinge,
    'max_c (x_c + [c ≠ y]) - x_y',
    'Crammer & Singer 2001, [On the Algorithmic Implementation of Multiclass Kernel-based Vector '
    'Machines](https://www.jmlr.org/papers/v2/crammer01a.html)',
  ),
  'binary_cross_entropy': Loss(
    binary_cross_entropy,
    'mean_k (-y_k log p_k - (1 - y_k) log(1 - p_k))',
    'Cox 1958, [The Regression Analysis of Binary Sequences]'
    '(https://doi.org/10.1111/j.2517-6161.1958.tb00292.x)',
  ),
  'binary_focal': Loss(
    binary_focal, 'mean_k (-α_k (1 - q_k)^γ log q_k), q = p if y = 1, else 1 - p', _LIN
  ),
  'binary_hinge': Loss(
    binary_hinge,
    'mean_k max(0, 1 - (2 y_k - 1) x_k)',
    'Cortes & Vapnik 1995, [Support-Vector Networks](https://doi.org/10.1007/BF00994018)',
  ),
  'mse': Loss(
    mse,
    'mean_k (x_k - y_k)²',
    'Widrow & Hoff 1960, [Adaptive Switching Circuits]'
    '(https://isl.stanford.edu/~widrow/papers/c1960adaptiveswitching.pdf)',
  ),
  'mae': Loss(
    mae,
    'mean_k abs(x_k - y_k)',
    'Koenker & Bassett 1978, [Regression Quantiles](https://doi.org/10.2307/1913643)',
  ),
  'huber': Loss(
    huber,
    'mean_k (e²/2 if abs(e) ≤ δ, else δ (abs(e) - δ/2)), e = x_k - y_k, δ = delta',
    'Huber 1964, [Robust Estimation of a Location Parameter]'
    '(https://doi.org/10.1214/aoms/1177703732)',
  ),
  'cosine': Loss(
    cosine,
    '1 - Σ_k x_k y_k / √(Σ_k x_k² Σ_k y_k²)',
    'Barz & Denzler 2020, [Deep Learning on Small Datasets without Pre-Training using Cosine Loss]'
    '(https://arxiv.org/abs/1901.09054)',
  ),
}


def loss(name: str) -> Callable[..., Array]:
  """The loss function of that name.

  Raises:
    InputError: LOSSES has no such name.
  """
  return choose(LOSSES, name, 'loss').function
