"""Texts: words, vocabulary, token ids, and the tables they come from."""

import io
import tarfile

import numpy as np
import pytest

from nn_zoo.data import load
from nn_zoo.data.reviews import _ARCHIVE, _FILE
from nn_zoo.data.vocabulary import encode, known_words, spelled, words
from nn_zoo.errors import InputError

TABLE = """\
id,text,label
1,"Good, good film!",yes
2,a bad film,no
3,bad bad bad,no
4,good acting,yes
"""


@pytest.mark.parametrize(
  ('text', 'expected'),
  [
    ("It's good, isn't it?", "it 's good , is n't it ?"),
    ('I’d say "they\'ve" (well) won!!', "i 'd say they 've ( well ) won ! !"),
    ('A co-writer/director: 3.5_stars', 'a co writer director 3 5 stars'),
    ('Hélène naïve', 'hélène naïve'),
    ('...', ''),
  ],
)
def test_words_are_those_of_kims_tokenizer(text, expected):
  assert ' '.join(words(text)) == expected


def test_ids_go_by_falling_count_after_padding_and_unknown():
  documents = [['b', 'c', 'a'], ['c', 'b', 'c'], ['d']]
  assert known_words(documents, 1, 99) == ('<padding>', '<unknown>', 'c', 'b', 'a', 'd')
  assert known_words(documents, 2, 99)[2:] == ('c', 'b')
  assert known_words(documents, 1, 3)[2:] == ('c',)


def test_texts_become_ids_and_back():
  known = ('<padding>', '<unknown>', 'c', 'b')
  found = encode([['b', 'x', 'c'], ['c'], []], known, 0)
  assert found['values'].tolist() == [[3, 1, 2], [2, 0, 0], [1, 0, 0]]
  assert found['length'].tolist() == [3, 1, 1]
  assert {array.dtype for array in found.values()} == {np.dtype(np.int32)}
  assert spelled(found, known) == ['b <unknown> c', 'c', '<unknown>']
  assert encode([['b', 'x', 'c'], ['c']], known, 2)['values'].tolist() == [[3, 1], [2, 0]]


@pytest.fixture
def own(tmp_path):
  def read(content=TABLE, name='own.csv', **fields):
    (tmp_path / name).write_text(content, encoding='utf-8')
    columns = {'text': 'text', 'label': 'label', 'min_count': 1}
    sizes = {'validation': 0, 'test': 0, 'split_seed': 0}
    return load('text', path=str(tmp_path / name), **(columns | sizes | fields))

  return read


def test_a_table_gives_texts_and_classes(own):
  data = own()
  assert data.classes == ('no', 'yes')
  texts = dict(
    zip(spelled(data.train['inputs'], data.vocabulary), data.train['targets'], strict=True)
  )
  assert texts == {'good , good film !': 1, 'a bad film': 0, 'bad bad bad': 0, 'good acting': 1}


def test_a_tsv_has_tabs_between_its_cells(own):
  content = 'label\ttext\nyes\tgood, good\nno\tbad\n'
  data = own(content, 'own.tsv')
  assert sorted(spelled(data.train['inputs'], data.vocabulary)) == ['bad', 'good , good']


@pytest.mark.parametrize('seed', range(3))
def test_only_words_of_the_training_texts_are_known(own, seed):
  data = own(test=2, split_seed=seed)
  train = {word for text in spelled(data.train['inputs'], data.vocabulary) for word in text.split()}
  assert set(data.vocabulary[2:]) == train
  assert '<unknown>' not in train
  assert data.test['inputs']['values'].shape[1] == data.train['inputs']['values'].shape[1]


@pytest.mark.parametrize(
  ('content', 'fields', 'line'),
  [
    ('', {}, 'expected a header line and at least one example'),
    ('id,text,label\n', {}, 'expected a header line and at least one example'),
    (TABLE, {'text': 'texts'}, r"text='texts' is unknown. Did you mean 'text'\? There are: id, l"),
    (TABLE, {'label': 'class'}, "label='class' is unknown. .* id, label, text"),
    (TABLE.replace('a bad film', ' '), {}, "line 3, column 'text' is empty; expected a text"),
    (TABLE.replace('film,no', 'film,'), {}, "line 3, column 'label' holds ''; expected a class"),
    (
      TABLE.replace(',"Good, good film!"', ',Good, good film!'),
      {},
      'line 2 has 4 cells; expected 3',
    ),
  ],
)
def test_a_table_without_texts_is_one_line(own, content, fields, line):
  with pytest.raises(InputError, match=f'own.csv: {line}') as caught:
    own(content, **fields)
  assert '\n' not in str(caught.value)


