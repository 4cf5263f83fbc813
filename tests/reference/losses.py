"""Losses in float64, each as (value an example, its gradient in the outputs), in closed form.

Axes: B batch, T time, C classes, K outputs, written `b`, `t`, `c`, `k` where an index is meant.
"""

from typing import Any, NamedTuple

import numpy as np

from tests.reference.activations import log_softmax, sigmoid, softmax


class Example(NamedTuple):
  """A call of a loss."""

  loss: str
  outputs: np.ndarray
  targets: np.ndarray
  fields: dict[str, Any]


def distribution(x, y):
  return np.eye(x.shape[-1])[y] if y.ndim < x.ndim else y


def smooth(x, y, label_smoothing):
  return (1 - label_smoothing) * distribution(x, y) + label_smoothing / x.shape[-1]


def cross_entropy(x, y, label_smoothing=0.0):
  return -(smooth(x, y, label_smoothing) * log_softmax(x)).sum(-1)


def cross_entropy_slope(x, y, label_smoothing=0.0):
  return softmax(x) - smooth(x, y, label_smoothing)


def kl(x, y):
  y = distribution(x, y)
  return (y * (np.log(np.where(y > 0, y, 1)) - log_softmax(x))).sum(-1)


def focal(x, y, gamma=2.0):
  return -(distribution(x, y) * (1 - softmax(x)) ** gamma * log_softmax(x)).sum(-1)


def focal_slope(x, y, gamma=2.0):
  p, q = softmax(x), 1 - softmax(x)
  # dp_c/dx_k = p_c ([c = k] - p_k)
  a = distribution(x, y) * (gamma * q ** (gamma - 1) * p * np.log(p) - q**gamma)
  return a - p * a.sum(-1, keepdims=True)


def hinge(x, y):
  true = np.take_along_axis(x, y[..., None], -1)
  return (x + 1 - distribution(x, y) - true).max(-1)


def hinge_slope(x, y):
  worst = (x + 1 - distribution(x, y)).argmax(-1)
  return distribution(x, worst) - distribution(x, y)


def per_output(x):
  return x[0].size


def mean(values):
  return values.reshape(len(values), -1).mean(-1)


def binary_cross_entropy(x, y):
  return mean(np.logaddexp(x, 0) - y * x)


def binary_cross_entropy_slope(x, y):
  return (sigmoid(x) - y) / per_output(x)


def signed(x, y, alpha):
  sign = 2 * y - 1
  return sign, sign * x, 1 if alpha is None else np.where(y == 1, alpha, 1 - alpha)


def binary_focal(x, y, gamma=2.0, alpha=None):
  _, margin, weight = signed(x, y, alpha)
  return mean(weight * sigmoid(-margin) ** gamma * np.logaddexp(-margin, 0))


def binary_focal_slope(x, y, gamma=2.0, alpha=None):
  sign, margin, weight = signed(x, y, alpha)
  p, q = sigmoid(margin), sigmoid(-margin)
  return sign * weight * q**gamma * (gamma * p * np.log(p) - q) / per_output(x)


def binary_hinge(x, y):
  return mean(np.maximum(0, 1 - (2 * y - 1) * x))


def binary_hinge_slope(x, y):
  return np.where((2 * y - 1) * x < 1, 1 - 2 * y, 0) / per_output(x)


def mse(x, y):
  return mean((x - y) ** 2)


def mse_slope(x, y):
  return 2 * (x - y) / per_output(x)


def mae(x, y):
  return mean(abs(x - y))


def mae_slope(x, y):
  return np.sign(x - y) / per_output(x)


def huber(x, y, delta=1.0):
  e = abs(x - y)
  return mean(np.where(e <= delta, e**2 / 2, delta * (e - delta / 2)))


def huber_slope(x, y, delta=1.0):
  return np.clip(x - y, -delta, delta) / per_output(x)


def length(x):
  return np.sqrt((x**2).sum(-1, keepdims=True))


