import gzip
import shutil

import numpy as np
import pytest

from nn_zoo.data import load
from nn_zoo.errors import InputError

IMAGES = 'train-images-idx3-ubyte.gz'
HEADER = bytes((0, 0, 8, 3, 0, 0, 0xEA, 0x60, 0, 0, 0, 28, 0, 0, 0, 28))


@pytest.fixture
def published(data_folder, monkeypatch):
  monkeypatch.setenv('NN_ZOO_DATA', str(data_folder))
  return data_folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
  """An empty folder of MNIST."""
  monkeypatch.setenv('NN_ZOO_DATA', str(tmp_path))
  (tmp_path / 'mnist').mkdir()
  return tmp_path / 'mnist'


def refusal():
  with pytest.raises(InputError) as caught:
    load('mnist', validation=0, split_seed=0)
  assert '\n' not in str(caught.value)
  return str(caught.value)


@pytest.mark.parametrize(
  ('name', 'train_counts', 'test_counts', 'mean', 'deviation'),
  [
    (
      'mnist',
      [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
      [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
      0.1307,
      0.3081,
    ),
    ('fashion_mnist', [6000] * 10, [1000] * 10, 0.2860, 0.3530),
  ],
)
def test_the_published_figures_are_met(published, name, train_counts, test_counts, mean, deviation):
  data = load(name, validation=0, split_seed=0)
  assert data.train['inputs'].shape == (60000, 28, 28, 1)
  assert data.test['inputs'].shape == (10000, 28, 28, 1)
  assert len(data.validation['inputs']) == 0
  assert data.train['inputs'].dtype == np.uint8
  assert data.train['targets'].dtype == data.test['targets'].dtype == np.int32
  assert np.bincount(data.train['targets']).tolist() == train_counts
  assert np.bincount(data.test['targets']).tolist() == test_counts
  assert len(data.classes) == 10
  values = np.arange(256) / 255
  parts = np.array_split(data.train['inputs'], 100)
  share = sum(np.bincount(part.ravel(), minlength=256) for part in parts) / (60000 * 28 * 28)
  assert round(share @ values, 4) == mean
  assert round(np.sqrt(share @ (values - mean) ** 2), 4) == deviation


def test_padding_puts_zeros_around_and_the_validation_comes_from_the_training_images(published):
  plain = load('mnist', validation=5000, split_seed=1)
  padded = load('mnist', pad=2, validation=5000, split_seed=1)
  assert padded.train['inputs'].shape == (55000, 32, 32, 1)
  assert padded.validation['inputs'].shape == (5000, 32, 32, 1)
  for part in ('validation', 'test'):
    images = getattr(padded, part)['inputs']
    np.testing.assert_array_equal(images[:, 2:-2, 2:-2], getattr(plain, part)['inputs'])
    assert images.sum(dtype=np.int64) == getattr(plain, part)['inputs'].sum(dtype=np.int64)


def test_some_classes_and_few_images_of_them(published):
  data = load('mnist', keep=(5, 6), limit=100, validation=1000, split_seed=0)
  assert data.classes == ('5', '6')
  assert data.train['inputs'].shape == (100, 28, 28, 1)
  assert len(data.validation['inputs']) == 1000
  assert np.bincount(data.test['targets']).tolist() == [892, 958]


def test_unzipped_files_are_read_too(published, folder, monkeypatch):
  for zipped in (published / 'mnist').glob('*.gz'):
    with gzip.open(zipped) as source, (folder / zipped.stem).open('wb') as target:
      shutil.copyfileobj(source, target)
  monkeypatch.setenv('NN_ZOO_DATA', str(folder.parent))
  assert load('mnist', validation=0, split_seed=0).test['targets'][:5].tolist() == [7, 2, 1, 0, 4]


def test_a_negative_pad_is_refused(folder):
  with pytest.raises(InputError, match=r'pad=-1: expected at least 0'):
    load('mnist', pad=-1, validation=0, split_seed=0)


def test_a_missing_file_is_named_with_the_command_that_brings_it(folder):
  said = refusal()
  assert said.startswith(f'{folder / IMAGES} is missing')
  assert 'python -m experiments.fetch mnist' in said
  assert 'NN_ZOO_DATA' in said


@pytest.mark.parametrize(
  ('damage', 'reason'),
  [
    (lambda zipped: zipped[:-100], 'ended before'),
    (lambda zipped: zipped[:-8] + bytes(4) + zipped[-4:], 'CRC check failed'),
    (lambda zipped: zipped[:10] + b'\xff' + zipped[11:], 'invalid block type'),
    (lambda zipped: b'<html>' + zipped, 'Not a gzipped file'),
  ],
  ids=['truncated', 'wrong_checksum', 'broken_stream', 'not_gzip'],
)
def test_a_truncated_or_corrupt_zip_is_named(folder, damage, reason):
  random = np.random.default_rng(0).bytes(1000)
  (folder / IMAGES).write_bytes(damage(gzip.compress(HEADER + random)))
  said = refusal()
  assert said.startswith(f'{folder / IMAGES}: truncated or corrupt (')
  assert reason in said


@pytest.mark.parametrize('name', [IMAGES, 'train-images-idx3-ubyte'])
@pytest.mark.parametrize(
  ('content', 'reason'),
  [
    (
      b'\x00\x00\x08\x01' + HEADER[4:],
      "begins with '00 00 08 01', expected an idx file with '00 00 08 03'",
    ),
    (b'', "begins with '', expected"),
    (HEADER + bytes(1000), '1016 bytes unzipped, expected 47040016'),
    (HEADER + bytes(60000 * 784), 'unzipped, expected ba891046e6505d7a'),
  ],
  ids=['magic', 'empty', 'size', 'digest'],
)
def test_wrong_content_is_named_with_what_was_expected(folder, name, content, reason):
  zipped = name.endswith('.gz')
  (folder / name).write_bytes(gzip.compress(content, 1) if zipped else content)
  said = refusal()
  assert said.startswith(f'{folder / name}: ')
  assert reason in said
  assert 'python -m experiments.fetch mnist' in said
