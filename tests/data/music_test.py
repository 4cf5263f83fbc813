import io

import numpy as np
import pytest
from scipy.io import savemat

from nn_zoo.data.music import KEYS, SPLITS, jsb_chorales, nottingham, parse, piano_rolls
from nn_zoo.errors import InputError

LENGTHS = {'traindata': (5, 9, 2), 'validdata': (4,), 'testdata': (7, 3)}


def cells(pieces):
  array = np.empty((1, len(pieces)), object)
  for index, piece in enumerate(pieces):
    array[0, index] = piece
  return array


def rolls():
  random = np.random.default_rng(0)
  return {
    name: [random.integers(0, 2, (length, KEYS)).astype(np.uint8) for length in lengths]
    for name, lengths in LENGTHS.items()
  }


def written(arrays, **options):
  file = io.BytesIO()
  savemat(file, arrays, **options)
  return file.getvalue()


@pytest.fixture
def own(tmp_path):
  """Writes splits as own.mat and loads it."""

  def load(segment=0, **changed):
    arrays = {name: cells(pieces) for name, pieces in rolls().items()} | changed
    arrays = {name: array for name, array in arrays.items() if array is not None}
    (tmp_path / 'own.mat').write_bytes(written(arrays, do_compression=True))
    return piano_rolls(path=str(tmp_path / 'own.mat'), segment=segment)

  return load


def test_the_target_of_a_frame_is_the_next(own):
  data, pieces = own(), rolls()
  for part, name in zip((data.train, data.validation, data.test), SPLITS, strict=True):
    for row, piece in enumerate(pieces[name]):
      end = len(piece) - 1
      assert part['inputs']['length'][row] == end
      np.testing.assert_array_equal(part['inputs']['values'][row, :end], piece[:-1])
      np.testing.assert_array_equal(part['targets'][row, :end], piece[1:])
      assert not part['inputs']['values'][row, end:].any()
  assert data.train['targets'].dtype == bool
  assert data.train['targets'].shape == (3, 8, KEYS)


def test_segments_predict_every_frame_once(own):
  data, pieces = own(segment=3), rolls()['traindata']
  inputs, targets = data.train['inputs'], data.train['targets']
  np.testing.assert_array_equal(inputs['length'], [3, 1, 3, 3, 2, 1])
  found = np.concatenate([row[:n] for row, n in zip(targets, inputs['length'], strict=True)])
  np.testing.assert_array_equal(found, np.concatenate([piece[1:] for piece in pieces]))
  assert data.test['targets'].shape == (2, 6, KEYS)  # only training pieces are cut


@pytest.mark.parametrize('load', [jsb_chorales, nottingham])
def test_a_published_file_that_is_missing_says_how_to_get_it(load, tmp_path, monkeypatch):
  monkeypatch.setenv('NN_ZOO_DATA', str(tmp_path))
  with pytest.raises(InputError, match=r'\.mat is missing: `python -m experiments.fetch music`'):
    load(segment=0)


def test_the_published_chorales_are_as_they_are_described(data_folder):
  data = jsb_chorales(segment=0)
  parts = (data.train, data.validation, data.test)
  assert [len(part['targets']) for part in parts] == [229, 76, 77]
  # 13807, 4602 and 4725 frames, of which each piece's first is not predicted.
  assert [int(part['inputs']['length'].sum()) for part in parts] == [13578, 4526, 4648]


@pytest.mark.parametrize(
  ('changed', 'line'),
  [
    ({'validdata': None}, 'has no validdata; expected traindata, validdata, testdata'),
    ({'traindata': np.zeros((4, KEYS))}, r'traindata is float64 \[4, 88\]; expected a cell array'),
    (
      {'testdata': cells([np.zeros((4, KEYS)), np.zeros((4, 87))])},
      r'testdata, piece 1 \(counted from 0\) is float64 \[4, 87\]; expected numbers \[frames, 88\]',
    ),
    (
      {'testdata': cells([np.zeros((1, KEYS))])},
      r'piece 0 .* \[1, 88\]; expected .* 2 frames or more',
    ),
    ({'testdata': cells([np.full((4, KEYS), 2)])}, 'piece 0 .* has values besides 0 and 1'),
  ],
)
def test_what_is_no_piano_roll_is_one_line(own, changed, line):
  with pytest.raises(InputError, match=f'own.mat: .*{line}') as caught:
    own(**changed)
  assert '\n' not in str(caught.value)


@pytest.mark.parametrize('compressed', [False, True])
def test_a_cut_or_foreign_file_is_one_line(compressed):
  whole = written({n: cells(pieces) for n, pieces in rolls().items()}, do_compression=compressed)
  parse(whole, 'whole.mat')
  for wrong in (
    b'',
    whole[:100],
    whole[:300],
    whole[: len(whole) // 2],
    whole[:-20],
    b'hello' * 99,
  ):
    with pytest.raises(InputError, match=r'^cut\.mat: .*(is it cut\?|has no)') as caught:
      parse(wrong, 'cut.mat')
    assert '\n' not in str(caught.value)


def test_a_missing_file_of_ones_own_is_named():
  with pytest.raises(InputError, match=r'path=none\.mat: cannot be read'):
    piano_rolls(path='none.mat', segment=0)


def test_a_negative_segment_is_named(own):
  with pytest.raises(InputError, match=r'data\.segment=-1: expected at least 0'):
    own(segment=-1)
