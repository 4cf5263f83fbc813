import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.ops.losses import LOSSES, loss
from tests.reference.losses import EXAMPLES

torch = pytest.importorskip('torch', reason='parity is with PyTorch')
F = torch.nn.functional


def cross_entropy(x, y, **fields):
  x, y = x.movedim(-1, 1), y.movedim(-1, 1) if y.is_floating_point() else y
  return F.cross_entropy(x, y, reduction='none', **fields)


def kl(x, y):
  y = y if y.is_floating_point() else F.one_hot(y, x.shape[-1]).float()
  return F.kl_div(x.log_softmax(-1), y, reduction='none').sum(-1)


def averaged(function):
  def average(x, y, **fields):
    values = function(x, y.float(), reduction='none', **fields)
    return values.reshape(len(x), -1).mean(-1)

  return average


def hinge(x, y, reduction):
  return F.hinge_embedding_loss((2 * y - 1) * x, -torch.ones_like(x), reduction=reduction)


PAIRS = {
  'cross_entropy': cross_entropy,
  'kl': kl,
  'binary_cross_entropy': averaged(F.binary_cross_entropy_with_logits),
  'binary_hinge': averaged(hinge),
  'mse': averaged(F.mse_loss),
  'mae': averaged(F.l1_loss),
  'huber': averaged(F.huber_loss),
  'cosine': lambda x, y: 1 - F.cosine_similarity(x, y, dim=-1),
}


def test_only_what_torch_lacks_is_left_out():
  assert LOSSES.keys() - PAIRS.keys() == {'focal', 'binary_focal', 'hinge'}


@pytest.mark.parametrize('example', [key for key, row in EXAMPLES.items() if row.loss in PAIRS])
def test_value_and_gradient_match_torch(example, difference):
  name, x, y, fields = EXAMPLES[example]
  x, y = np.float32(x), np.float32(y) if y.dtype == float else y
  x_torch = torch.tensor(x, requires_grad=True)
  values_torch = PAIRS[name](x_torch, torch.tensor(y), **fields)
  values_torch.sum().backward()
  values, vjp = jax.vjp(lambda x: loss(name)(x, y, **fields), x)
  subject, slope = 'loss functions', jnp.ones_like(values)
  assert difference(subject, 'outputs', values, values_torch.detach()) < 1e-6
  assert difference(subject, 'gradients', *vjp(slope), x_torch.grad) < 1e-6
