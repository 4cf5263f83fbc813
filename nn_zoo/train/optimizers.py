"""The table of optimizers, each with its update in a line and its source.

All are optax's own but for Adan; Adam's step is ours (`one_pass`).

w weights, g gradient, η learning rate, λ weight decay, m and v first moments, s second moment.
"""

from collections.abc import Callable
from typing import NamedTuple

import optax
from optax import contrib

from nn_zoo.train.adan import adan
from nn_zoo.train.adapted import fromage, madgrad, momentum, nesterov, polyak_sgd, sm3
from nn_zoo.train.one_pass import adam


class Optimizer(NamedTuple):
  """An entry of OPTIMIZERS: optax's function, the update in a line, and the source.

  `decay` names the function's own arguments for weight decay and its mask, if it has them.
  """

  function: Callable[..., optax.GradientTransformation]
  equation: str
  source: str
  decay: tuple[str, str] | None = None


def _link(label: str, address: str) -> str:
  return f'[{label}](https://{address})'


_WITH_MASK = ('weight_decay', 'mask')
_WITH_LONG_MASK = ('weight_decay', 'weight_decay_mask')

OPTIMIZERS: dict[str, Optimizer] = {
  'sgd': Optimizer(
    optax.sgd, 'w ← w − ηg', _link('Robbins & Monro 1951', 'doi.org/10.1214/aoms/1177729586')
  ),
  'momentum': Optimizer(
    momentum,
    'v ← μv + g; w ← w − ηv',
    _link('Polyak 1964', 'doi.org/10.1016/0041-5553(64)90137-5'),
  ),
  'nesterov': Optimizer(
    nesterov,
    'v ← μv + g; w ← w − η(g + μv)',
    _link('Sutskever et al. 2013', 'proceedings.mlr.press/v28/sutskever13.html'),
  ),
  'optimistic_sgd': Optimizer(
    optax.optimistic_gradient_descent,
    'w ← w − η((α + β)g − β · the last g)',
    _link('Mokhtari et al. 2019', 'arxiv.org/abs/1901.08511'),
  ),
  'polyak_sgd': Optimizer(
    polyak_sgd,
    'w ← w − η min((loss − f)/‖g‖², γ) g, f the least loss there can be, 0 by default',
    _link('Loizou et al. 2020', 'arxiv.org/abs/2002.10542'),
  ),
  'adagrad': Optimizer(
    optax.adagrad,
    's ← s + g²; w ← w − ηg/√(s + ε)',
    _link('Duchi et al. 2011', 'jmlr.org/papers/v12/duchi11a.html'),
  ),
  'rmsprop': Optimizer(
    optax.rmsprop,
    's ← ρs + (1 − ρ)g²; w ← w − ηg/√(s + ε)',
    _link(
      'Tieleman & Hinton 2012', 'www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf'
    ),
  ),
  'adadelta': Optimizer(
    optax.adadelta,
    'w ← w − η g √(d + ε)/√(s + ε), d the mean of past squared updates',
    _link('Zeiler 2012', 'arxiv.org/abs/1212.5701'),
  ),
  'adam': Optimizer(
    adam,
    'm ← β₁m + (1 − β₁)g; s ← β₂s + (1 − β₂)g²; w ← w − ηm̂/(√ŝ + ε)',
    _link('Kingma & Ba 2014', 'arxiv.org/abs/1412.6980'),
    _WITH_MASK,
  ),
  'adamw': Optimizer(
    adam,
    "Adam's update − ηλw",
    _link('Loshchilov & Hutter 2017', 'arxiv.org/abs/1711.05101'),
    _WITH_MASK,
  ),
  'nadam': Optimizer(
    optax.nadam,
    'Adam with Nesterov momentum',
    _link('Dozat 2016', 'openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ'),
  ),
  'radam': Optimizer(
    optax.radam,
    'Adam with its early variance rectified',
    _link('Liu et al. 2019', 'arxiv.org/abs/1908.03265'),
  ),
  'adamax': Optimizer(
    optax.adamax,
    'Adam with s ← max(β₂s, abs g) in place of √s',
    _link('Kingma & Ba 2014', 'arxiv.org/abs/1412.6980'),
  ),
  'amsgrad': Optimizer(
    optax.amsgrad,
    'Adam with the largest s so far',
    _link('Reddi et al. 2018', 'arxiv.org/abs/1904.09237'),
  ),
  'adabelief': Optimizer(
    optax.adabelief,
    'Adam with s of (g − m)²',
    _link('Zhuang et al. 2020', 'arxiv.org/abs/2010.07468'),
  ),
  'adafactor': Optimizer(
    optax.adafactor,
    'Adam with s as an outer product of row and column means',
    _link('Shazeer & Stern 2018', 'arxiv.org/abs/1804.04235'),
  ),
  'ademamix': Optimizer(
    contrib.ademamix,
    'Adam with m̂ + αv in place of m̂, v a slower mean of g',
    _link('Pagliardini et al. 2024', 'arxiv.org/abs/2409.03137'),
    _WITH_MASK,
  ),
  'adopt': Optimizer(
    contrib.adopt,
    'u = g/√s, clipped to ± t^¼; m ← β₁m + (1 − β₁)u; w ← w − ηm; s ← β₂s + (1 − β₂)g²',
    _link('Taniguchi et al. 2024', 'arxiv.org/abs/2411.02853'),
  ),
  'adan': Optimizer(
    adan,
    'Adam on g + β₂d, d = g − the last g',
    _link('Xie et al. 2022', 'arxiv.org/abs/2208.06677'),
    _WITH_MASK,
  ),
  'fromage': Optimizer(
    fromage,
    'w ← (w − η‖w‖ g/‖g‖)/√(1 + η²) by layer',
    _link('Bernstein et al. 2020', 'arxiv.org/abs/2002.03432'),
  ),
  'lamb': Optimizer(
    optax.lamb,
    "Adam's direction u; w ← w − η‖w‖ u/‖u‖ by layer",
    _link('You et al. 2019', 'arxiv.org/abs/1904.00962'),
    _WITH_MASK,
  ),
  'lars': Optimizer(
    optax.lars,
    'momentum with a trust ratio ‖w‖/‖g‖ by layer',
    _link('You et al. 2017', 'arxiv.org/abs/1708.03888'),
    _WITH_LONG_MASK,
  ),
  'lion': Optimizer(
    optax.lion,
    'w ← w − η sign(β₁m + (1 − β₁)g); m ← β₂m + (1 − β₂)g',
    _link('Chen et al. 2023', 'arxiv.org/abs/2302.06675'),
    _WITH_MASK,
  ),
  'madgrad': Optimizer(
    madgrad,
    'w ← μw + (1 − μ)(w₀ − v/∛s), v and s sums of η√t g and η√t g²',
    _link('Defazio & Jelassi 2021', 'arxiv.org/abs/2101.11075'),
    _WITH_MASK,
  ),
  'muon': Optimizer(
    contrib.muon,
    'momentum made orthogonal by Newton-Schulz for matrices, Adam for the rest',
    _link('Jordan et al. 2024', 'kellerjordan.github.io/posts/muon'),
  ),
  'novograd': Optimizer(
    optax.novograd,
    'Adam with one s a layer',
    _link('Ginsburg et al. 2019', 'arxiv.org/abs/1905.11286'),
  ),
  'prodigy': Optimizer(
    contrib.prodigy,
    'Adam that estimates its own η (keep η = 1)',
    _link('Mishchenko & Defazio 2023', 'arxiv.org/abs/2306.06101'),
  ),
  'sign_sgd': Optimizer(
    optax.sign_sgd, 'w ← w − η sign(g)', _link('Bernstein et al. 2018', 'arxiv.org/abs/1802.04434')
  ),
  'sm3': Optimizer(
    sm3,
    'Adagrad with s shared along axes',
    _link('Anil et al. 2019', 'arxiv.org/abs/1901.11150'),
  ),
  'yogi': Optimizer(
    optax.yogi,
    's ← s − (1 − β₂) sign(s − g²) g²; else Adam',
    _link(
      'Zaheer et al. 2018', 'papers.nips.cc/paper/8186-adaptive-methods-for-nonconvex-optimization'
    ),
  ),
}
