import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nn_zoo.data.preprocess import pixels_to_shares
from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.tasks import TASKS
from nn_zoo.tasks.vae import bernoulli, kl_to_standard_normal, normal
from tests.reference import assert_near

rng = np.random.default_rng(0)
KEY = jax.random.key(0)


def test_likelihoods_and_divergence_are_their_formulas():
  from scipy import stats

  x, outputs = rng.uniform(size=(4, 3, 2)), 5 * rng.normal(size=(4, 3, 2))
  share = 1 / (1 + np.exp(-outputs))
  expected = -np.sum(x * np.log(share) + (1 - x) * np.log(1 - share), axis=(1, 2))
  assert_near(bernoulli(jnp.float32(outputs), jnp.float32(x)), expected, 1e-5)
  expected = -stats.norm(outputs).logpdf(x).sum(axis=(1, 2))
  assert_near(normal(jnp.float32(outputs), jnp.float32(x)), expected, 1e-5)
  mean, log_variance = rng.normal(size=(2, 1, 1))
  at = np.linspace(-30, 30, 200_001)
  q = stats.norm(mean[0, 0], np.exp(log_variance[0, 0] / 2))
  with np.errstate(invalid='ignore'):
    integrand = q.pdf(at) * (q.logpdf(at) - stats.norm.logpdf(at))
  expected = np.sum(integrand) * (at[1] - at[0])
  found = kl_to_standard_normal(jnp.float32(mean), jnp.float32(log_variance))
  np.testing.assert_allclose(found, [expected], rtol=1e-4)


def test_the_bound_is_reconstruction_and_divergence_of_the_noise_in_the_batch():
  images = np.uint8(rng.integers(0, 256, size=(5, 4, 4, 1)))
  model = create_model('vae', shape=(4, 4, 1), latent=2, widths=(6,))
  task = TASKS['vae'](model, optax.sgd(0.1), prepare=pixels_to_shares(images), beta=3.0)
  noise = np.float32(rng.normal(size=(5, 2)))
  batch = {'inputs': images, 'noise': noise, 'weight': np.ones(5, np.float32)}
  state = task.init(KEY, batch)
  found = {name: float(mean.value) for name, mean in task.evaluate(state, batch, KEY).items()}
  x = np.float32(images / 255)
  mean, log_variance = model.apply({'params': state.params}, x, method='encode')
  z = mean + np.exp(log_variance / 2) * noise
  outputs = model.apply({'params': state.params}, z, method='decode')
  np.testing.assert_allclose(found['reconstruction'], bernoulli(outputs, x).mean(), rtol=1e-5)
  np.testing.assert_allclose(found['loss'], found['reconstruction'] + found['kl'], rtol=1e-6)
  predicted = task.predict(state, images, KEY)
  assert predicted.shape == images.shape
  assert 0 < predicted.min() < predicted.max() < 255


@pytest.mark.parametrize('name', ['vae', 'autoencoder'])
def test_examples_of_another_shape_are_refused(name):
  task = TASKS[name](create_model(name, shape=(4, 4, 1)), optax.sgd(0.1))
  with pytest.raises(InputError, match=r'model.shape=\(4, 4, 1\): .*\(5, 4, 1\)'):
    task.init(KEY, {'inputs': np.ones((2, 5, 4, 1), np.float32)})


def test_an_unknown_likelihood_is_named():
  with pytest.raises(InputError, match=r"task.likelihood='bernouli' is unknown. Did you mean"):
    TASKS['vae'](create_model('vae', shape=(2,)), optax.sgd(0.1), likelihood='bernouli')


def test_what_does_not_fit_an_autoencoder_is_said_in_a_line():
  model = create_model('autoencoder', shape=(4,), latent=2, widths=(6,))
  with pytest.raises(InputError, match=r'^task.corruption=-1: expected 0 or more'):
    TASKS['autoencoder'](model, optax.sgd(0.1), corruption=-1)
  batch = {'inputs': np.ones((3, 4), np.float32), 'weight': np.ones(3, np.float32)}
  task = TASKS['vae'](model, optax.sgd(0.1))
  with pytest.raises(
    InputError, match=r"^model.name='Autoencoder' gives a code without its variance"
  ):
    task.step(task.init(KEY, batch), batch, KEY)


def test_a_denoising_autoencoder_is_trained_on_noisy_inputs_and_judged_on_clean_ones():
  x = np.float32(rng.normal(size=(8, 4)))
  batch = {'inputs': x, 'weight': np.ones(8, np.float32)}
  model = create_model('autoencoder', shape=(4,), latent=2, widths=(6,))
  clean, noisy = (TASKS['autoencoder'](model, optax.sgd(0.1), corruption=c) for c in (0.0, 2.0))
  state = clean.init(KEY, batch)
  losses = [float(task.step(state, batch, KEY)[1]['loss'].value) for task in (clean, noisy)]
  assert abs(losses[0] - losses[1]) > 1e-3
  judged = [float(task.evaluate(state, batch, KEY)['loss'].value) for task in (clean, noisy)]
  assert judged[0] == judged[1] == pytest.approx(losses[0], rel=1e-6)
