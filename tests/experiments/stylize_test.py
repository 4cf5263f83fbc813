"""Neural style by a network of one's own."""

import numpy as np
import pytest
from PIL import Image

from experiments.launch import load_config, plain
from experiments.stylize import paint
from experiments.train import train
from nn_zoo.errors import InputError
from nn_zoo.tasks.style import Weights


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
  """A run of a small network on digits, and two images."""
  folder = tmp_path_factory.mktemp('style')
  config = plain(load_config('configs/lenet_digits.py'))
  config['train'] |= {'steps': 20, 'eval_every': 0, 'log_every': 20}
  train(config, folder / 'run')
  random = np.random.default_rng(0)
  blob = np.zeros((24, 48, 3), np.uint8)
  blob[6:18, 12:36] = (250, 200, 150)
  Image.fromarray(blob).save(folder / 'content.png')
  Image.fromarray(random.integers(0, 256, (40, 40), np.uint8)).save(folder / 'style.png')
  (folder / 'broken.png').write_bytes(b'not an image')
  return folder


def test_the_losses_fall_and_the_picture_takes_on_the_style(folder):
  files = [folder / name for name in ('content.png', 'style.png', 'out.png')]
  losses = paint(folder / 'run', *files, size=32, steps=25)
  assert losses['total'][-1] < 0.7 * losses['total'][0]
  assert losses['style'][-1] < 0.7 * losses['style'][0]
  assert losses['content'][0] < 1e-6  # it begins as the content
  painted = np.asarray(Image.open(folder / 'out.png'))
  assert painted.shape == (16, 32)  # in the content's proportions, of the network's one channel
  rough = np.abs(np.diff(painted.astype(int), axis=1)).mean()
  flat = np.asarray(Image.open(folder / 'content.png').convert('L').resize((32, 16)))
  assert rough > 1.2 * np.abs(np.diff(flat.astype(int), axis=1)).mean()


def test_without_style_the_content_stays(folder):
  files = [folder / name for name in ('content.png', 'style.png', 'same.png')]
  losses = paint(
    folder / 'run', *files, size=32, steps=3, weights=Weights(content=1.0, style=0.0, variation=0.0)
  )
  # Of the first step alone: Adam makes steps of full length of what rounding has left of the gradient.
  assert losses['total'][0] < 1e-6


@pytest.mark.parametrize(
  ('names', 'fields', 'line'),
  [
    (('broken.png', 'style.png', 'o.png'), {}, r'broken.png: not a readable image'),
    (('content.png', 'none.png', 'o.png'), {}, r'none.png: not a readable image'),
    (('content.png', 'style.png', 'o.png'), {'size': 4}, r'^--size=4: expected at least 16$'),
    (('content.png', 'style.png', 'o.png'), {'steps': 0}, r'^--steps=0: expected at least 1$'),
    (('content.png', 'style.png', 'o.what'), {'size': 32, 'steps': 1}, r'o.what: cannot be writ'),
  ],
)
def test_what_cannot_be_painted_is_one_line(folder, names, fields, line):
  with pytest.raises(InputError, match=line):
    paint(folder / 'run', *(folder / name for name in names), **fields)
