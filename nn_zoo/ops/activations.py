"""Activation functions by name, all of them from `jax.nn`, each with its equation and its source.

Every function takes an array of any shape and returns one of the same shape and dtype. Softmax and
log-softmax act along the last axis; the others act on each element.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from jax import nn

from nn_zoo.named import choose


class Activation(NamedTuple):
  """One row of the table.

  Args:
    function: array -> array of the same shape.
    equation: one line of plain text.
    source: 'Author year, [title](link)'.
  """

  function: Callable
  equation: str
  source: str


_WIDROW = (
  'Widrow & Hoff 1960, '
  '[Adaptive Switching Circuits](https://isl.stanford.edu/~widrow/papers/c1960adaptiveswitching.pdf)'
)
_BRIDLE = (
  'Bridle 1989, [Training Stochastic Model Recognition Algorithms as Networks]'
  '(https://proceedings.neurips.cc/paper/1989/hash/0336dcbab05b9d5ad24f4333c7658a0e-Abstract.html)'
)
_GELU = 'Hendrycks & Gimpel 2016, [Gaussian Error Linear Units](https://arxiv.org/abs/1606.08415)'
_MOBILENET = 'Howard et al. 2019, [Searching for MobileNetV3](https://arxiv.org/abs/1905.02244)'

ACTIVATIONS = {
  'identity': Activation(nn.identity, 'x', _WIDROW),
  'sigmoid': Activation(
    nn.sigmoid,
    'σ(x) = 1 / (1 + exp(-x))',
    'Rumelhart, Hinton & Williams 1986, [Learning Representations by Back-propagating Errors]'
    '(https://doi.org/10.1038/323533a0)',
  ),
  'tanh': Activation(
    nn.tanh,
    'tanh(x)',
    'LeCun, Bottou, Orr & Müller 1998, [Efficient BackProp]'
    '(https://doi.org/10.1007/3-540-49430-8_2)',
  ),
  'relu': Activation(
    nn.relu,
    'max(x, 0)',
    'Nair & Hinton 2010, [Rectified Linear Units Improve Restricted Boltzmann Machines]'
    '(https://icml.cc/Conferences/2010/papers/432.pdf)',
  ),
  'relu6': Activation(
    nn.relu6,
    'min(max(x, 0), 6)',
    'Krizhevsky 2010, [Convolutional Deep Belief Networks on CIFAR-10]'
    '(https://www.cs.toronto.edu/~kriz/conv-cifar10-aug2010.pdf)',
  ),
  'leaky_relu': Activation(
    nn.leaky_relu,
    'x if x ≥ 0, else 0.01 x',
    'Maas, Hannun & Ng 2013, [Rectifier Nonlinearities Improve Neural Network Acoustic Models]'
    '(https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf)',
  ),
  'elu': Activation(
    nn.elu,
    'x if x > 0, else exp(x) - 1',
    'Clevert, Unterthiner & Hochreiter 2016, [Fast and Accurate Deep Network Learning by '
    'Exponential Linear Units](https://arxiv.org/abs/1511.07289)',
  ),
  'celu': Activation(
    nn.celu,
    'max(x, 0) + α (exp(min(x, 0) / α) - 1), α = 1',
    'Barron 2017, [Continuously Differentiable Exponential Linear Units]'
    '(https://arxiv.org/abs/1704.07483)',
  ),
  'selu': Activation(
    nn.selu,
    'λ x if x > 0, else λ α (exp(x) - 1); λ = 1.0507, α = 1.6733',
    'Klambauer et al. 2017, [Self-Normalizing Neural Networks](https://arxiv.org/abs/1706.02515)',
  ),
  'gelu': Activation(partial(nn.gelu, approximate=False), 'x (1 + erf(x / √2)) / 2', _GELU),
  'gelu_tanh': Activation(
    partial(nn.gelu, approximate=True), 'x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2', _GELU
  ),
  'silu': Activation(
    nn.silu,
    'x σ(x)',
    'Elfwing, Uchibe & Doya 2018, [Sigmoid-Weighted Linear Units for Neural Network Function '
    'Approximation in Reinforcement Learning](https://arxiv.org/abs/1702.03118)',
  ),
  'mish': Activation(
    nn.mish,
    'x tanh(log(1 + exp(x)))',
    'Misra 2020, [Mish: A Self Regularized Non-Monotonic Activation Function]'
    '(https://arxiv.org/abs/1908.08681)',
  ),
  'softplus': Activation(
    nn.softplus,
    'log(1 + exp(x))',
    'Dugas et al. 2001, [Incorporating Second-Order Functional Knowledge for Better Option '
    'Pricing](https://papers.nips.cc/paper/'
    '1920-incorporating-second-order-functional-knowledge-for-better-option-pricing)',
  ),
  'squareplus': Activation(
    nn.squareplus,
    '(x + √(x² + 4)) / 2',
    'Barron 2021, [Squareplus: A Softplus-Like Algebraic Rectifier]'
    '(https://arxiv.org/abs/2112.11687)',
  ),
  'soft_sign': Activation(
    nn.soft_sign,
    'x / (1 + abs(x))',
    'Turian, Bergstra & Bengio 2009, [Quadratic Features and Deep Architectures for Chunking]'
    '(https://aclanthology.org/N09-2062)',
  ),
  'hard_sigmoid': Activation(nn.hard_sigmoid, 'min(max(x + 3, 0), 6) / 6', _MOBILENET),
  'hard_silu': Activation(nn.hard_silu, 'x min(max(x + 3, 0), 6) / 6', _MOBILENET),
  'hard_tanh': Activation(
    nn.hard_tanh,
    'min(max(x, -1), 1)',
    'Collobert et al. 2011, [Natural Language Processing (almost) from Scratch]'
    '(https://arxiv.org/abs/1103.0398)',
  ),
  'log_sigmoid': Activation(
    nn.log_sigmoid,
    'log σ(x) = -log(1 + exp(-x))',
    'Goodfellow, Bengio & Courville 2016, [Deep Learning, chapter 3]'
    '(https://www.deeplearningbook.org/contents/prob.html)',
  ),
  'softmax': Activation(nn.softmax, 'exp(xᵢ) / Σⱼ exp(xⱼ)', _BRIDLE),
  'log_softmax': Activation(nn.log_softmax, 'xᵢ - log Σⱼ exp(xⱼ)', _BRIDLE),
}


def activation(name: str) -> Callable:
  """The activation function of that name.

  Raises:
    InputError: ACTIVATIONS has no such name.
  """
  return choose(ACTIVATIONS, name, 'activation').function
