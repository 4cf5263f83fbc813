import numpy as np
import pytest

from nn_zoo.ops.activations import ACTIVATIONS
from tests.reference.activations import COTANGENTS, EXAMPLES, FLOAT32, compiled

torch = pytest.importorskip('torch', reason='parity is with PyTorch')
F = torch.nn.functional

PAIRS = {
  'identity': torch.nn.Identity(),
  'sigmoid': torch.sigmoid,
  'tanh': torch.tanh,
  'relu': F.relu,
  'relu6': F.relu6,
  'leaky_relu': F.leaky_relu,
  'elu': F.elu,
  'celu': F.celu,
  'selu': F.selu,
  'gelu': F.gelu,
  'gelu_tanh': torch.nn.GELU(approximate='tanh'),
  'silu': F.silu,
  'mish': F.mish,
  'softplus': F.softplus,
  'soft_sign': F.softsign,
  'hard_sigmoid': F.hardsigmoid,
  'hard_silu': F.hardswish,
  'hard_tanh': F.hardtanh,
  'log_sigmoid': F.logsigmoid,
  'softmax': torch.nn.Softmax(-1),
  'log_softmax': torch.nn.LogSoftmax(-1),
}


def test_only_what_torch_lacks_is_left_out():
  assert ACTIVATIONS.keys() - PAIRS.keys() == {'squareplus'}


@pytest.mark.parametrize('name', PAIRS)
def test_value_and_gradient_match_torch(name, difference):
  x, g = np.float32(EXAMPLES), np.float32(COTANGENTS)
  x_torch = torch.tensor(x, requires_grad=True)
  y_torch = PAIRS[name](x_torch)
  y_torch.backward(torch.tensor(g))
  y, gradient = compiled(name)(x, g)
  subject = 'activation functions'
  assert difference(subject, 'outputs', y, y_torch.detach()) < FLOAT32[name]
  assert difference(subject, 'gradients', gradient, x_torch.grad) < FLOAT32[name]
