import numpy as np
import pytest

from nn_zoo.data import load
from nn_zoo.data.timeseries import parse
from nn_zoo.errors import InputError

TRAIN = """\
# two channels
@problemName Own
@timeStamps false
@classLabel true up down
@data
1,2,3:4,5,6:up
3,2:-1,1e1:down

1:2:down
"""
TEST = TRAIN[: TRAIN.index('1,2,3')] + '5,6,7,8:1,2,3,4:up\n'


@pytest.fixture
def own(tmp_path):
  def read(train=TRAIN, test=TEST, validation=0):
    paths = {}
    for name, text in (('train', train), ('test', test)):
      paths[name] = str(tmp_path / f'own_{name}.ts')
      (tmp_path / f'own_{name}.ts').write_text(text)
    return load('time_series', **paths, validation=validation, split_seed=0)

  return read


def test_recordings_are_padded_to_the_longest_of_both_files(own):
  data = own()
  assert data.classes == ('up', 'down')
  order = np.argsort(-data.train['inputs']['length'])
  assert data.train['inputs']['length'][order].tolist() == [3, 2, 1]
  assert data.train['targets'][order].tolist() == [0, 1, 1]
  values = data.train['inputs']['values'][order]
  assert values.shape == (3, 4, 2)
  assert values[1].tolist() == [[3, -1], [2, 10], [0, 0], [0, 0]]
  assert data.test['inputs']['values'].tolist() == [[[5, 1], [6, 2], [7, 3], [8, 4]]]


def test_recordings_of_one_length_are_one_array(own):
  data = own(TEST, TEST)
  assert data.train['inputs'].shape == (1, 4, 2)


def test_the_validation_recordings_come_from_the_training_file(own):
  data = own(validation=1)
  assert [len(part['targets']) for part in data[:3]] == [2, 1, 1]


@pytest.mark.parametrize(
  ('old', 'new', 'line'),
  [
    ('1:2:down\n', '1:2:', "line 9 ends with '', which is no class .up, down.; is the file cut"),
    ('1:2:down\n', '1:2', 'line 9 has 1 channels of 1 steps; expected 2 .* is the file cut'),
    ('3,2:-1,1e1', '3,2:-1', 'line 7 has 2 channels of 2, 1 steps; expected 2 of one length; is'),
    ('4,5,6', '4,?,6', r"line 6, channel 1: could not convert .*'\?'; expected numbers between"),
    ('4,5,6', '4,nan,6', 'line 6, channel 1: holds a value that is not finite'),
    ('@data', '', "there is no line '@data'"),
    (TRAIN[TRAIN.index('1,2') :], '', "no recording after '@data'; is the file cut"),
    ('@classLabel true up down', '', "no line '@classLabel true NAME NAME"),
    ('true up down', 'true', "no line '@classLabel true NAME NAME"),
    ('@timeStamps false', '@timeStamps true', 'has time stamps'),
  ],
)
def test_a_damaged_file_is_one_line(own, old, new, line):
  assert old in TRAIN
  with pytest.raises(InputError, match=f'own_train.ts: {line}') as caught:
    own(TRAIN.replace(old, new))
  assert '\n' not in str(caught.value)


def test_files_that_do_not_belong_together_are_named(own):
  with pytest.raises(
    InputError, match=r'own_test.ts: other classes or channels than .*own_train.ts'
  ):
    own(test=TEST.replace('5,6,7,8:', ''))


def test_a_missing_file_is_named():
  with pytest.raises(InputError, match=r'^nowhere.ts: cannot be read .* expected a .ts file'):
    load('time_series', train='nowhere.ts', test='', validation=0, split_seed=0)


@pytest.mark.parametrize(
  ('name', 'counts', 'shape', 'classes'),
  [('japanese_vowels', [240, 30, 370], (29, 12), 9), ('basic_motions', [32, 8, 40], (100, 6), 4)],
)
def test_published_recordings_have_their_official_sizes(
  data_folder, monkeypatch, name, counts, shape, classes
):
  monkeypatch.setenv('NN_ZOO_DATA', str(data_folder))
  data = load(name, validation=counts[1], split_seed=0)
  assert [len(part['targets']) for part in data[:3]] == counts
  assert len(data.classes) == classes
  unequal = name == 'japanese_vowels'
  values = data.test['inputs']['values'] if unequal else data.test['inputs']
  assert values.shape[1:] == shape
  if unequal:
    lengths = np.concatenate([part['inputs']['length'] for part in data[:3]])
    assert (lengths.min(), lengths.max()) == (7, 29)
    assert not values[np.arange(29)[None] >= data.test['inputs']['length'][:, None]].any()


def test_a_published_file_that_is_missing_or_cut_says_how_to_fetch_it(
  data_folder, tmp_path, monkeypatch
):
  monkeypatch.setenv('NN_ZOO_DATA', str(tmp_path))
  with pytest.raises(InputError, match=r'_TRAIN.ts is missing: `python -m experiments.fetch times'):
    load('basic_motions', validation=0, split_seed=0)
  (tmp_path / 'timeseries').mkdir()
  content = (data_folder / 'timeseries' / 'BasicMotions_TRAIN.ts').read_bytes()
  lines = content.splitlines(keepends=True)
  (tmp_path / 'timeseries' / 'BasicMotions_TRAIN.ts').write_bytes(b''.join(lines[:-1]))
  with pytest.raises(InputError, match=r'_TRAIN.ts: SHA-256 .* experiments.fetch timeseries'):
    load('basic_motions', validation=0, split_seed=0)
  assert len(parse(content.decode(), 'whole').series) == 40