@pytest.mark.parametrize(('key', 'value'), [('min_count', 0), ('vocabulary', 2), ('length', -1)])
def test_a_vocabulary_that_cannot_be_is_named(own, key, value):
  with pytest.raises(InputError, match=f'^data.{key}={value}: expected at least'):
    own(**{key: value})


def test_texts_that_are_cut_are_counted(own):
  assert own().remarks == ()
  assert own(length=3).remarks == ('1 of 4 train texts are cut after 3 tokens (data.length=3)',)
  remarks = own(length=1, test=1, validation=1).remarks
  assert [remark.partition(' texts')[0] for remark in remarks] == [
    '2 of 2 train',
    '1 of 1 validation',
    '1 of 1 test',
  ]


FIELDS = {'name': 'reviews', 'validation': 0, 'split_seed': 0}


@pytest.fixture
def published(data_folder, monkeypatch):
  monkeypatch.setenv('NN_ZOO_DATA', str(data_folder))


def test_folds_cover_every_review_once(published):
  data = [load(**FIELDS, folds=3, fold=fold) for fold in range(3)]
  assert [len(part.test['targets']) for part in data] == [3535, 3535, 3535]
  texts = [text for part in data for text in spelled(part.test['inputs'], part.vocabulary)]
  assert sum(len(part.test['targets']) for part in data) == 10605 == len(texts)
  assert data[0].classes == ('negative', 'positive')
  assert data[0].vocabulary != data[1].vocabulary
  assert 0.45 < data[0].train['targets'].mean() < 0.55


def test_reviews_are_known_by_their_words(published):
  data = load(**FIELDS, test=100, min_count=5, vocabulary=300, length=12)
  assert len(data.vocabulary) == 300
  assert data.vocabulary[2] == 'the'
  assert data.train['inputs']['values'].shape == (10505, 12)
  assert data.train['inputs']['values'].max() == 299


def test_folds_that_cannot_be_are_named(published):
  with pytest.raises(InputError, match=r'^data.test=0.1: data.folds=10 decides .* expected test=0'):
    load(**FIELDS, folds=10, test=0.1)
  with pytest.raises(InputError, match=r'^fold=10 of folds=10: expected'):
    load(**FIELDS, folds=10, fold=10)


def test_reviews_are_read_from_the_archive_as_well(published, data_folder, tmp_path, monkeypatch):
  expected = load(**FIELDS, test=100)
  content = (data_folder / 'sentiment' / _FILE.rpartition('/')[2]).read_bytes()
  monkeypatch.setenv('NN_ZOO_DATA', str(tmp_path))
  with pytest.raises(InputError, match=r'ICWSM_2014.tar.gz is missing: .*experiments.fetch sentim'):
    load(**FIELDS, test=100)
  path = tmp_path / 'sentiment' / _ARCHIVE
  path.parent.mkdir()
  with tarfile.open(path, 'w:gz') as packed:
    info = tarfile.TarInfo(_FILE)
    info.size = len(content)
    packed.addfile(info, io.BytesIO(content))
  assert load(**FIELDS, test=100).vocabulary == expected.vocabulary
  path.write_bytes(path.read_bytes()[:1000])
  with pytest.raises(InputError, match=r'ICWSM_2014.tar.gz: truncated or corrupt .* experiments'):
    load(**FIELDS, test=100)


def test_another_file_than_the_published_is_named(published, tmp_path, monkeypatch):
  monkeypatch.setenv('NN_ZOO_DATA', str(tmp_path))
  (tmp_path / 'sentiment').mkdir()
  (tmp_path / 'sentiment' / _FILE.rpartition('/')[2]).write_text('1\t0.5\tgood\n')
  with pytest.raises(InputError, match=r'GroundTruth.txt: SHA-256 .* expected c8293b0'):
    load(**FIELDS, test=100)
