import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from experiments.launch import load_config, plain
from experiments.pictures import Asked, files, images, latents
from experiments.sample import sample
from experiments.train import train
from nn_zoo import judge
from nn_zoo.data.dataset import Dataset
from nn_zoo.errors import InputError

MODEL = SimpleNamespace(latent=5, classes=8)
SPLITS = ('train', 'validation', 'test')
BLANK = np.zeros((2, 4, 4, 1), np.uint8)


def data_of(images):
  """Data whose training targets are these images."""
  part = {'inputs': {'latent': np.zeros((len(images), 5))}, 'targets': images}
  return Dataset(part, part, part, classes=())


def test_latents_are_of_the_seed_and_of_all_classes_in_turn():
  one, same = (latents(Asked(10, 3), MODEL) for _ in range(2))
  np.testing.assert_array_equal(one['latent'], same['latent'])
  assert one['latent'].shape == (10, 5)
  assert list(one['label']) == [*range(8), 0, 1]
  assert np.any(one['latent'] != latents(Asked(10, 4), MODEL)['latent'])
  assert list(latents(Asked(2, 3, label=5), MODEL)['label']) == [5, 5]
  for model in (SimpleNamespace(latent=5, classes=0), SimpleNamespace(latent=5)):
    assert list(latents(Asked(2), model)) == ['latent']


def test_images_become_a_grid_and_an_archive():
  x = np.linspace(-20, 300, 10 * 4 * 4).reshape(10, 4, 4, 1)
  made = {'latent': np.ones((10, 5)), 'examples': x}
  written = files(Asked(10, 3), made, data_of(np.full_like(BLANK, 200)))
  assert sorted(written) == ['samples-3.npz', 'samples-3.png']
  picture = np.asarray(Image.open(io.BytesIO(written['samples-3.png'])))
  assert picture.shape == (2 * 6, 8 * 6)
  np.testing.assert_array_equal(picture[7:11, 7:11], np.rint(np.clip(x[9, ..., 0], 0, 255)))
  assert np.all(picture[6:, 12:] == 255)
  with np.load(io.BytesIO(written['samples-3.npz']), allow_pickle=False) as archive:
    np.testing.assert_array_equal(archive['examples'], x)
    np.testing.assert_array_equal(archive['latent'], made['latent'])


def test_images_of_shares_of_white_become_no_black_ones():
  x = np.linspace(0, 1, 2 * 4 * 4, dtype=np.float32).reshape(2, 4, 4, 1)
  written = files(Asked(2), {'examples': x}, data_of(x))
  picture = np.asarray(Image.open(io.BytesIO(written['samples-0.png'])))
  np.testing.assert_array_equal(picture[1:5, 1:5], np.rint(255 * x[0, ..., 0]))


def test_points_become_an_archive_alone():
  made, data = {'examples': np.ones((3, 2))}, data_of(BLANK)
  assert list(files(Asked(3), made, data)) == ['samples-0.npz']
  assert list(files(Asked(3, 4, label=5), made, data)) == ['samples-4-5.npz']


def test_a_translator_is_given_held_out_images_of_the_first_kind():
  part = {'inputs': np.arange(6), 'targets': np.arange(6)}
  nothing = {'inputs': np.arange(0), 'targets': np.arange(0)}
  data = Dataset(part, part, nothing, classes=())
  one, same = (images(Asked(4, 3), data)['image'] for _ in range(2))
  np.testing.assert_array_equal(one, same)
  assert len(set(one)) == 4
  assert sorted(images(Asked(), data)['image']) == [*range(6)]
  with pytest.raises(InputError, match=r'^--count=7: expected 1 to 6, the number of held-out'):
    images(Asked(7), data)


@pytest.mark.parametrize(
  ('asked', 'line'),
  [(Asked(0), '--count=0: expected at least 1'), (Asked(4, 0, 8), '--label=8: expected 0 to 7')],
)
def test_what_cannot_be_made_is_said(asked, line):
  with pytest.raises(InputError, match=line):
    latents(asked, MODEL)


@pytest.fixture(scope='module')
def digits(tmp_path_factory):
  """A run of dcgan_digits, small and short."""
  config = plain(load_config('configs/dcgan_digits.py'))
  config['data']['limit'] = 200
  config['model'] |= {'width': 4, 'latent': 6}
  config['train'] |= {'steps': 4, 'log_every': 2, 'eval_every': 2, 'batch_size': 16}
  folder = tmp_path_factory.mktemp('digits') / 'run'
  with pytest.MonkeyPatch.context() as patched:
    patched.setattr(judge, 'STEPS', 30)
    train(config, folder)
  return folder


def test_a_trained_generator_makes_the_same_images_of_the_same_seed(digits):
  asked = Asked(6, label=5)
  made = sample(digits, asked, seed=3)
  assert sorted(made) == ['samples-3-5.npz', 'samples-3-5.png']
  assert made == sample(digits, asked, seed=3)
  assert made != sample(digits, asked, seed=3, truncation=0.1)
  assert Image.open(io.BytesIO(made['samples-3-5.png'])).size == (6 * 18, 18)
  with np.load(io.BytesIO(made['samples-3-5.npz']), allow_pickle=False) as archive:
    assert archive['examples'].shape == (6, 16, 16, 1)
    assert list(archive['label']) == [5] * 6
  with pytest.raises(InputError, match=r'^--label=10: expected 0 to 9'):
    sample(digits, Asked(6, label=10))


def test_the_report_of_a_generator_shows_its_images_and_both_players(digits):
  page = (digits / 'report.html').read_text()
  for title in (
    *('Generated images', 'Classes made', 'Interpolations', 'Nearest training images'),
    'Over time',
  ):
    assert f'<h2>{title}</h2>' in page
  rows = [json.loads(line) for line in (digits / 'metrics.jsonl').read_text().splitlines()]
  names = {split: {key for row in rows if row['split'] == split for key in row} for split in SPLITS}
  assert names['train'] >= {'critic_grad_norm', 'generator_grad_norm'}
  for split in ('validation', 'test'):  # on examples that the critic has not learnt from
    assert names[split] >= {'critic_loss', 'generator_loss', 'real_accuracy', 'generated_accuracy'}
  for metric in ('critic grad norm', 'generator grad norm', 'critic loss', 'real accuracy'):
    assert metric in page
  results = json.loads((digits / 'results.json').read_text())
  assert {'novelty', 'coverage', 'classifier_score'} <= results['figures']['test'].keys()
