"""Images of two kinds."""

import numpy as np
import pytest
from PIL import Image

from nn_zoo.data import load
from nn_zoo.errors import InputError


def test_digits_are_printed_dark_on_cloth_and_none_is_in_both_kinds(data_folder, monkeypatch):
  monkeypatch.setenv('NN_ZOO_DATA', str(data_folder))
  data = load('digits_on_cloth', limit=300, validation=100, split_seed=1)
  digits = load('mnist', validation=0, split_seed=0)
  assert [len(part['inputs']) for part in data[:3]] == [300, 100, 5000]
  label = {x.tobytes(): y for x, y in zip(*digits.train.values(), strict=True)}
  targets = data.train['targets']
  assert [label[x.tobytes()] for x in data.train['inputs']] == list(targets['source'])
  # Where no ink is, there is cloth, and in the middle of a stroke next to nothing.
  assert np.median(targets['image'].max(axis=(1, 2, 3))) > 200
  assert np.median(targets['image'].min(axis=(1, 2, 3))) == 0
  assert len(targets['label']) == 300
  assert np.any(targets['label'] != targets['source'])


def images(folder, name, values):
  (folder / name).mkdir()
  for index, value in enumerate(values):
    Image.fromarray(np.full((8, 8), value, np.uint8)).save(folder / name / f'{index}.png')


def test_two_folders_are_two_kinds_and_the_smaller_is_used_more_often(tmp_path):
  images(tmp_path, 'dark', range(20))
  images(tmp_path, 'light', range(200, 206))
  fields = {'size': 8, 'channels': 1, 'split_seed': 0}
  data = load('image_domains', path=str(tmp_path), validation=0.0, test=0.0, **fields)
  assert sorted(data.train['inputs'][:, 0, 0, 0]) == [*range(20)]
  found, count = np.unique(data.train['targets']['image'][:, 0, 0, 0], return_counts=True)
  assert list(found) == [*range(200, 206)]
  assert set(count) == {3, 4}
  held = load('image_domains', path=str(tmp_path), validation=0.0, test=10, **fields)
  assert len(held.test['inputs']) == len(held.test['targets']['image']) < 10


def test_what_is_no_pair_of_folders_is_said_in_a_line(tmp_path):
  fields = {'path': str(tmp_path), 'size': 8, 'channels': 1, 'validation': 0.0, 'split_seed': 0}
  images(tmp_path, 'dark', range(9))
  with pytest.raises(InputError, match=r'expected two folders of images, found 1$'):
    load('image_domains', test=0.0, **fields)
  images(tmp_path, 'light', [200])
  with pytest.raises(InputError, match=r'no image of one folder is left to learn from'):
    load('image_domains', test=9, **fields)
