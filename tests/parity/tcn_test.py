"""The temporal convolutional network against PyTorch's with weight normalization: outputs and gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.models import create_model
from tests.parity.networks import default_dtype, torch

nn = torch.nn
weight_norm = nn.utils.parametrizations.weight_norm
CLASSES, CHANNELS, WIDTHS, KERNEL = 3, 2, (6, 6, 5), 3


class Block(nn.Module):
  def __init__(self, inputs, outputs, dilation):
    super().__init__()
    self.reach = (KERNEL - 1) * dilation
    self.first = weight_norm(nn.Conv1d(inputs, outputs, KERNEL, dilation=dilation))
    self.second = weight_norm(nn.Conv1d(outputs, outputs, KERNEL, dilation=dilation))
    self.shortcut = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

  def forward(self, x):
    h = x
    for layer in (self.first, self.second):
      h = layer(nn.functional.pad(h, (self.reach, 0))).relu()
    return (self.shortcut(x) + h).relu()


class TCN(nn.Module):
  def __init__(self):
    super().__init__()
    ends = zip((CHANNELS, *WIDTHS), WIDTHS, strict=False)
    self.blocks = nn.Sequential(*(Block(*pair, 2**level) for level, pair in enumerate(ends)))
    self.head = nn.Linear(WIDTHS[-1], CLASSES)

  def forward(self, x_BTC):
    return self.head(self.blocks(x_BTC.movedim(-1, 1)).movedim(1, -1))


def pairs(module, params):
  """(PyTorch's parameter, ours in its layout) of each; `params` may be gradients as well."""
  for index, block in enumerate(module.blocks):
    ours = params[f'TemporalBlock_{index}']
    for name, layer in (('CausalConv_0', block.first), ('CausalConv_1', block.second)):
      length, direction = layer.parametrizations.weight.original0, layer.parametrizations.weight
      yield length, ours[name]['scale'][:, None, None]
      yield direction.original1, ours[name]['kernel'].transpose(2, 1, 0)
      yield layer.bias, ours[name]['bias']
    assert ('Conv_0' in ours) is isinstance(block.shortcut, nn.Conv1d)
    if 'Conv_0' in ours:
      yield block.shortcut.weight, ours['Conv_0']['kernel'].transpose(2, 1, 0)
      yield block.shortcut.bias, ours['Conv_0']['bias']
  yield module.head.weight, params['head']['kernel'].T
  yield module.head.bias, params['head']['bias']


@pytest.mark.parametrize('every_position', [False, True])
@pytest.mark.parametrize(('dtype', 'tolerance'), [('float32', 5e-6), ('float64', 1e-13)])
def test_outputs_and_gradients_match_torch(every_position, dtype, tolerance, difference):
  model = create_model(
    'tcn', classes=CLASSES, widths=WIDTHS, kernel_size=KERNEL, every_position=every_position
  )
  rng = np.random.default_rng(0)
  x_BTC = rng.normal(size=(4, 20, CHANNELS)).astype(dtype)
  with jax.enable_x64(dtype == 'float64'), default_dtype(dtype):
    shapes = jax.eval_shape(model.init, jax.random.key(0), x_BTC)['params']
    params = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape).astype(dtype), shapes)
    module = TCN()
    with torch.no_grad():
      for theirs, ours in pairs(module, params):
        theirs.copy_(torch.tensor(ours))
    assert len(list(pairs(module, params))) == len(list(module.parameters()))

    outputs = jax.jit(model.apply)({'params': params}, x_BTC)
    outputs_torch = module(torch.tensor(x_BTC))
    if not every_position:
      outputs_torch = outputs_torch[:, -1]
    assert outputs.dtype == dtype
    assert difference('network tcn', 'outputs', outputs, outputs_torch.detach()) < tolerance

    slope = rng.normal(size=outputs.shape).astype(dtype)
    gradient = jax.grad(lambda params: jnp.sum(slope * model.apply({'params': params}, x_BTC)))
    outputs_torch.backward(torch.tensor(slope))
    for theirs, ours in pairs(module, jax.jit(gradient)(params)):
      assert difference('network tcn', 'gradients', ours, theirs.grad) < tolerance
