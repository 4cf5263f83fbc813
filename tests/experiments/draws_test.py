"""Tasks that make examples beside a GAN: how they are judged, reported and sampled from."""

import io

import numpy as np
import pytest
from PIL import Image

from experiments.launch import load_config, plain
from experiments.pictures import Asked
from experiments.sample import sample
from experiments.train import train
from nn_zoo import judge
from nn_zoo.build import build
from nn_zoo.data import anomaly
from nn_zoo.data.dataset import Dataset
from nn_zoo.errors import InputError
from nn_zoo.tasks.generated import FIGURES
from tests.configs_test import own_images

DIGITS = tuple('0123456789')


def few_digits(**options):
  """Noise in place of MNIST, ten of whose images in a hundred are of each class."""
  image_SNHWC = np.uint8(np.random.default_rng(0).integers(0, 256, (2, 400, 28, 28, 1)))
  label_N = np.arange(400, dtype=np.int32) % 10
  train, test = ({'inputs': image_NHWC, 'targets': label_N} for image_NHWC in image_SNHWC)
  return Dataset(train, {name: array[:0] for name, array in test.items()}, test, classes=DIGITS)


@pytest.fixture(autouse=True)
def _shorter(monkeypatch):
  monkeypatch.setattr(judge, 'STEPS', 30)
  monkeypatch.setattr(anomaly, 'mnist', few_digits)


def small(name, folder):
  """A config of a task, with little data and small nets."""
  config = plain(load_config(f'configs/{name}.py'))
  config['train'] |= {'steps': 4, 'log_every': 2, 'eval_every': 2, 'batch_size': 16}
  config['train'] |= {'watch': name == 'vae_mnist', 'monitor': ''}
  if name == 'vae_mnist':
    config['data'] = plain(load_config('configs/dcgan_digits.py'))['data'] | {'limit': 200}
    config['model'] |= {'shape': (16, 16, 1), 'latent': 3, 'widths': (8,)}
  elif name == 'own_domains':
    folder.mkdir()
    config['data'] |= {'path': own_images(folder), 'size': 16, 'channels': 1}
    config['data'] |= {'validation': 0, 'test': 0.5}
    config['model'] |= {'shape': (16, 16, 1), 'other': 1, 'width': 2, 'blocks': 0}
  else:
    config['model'] |= {'latent': 3, 'width': 2}
    config['data'] |= {'validation': 8}
  return config


@pytest.mark.parametrize(
  ('name', 'sections', 'kept'),
  [
    ('vae_mnist', ('Reconstructions', 'Images drawn from the prior', 'Over time'), 'latent'),
    pytest.param(
      *('f_anogan_mnist', ('Detection', 'Generated images'), 'latent'), marks=pytest.mark.slow
    ),
    pytest.param(*('own_domains', ('Translations',), 'image'), marks=pytest.mark.slow),
  ],
)
def test_what_is_made_is_judged_shown_and_sampled(name, sections, kept, tmp_path):
  config = small(name, tmp_path / 'images')
  figures = train(config, tmp_path / 'run')['figures']['test']
  assert {'coverage', 'precision', 'recall'} <= figures.keys() & set(FIGURES)
  if name == 'f_anogan_mnist':
    assert {
      'auroc',
      'novelty',
      'real_accuracy',
      'generated_accuracy',
      'critic_loss',
    } <= figures.keys()
  page = (tmp_path / 'run' / 'report.html').read_text()
  for title in sections:
    assert f'<h2>{title}</h2>' in page
  if name == 'own_domains':  # hardly trained
    assert page.index('the generator has collapsed') < page.index('Learning curves')
  made = sample(tmp_path / 'run', Asked(6), seed=3)
  assert made == sample(tmp_path / 'run', Asked(6), seed=3)
  assert sorted(made) == ['samples-3.npz', 'samples-3.png']
  with np.load(io.BytesIO(made['samples-3.npz']), allow_pickle=False) as archive:
    assert sorted(archive) == sorted(['examples', kept])
    assert archive['examples'].shape == (6, *config['model']['shape'])
  side = config['model']['shape'][0] + 2
  assert Image.open(io.BytesIO(made['samples-3.png'])).size == (6 * side, side)
  with pytest.raises(InputError, match=r'^--label=1: the generator is not conditional'):
    sample(tmp_path / 'run', Asked(6, label=1))
  with pytest.raises(InputError, match=r'^task.truncation: \w+ has no such key'):
    sample(tmp_path / 'run', Asked(6), truncation=0.5)


def test_a_detector_knows_no_classes():
  config = plain(load_config('configs/f_anogan_mnist.py'))
  config['data']['validation'], config['model']['classes'] = 8, 10
  with pytest.raises(InputError, match=r"^model.classes=10: task.name='f_anogan' .* expected 0$"):
    build(config)
