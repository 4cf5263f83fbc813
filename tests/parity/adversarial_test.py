"""Second derivatives of a critic, and spectral normalization, as in PyTorch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.layers.spectral import SpectralLinear
from nn_zoo.models.dcgan import DCGAN
from nn_zoo.ops.adversarial import gradient_penalty, squared_slope
from tests.reference import assert_near

torch = pytest.importorskip('torch', reason='parity is with PyTorch')

rng = np.random.default_rng(0)
REAL, FAKE = np.float32(rng.normal(size=(2, 6, 5)))
MIX = np.float32(rng.uniform(size=6))
WEIGHTS = {name: np.float32(rng.normal(size=shape)) for name, shape in (('a', (5, 8)), ('b', (8,)))}


def ours(params, x):
  return jnp.tanh(x @ params['a']) @ params['b']


def slope(weights, x):
  x = x.detach().requires_grad_()
  logit = torch.tanh(x @ weights['a']) @ weights['b']
  return torch.autograd.grad(logit.sum(), x, create_graph=True)[0]


def theirs(penalty):
  weights = {name: torch.tensor(value, requires_grad=True) for name, value in WEIGHTS.items()}
  value = penalty(weights)
  value.backward()
  return value.detach().numpy(), {name: w.grad.numpy() for name, w in weights.items()}


def test_the_gradient_of_a_gradient_penalty():
  found, grads = jax.value_and_grad(
    lambda params: jnp.mean(gradient_penalty(lambda x: ours(params, x), REAL, FAKE, MIX))
  )(WEIGHTS)
  mix = torch.tensor(MIX)[:, None]
  at = mix * torch.tensor(REAL) + (1 - mix) * torch.tensor(FAKE)
  expected, expected_grads = theirs(lambda w: ((slope(w, at).norm(dim=1) - 1) ** 2).mean())
  assert_near(found, expected, 1e-5)
  for name, grad in grads.items():
    assert_near(grad, expected_grads[name], 1e-5)


def carried(module, gradients=False):
  """The parameters of a convolution or a product, or their gradients, as ours."""
  weight, bias = (part.grad if gradients else part.detach() for part in module.parameters())
  kernel = weight.permute(2, 3, 1, 0) if weight.ndim == 4 else weight.T
  return {'kernel': kernel.numpy(), 'bias': bias.numpy()}


def test_the_gradient_of_a_gradient_penalty_through_a_dcgan(difference):
  torch.manual_seed(0)
  first, second = torch.nn.Conv2d(3, 4, 4, 2, 1), torch.nn.Conv2d(4, 8, 4, 2, 1)
  norm, head = torch.nn.LayerNorm(8, eps=1e-6), torch.nn.Linear(4 * 4 * 8, 1)
  leaky = torch.nn.functional.leaky_relu
  real, fake = rng.normal(size=(2, 6, 16, 16, 3)).astype(np.float32)

  def judge(x):
    h = norm(second(leaky(first(x), 0.2)).movedim(1, -1))
    return head(leaky(h, 0.2).flatten(1))[:, 0]

  mix = torch.tensor(MIX)[:, None, None, None]
  at = (mix * torch.tensor(real) + (1 - mix) * torch.tensor(fake)).movedim(-1, 1).requires_grad_()
  (slopes,) = torch.autograd.grad(judge(at).sum(), at, create_graph=True)
  expected = ((slopes.flatten(1).norm(dim=1) - 1) ** 2).mean()
  expected.backward()

  def critic(gradients=False):
    scale, shift = (part.grad if gradients else part.detach() for part in norm.parameters())
    return {
      'SpectralLinear_0': carried(first, gradients),
      'SpectralLinear_1': carried(second, gradients),
      'Normalization_0': {'LayerNorm_0': {'scale': scale.numpy(), 'bias': shift.numpy()}},
      'Judgement_0': {'SpectralLinear_0': carried(head, gradients)},
    }

  model = DCGAN(shape=(16, 16, 3), width=4, normalization='layer')

  def penalty(params):
    def logits(x):
      return model.apply({'params': {'critic': params}}, x, None, True, method='criticise')

    return jnp.mean(gradient_penalty(logits, real, fake, MIX))

  found, grads = jax.jit(jax.value_and_grad(penalty))(critic())
  name = "gradient penalty through a DCGAN's critic"
  assert difference(name, 'outputs', found, expected.detach().numpy()) < 1e-5
  # No bias of the head has a part in a slope, for which PyTorch says None.
  head.bias.grad = torch.zeros(1)
  norm.bias.grad = torch.zeros(8) if norm.bias.grad is None else norm.bias.grad
  for ours, theirs in zip(*map(jax.tree.leaves, (grads, critic(gradients=True))), strict=True):
    if np.any(theirs):
      assert difference(name, 'gradients', ours, theirs) < 1e-5
    else:
      assert not np.any(ours)


def test_the_gradient_of_r1():
  found, grads = jax.value_and_grad(
    lambda params: jnp.mean(squared_slope(lambda x: ours(params, x), REAL)) / 2
  )(WEIGHTS)
  expected, expected_grads = theirs(
    lambda w: (slope(w, torch.tensor(REAL)) ** 2).sum(dim=1).mean() / 2
  )
  assert_near(found, expected, 1e-5)
  for name, grad in grads.items():
    assert_near(grad, expected_grads[name], 1e-5)


@pytest.mark.parametrize('kind', ['product', 'convolution'])
def test_spectral_normalization_once_the_iteration_has_converged(kind):
  torch.manual_seed(0)
  images = np.float32(rng.normal(size=(3, 8, 8, 5)))
  inner, layer, x, turn = {
    'product': (torch.nn.Linear(5, 7), SpectralLinear(7), REAL, lambda y: y),
    'convolution': (
      torch.nn.Conv2d(5, 7, 3, padding=1),
      SpectralLinear(7, (3, 3)),
      images,
      lambda y: y.movedim(1, -1),
    ),
  }[kind]
  module = torch.nn.utils.parametrizations.spectral_norm(inner, n_power_iterations=200)
  y = turn(module(torch.tensor(x).movedim(-1, 1)))
  y.pow(2).sum().backward()
  weight = module.parametrizations.weight

  def ours(weight):
    return weight.permute(2, 3, 1, 0).numpy() if weight.ndim == 4 else weight.T.numpy()

  params = {'kernel': ours(weight.original.detach()), 'bias': module.bias.detach().numpy()}
  u = weight[0]._u.numpy()

  def total(params):
    outputs = layer.apply({'params': params, 'batch_stats': {'u': u}}, x, False)
    return jnp.sum(outputs**2), outputs

  (_, outputs), grads = jax.jit(jax.value_and_grad(total, has_aux=True))(params)
  assert_near(outputs, y.detach().numpy(), 1e-5)
  assert_near(grads['kernel'], ours(weight.original.grad), 1e-5)
  assert_near(grads['bias'], module.bias.grad.numpy(), 1e-5)