def cosine(x, y):
  return 1 - (x / length(x) * y / length(y)).sum(-1)


def cosine_slope(x, y):
  cos = (x / length(x) * y / length(y)).sum(-1, keepdims=True)
  return (cos * x / length(x) - y / length(y)) / length(x)


ORACLES = {
  'cross_entropy': (cross_entropy, cross_entropy_slope),
  'kl': (kl, cross_entropy_slope),
  'focal': (focal, focal_slope),
  'hinge': (hinge, hinge_slope),
  'binary_cross_entropy': (binary_cross_entropy, binary_cross_entropy_slope),
  'binary_focal': (binary_focal, binary_focal_slope),
  'binary_hinge': (binary_hinge, binary_hinge_slope),
  'mse': (mse, mse_slope),
  'mae': (mae, mae_slope),
  'huber': (huber, huber_slope),
  'cosine': (cosine, cosine_slope),
}

_rng = np.random.default_rng(0)
x_BC = 3 * _rng.normal(size=(16, 5))
x_BTC = 3 * _rng.normal(size=(4, 3, 5))
y_B = _rng.integers(5, size=16)
y_BT = _rng.integers(5, size=(4, 3))
soft_BC = _rng.dirichlet(np.ones(5), size=16)
bits_BC = _rng.integers(2, size=(16, 5))
real_BC = _rng.normal(size=(16, 5))
real_BTC = _rng.normal(size=(4, 3, 5))

EXAMPLES = {
  'cross_entropy-classes': Example('cross_entropy', x_BC, y_B, {}),
  'cross_entropy-sequence': Example('cross_entropy', x_BTC, y_BT, {}),
  'cross_entropy-soft': Example('cross_entropy', x_BC, soft_BC, {}),
  'cross_entropy-smooth': Example('cross_entropy', x_BC, y_B, {'label_smoothing': 0.1}),
  'cross_entropy-soft-smooth': Example('cross_entropy', x_BC, soft_BC, {'label_smoothing': 0.1}),
  'kl-soft': Example('kl', x_BC, soft_BC, {}),
  'kl-classes': Example('kl', x_BC, y_B, {}),
  'focal-classes': Example('focal', x_BC, y_B, {}),
  'focal-sequence': Example('focal', x_BTC, y_BT, {'gamma': 0.5}),
  'focal-soft': Example('focal', x_BC, soft_BC, {'gamma': 3.0}),
  'hinge-classes': Example('hinge', x_BC, y_B, {}),
  'hinge-sequence': Example('hinge', x_BTC, y_BT, {}),
  'binary_cross_entropy-one': Example('binary_cross_entropy', x_BC[:, 0], bits_BC[:, 0], {}),
  'binary_cross_entropy-many': Example('binary_cross_entropy', x_BC, bits_BC, {}),
  'binary_cross_entropy-soft': Example('binary_cross_entropy', x_BC, soft_BC, {}),
  'binary_focal-many': Example('binary_focal', x_BC, bits_BC, {}),
  'binary_focal-weighted': Example('binary_focal', x_BC, bits_BC, {'gamma': 0.5, 'alpha': 0.25}),
  'binary_hinge-one': Example('binary_hinge', x_BC[:, 0], bits_BC[:, 0], {}),
  'binary_hinge-many': Example('binary_hinge', x_BC, bits_BC, {}),
  'mse-one': Example('mse', x_BC[:, 0], real_BC[:, 0], {}),
  'mse-many': Example('mse', x_BC, real_BC, {}),
  'mse-grid': Example('mse', x_BTC, real_BTC, {}),
  'mae-many': Example('mae', x_BC, real_BC, {}),
  'huber-many': Example('huber', x_BC, real_BC, {}),
  'huber-wide': Example('huber', x_BC, real_BC, {'delta': 2.5}),
  'cosine-many': Example('cosine', x_BC, real_BC, {}),
  'cosine-sequence': Example('cosine', x_BTC, real_BTC, {}),
}
