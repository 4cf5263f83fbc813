"""Pairs of texts: how they are read, what is refused, and that their tokenizers are kept."""

import gzip
import logging

import numpy as np
import pytest

from experiments.launch import load_config, plain
from experiments.members import built
from nn_zoo.build import build
from nn_zoo.data import kept, load, tokenizer
from nn_zoo.data.dataset import Dataset
from nn_zoo.data.written import FORMS, spelled
from nn_zoo.errors import InputError

FIELDS = {'validation': 1, 'test': 1, 'split_seed': 0, 'tokenizer': 'characters'}


def texts(part, data):
  """Sources and targets as texts."""
  return [
    [mine.decode(row) for row in part[side]['values']]
    for side, mine in zip(('inputs', 'targets'), data.tokenizers, strict=True)
  ]


def write(folder, **files):
  for name, content in files.items():
    (folder / name).write_bytes(content)
  return {'path': str(folder / 'a'), 'target_path': str(folder / 'b')}


def test_two_files_and_one_with_tabs_give_the_same_pairs(tmp_path):
  paths = write(tmp_path, a='ab\r\n\nbä\ncd\nc'.encode(), b=b'1\n2\n23\n34\n4\n')
  (tmp_path / 'c.tsv.gz').write_bytes(gzip.compress('ab\t1\n\t2\nbä\t23\ncd\t34\nc\t4'.encode()))
  fields = FIELDS | {'tokenizer': 'bpe', 'vocabulary': 270}
  first = load('pairs', **paths, **fields)
  second = load('pairs', path=str(tmp_path / 'c.tsv.gz'), **fields)
  found = [texts(getattr(first, part), first) for part in ('train', 'validation', 'test')]
  together = [tuple(pair) for part in found for pair in zip(*part, strict=True)]
  assert sorted(together) == [('ab', '1'), ('bä', '23'), ('c', '4'), ('cd', '34')]
  assert found == [texts(getattr(second, part), second) for part in ('train', 'validation', 'test')]


def test_targets_stand_between_begin_and_end(tmp_path):
  paths = write(tmp_path, a=b'aa\nb\nab\nba', b=b'b\na\nba\nbb')
  data = load('pairs', **paths, **FIELDS)
  for values, length in zip(*data.train['targets'].values(), strict=True):
    assert values[0] == 2
    assert values[length - 1] == 3
    assert np.all(values[1 : length - 1] > 3)
    assert not values[length:].any()


@pytest.mark.parametrize(
  ('a', 'b', 'fields', 'line'),
  [
    (b'a\nb\nc\n', b'a\nb\n', {}, r'a has 3 lines and .*b 2; expected one target line'),
    (b'', b'a', {}, r'a: the text is empty; expected'),
    (b' \n\n', b'a\nb', {}, r'a: the text is blank; expected'),
    (b'a\n\n', b'\nb\n', {}, r'no pair of two texts; expected one a line'),
    (b'a\nb\xff\n', b'a\nb', {}, r'a: line 2 holds byte 0xff, which is no UTF-8'),
    (b'a\nbcd\na\na', b'a\nb\na\na', {'length': 2, 'too_long': 'refuse'}, r"has 3 tokens: 'bcd'"),
    (
      b'a\na\na',
      b'a\na\na',
      {'too_long': 'keep'},
      r"^data.too_long='keep': expected 'cut' or 'refuse'$",
    ),
    (b'a\nb\nc', b'a\nb\nc', {'tokenizer': 'words'}, r"^data.tokenizer='words': expected 'bpe'"),
    (
      b'a\nb\nc',
      b'a\nb\nc',
      {'tokenizer': 'bpe', 'vocabulary': 99},
      r'^data.vocabulary=99: expected at least 260',
    ),
  ],
)
def test_what_cannot_be_used_is_one_line(tmp_path, a, b, fields, line):
  with pytest.raises(InputError, match=line):
    load('pairs', **write(tmp_path, a=a, b=b), **(FIELDS | fields))


def test_files_that_are_not_there_and_lines_without_a_tab_are_named(tmp_path):
  with pytest.raises(InputError, match=r'nowhere: cannot be read \(No such file'):
    load('pairs', path=str(tmp_path / 'nowhere'), **FIELDS)
  (tmp_path / 'a').write_text('a\tb\nab\n')
  with pytest.raises(InputError, match=r'a: line 2 has 1 columns; expected a source, a tab and'):
    load('pairs', path=str(tmp_path / 'a'), **FIELDS)


def test_a_text_that_is_too_long_is_cut(tmp_path):
  paths = write(tmp_path, a=b'abcd\nb\na\nc', b=b'a\nabcd\na\nd')
  data = load('pairs', **paths, **(FIELDS | {'length': 2}))
  assert data.train['inputs']['values'].shape[1] == 2
  assert data.train['targets']['values'].shape[1] == 4
  both = [text for part in data[:3] for side in texts(part, data) for text in side]
  assert sorted(both) == ['a', 'a', 'a', 'ab', 'ab', 'b', 'c', 'd']
  cut = 'are cut after 2 tokens (data.length=2)'
  assert sum(remark.endswith(cut) for remark in data.remarks) == 2


@pytest.fixture
def limited(tmp_path):
  """A small Transformer's config, of which one source and one target are longer than its 8 positions."""
  source, target = ('\n'.join(side).encode() for side in (('a' * 9, 'b' * 8), ('c' * 7, 'd' * 8)))
  config = plain(load_config('configs/transformer_multi30k.py'))
  paths = write(tmp_path, a=source, b=target)
  sizes = {'validation': 0, 'test': 0, 'split_seed': 0, 'tokenizer': 'characters'}
  config['data'] = {'name': 'pairs', **paths, **sizes, 'length': 0, 'too_long': 'cut', 'tokens': 20}
  small = {'vocabulary': 0, 'width': 8, 'hidden': 8, 'heads': 2, 'length': 8}
  config['model'] |= small | {'encoder_layers': 1, 'decoder_layers': 1}
  config['task'] |= {'length': 8}
  config['train'] |= {'monitor': '', 'select': 'last', 'watch': False}
  return config


def test_texts_are_cut_to_the_positions_of_the_model(limited):
  data = build(limited).data
  lengths = {
    (int(source), int(target))
    for source, target in zip(
      data.train['inputs']['length'], data.train['targets']['length'], strict=True
    )
  }
  assert lengths == {(8, 9)}  # <s>, seven tokens and </s>, of which the model reads eight
  assert data.remarks == (
    '1 of 2 train texts are cut after 8 tokens (model.length=8)',
    '1 of 2 train texts are cut after 7 tokens (model.length=8)',
  )
  assert [each.data.remarks for each in built([limited])] == [data.remarks]


@pytest.mark.parametrize(
  ('fields', 'line'),
  [
    (
      {},
      r"^model.length=8: train text . \(.*\) has 9 tokens: 'a{9}'; expected at most 8, or set data",
    ),
    ({'length': 6}, r'^data.length=6: train text 0 .* expected at most 6, or set data.too_long='),
  ],
)
def test_a_text_beyond_the_positions_of_the_model_is_refused(limited, fields, line):
  limited['data'] |= {'too_long': 'refuse', **fields}
  with pytest.raises(InputError, match=line):
    build(limited)


def test_rotary_positions_have_no_end(limited):
  limited['model']['positions'] = 'rotary'
  data = build(limited).data
  assert data.remarks == ()
  assert data.train['inputs']['values'].shape[1] == 9


def test_a_truncated_archive_of_pairs_is_one_line(tmp_path):
  path = tmp_path / 'pairs.tsv.gz'
  path.write_bytes(gzip.compress(b'ab\tcd\n' * 99)[:-12])
  with pytest.raises(
    InputError, match=r'^.*pairs.tsv.gz: truncated or corrupt \(Compressed file .*\)$'
  ):
    load('pairs', path=str(path), **FIELDS)


def test_what_a_tokenizer_does_not_know_is_remarked_and_logged(tmp_path, caplog):
  paths = write(tmp_path, a=b'a\na\na\na', b=b'w\nx\ny\nz')
  with caplog.at_level(logging.INFO, 'nn_zoo'):
    data = load('pairs', **paths, **FIELDS)
  expected = [
    f'1 of 1 {part} texts hold what the tokenizer does not know' for part in ('validation', 'test')
  ]
  assert list(data.remarks) == [record.getMessage() for record in caplog.records] == expected


@pytest.mark.parametrize('kind', tokenizer.KINDS)
def test_a_tokenizer_gives_texts_back_and_is_kept(tmp_path, kind):
  known = ['the cat sat on the mat, and', 'the rat sat on the cat.'] * 20
  mine = tokenizer.learn(kind, known, 300 if kind == 'bpe' else 30)
  ids = mine.encode(known[:2])
  assert min(map(min, ids)) > 3
  assert [mine.decode(row) for row in ids] == known[:2]
  assert not {0, 2, 3} & set(mine.encode(['the </s> mat'])[0])
  assert mine.decode([2, *ids[0], 3, *ids[1]]) == known[0]
  assert ''.join(mine.pieces(ids[0])).replace(' ', '') == known[0].replace(' ', '')
  kept.write(tmp_path, Dataset({}, {}, {}, (), tokenizers=(mine, mine)))
  again, _ = tokenizer.read(tmp_path / kept.TOKENIZERS)
  assert again.state == mine.state
  assert again.encode(known[:2]) == ids


def test_bytes_leave_no_text_unknown_and_characters_do():
  bpe = tokenizer.learn('bpe', ['abc'], 260)
  assert bpe.decode(bpe.encode(['Žluťoučký 猫'])[0]) == 'Žluťoučký 猫'
  characters = tokenizer.learn('characters', ['abc'], 0)
  assert characters.encode(['aZc']) == [[4, 1, 6]]


def test_the_same_texts_give_the_same_byte_pairs():
  drawn = [spelled(day, FORMS[0]) for day in days()]
  assert tokenizer.learn('bpe', drawn, 400).state == tokenizer.learn('bpe', drawn, 400).state


def days():
  import datetime

  return [datetime.date(1999, 1, 1) + datetime.timedelta(7 * week) for week in range(60)]


def test_a_file_that_holds_no_tokenizer_is_named(tmp_path):
  (tmp_path / 'wrong.json').write_text('{"source": 1}')
  with pytest.raises(InputError, match=r'wrong.json: not the tokenizers of a run'):
    load('number_addition', tokenizer_file=str(tmp_path / 'wrong.json'), **SUMS)


SUMS = {'validation': 20, 'test': 100, 'split_seed': 0, 'examples': 400}


@pytest.mark.parametrize('reverse', [False, True])
def test_sums_are_right_and_no_tested_one_was_seen_in_either_order(reverse):
  data = load('number_addition', digits=2, reverse=reverse, **SUMS)
  seen = []
  for part in data[:3]:
    pairs = set()
    for question, answer in zip(*texts(part, data), strict=True):
      a, b = map(int, (question[::-1] if reverse else question).split('+'))
      assert a + b == int(answer)
      assert 0 <= min(a, b) <= max(a, b) < 100
      pairs.add((min(a, b), max(a, b)))
    seen.append(pairs)
  assert [len(pairs) for pairs in seen] == [280, 20, 100]
  assert not seen[0] & seen[2]
  assert not seen[1] & seen[2]


def test_there_are_no_more_sums_than_there_are():
  with pytest.raises(
    InputError, match=r'^data.examples=56: expected 1 to 55, the sums of 1 digits$'
  ):
    load('number_addition', digits=1, **(SUMS | {'examples': 56}))
  data = load('number_addition', digits=1, **(SUMS | {'examples': 55, 'test': 10}))
  assert len(data.train['inputs']['length']) == 25


def test_dates_are_written_in_english():
  import datetime

  day = datetime.date(1987, 3, 3)
  assert [spelled(day, form) for form in FORMS[:3]] == [
    'March 3, 1987',
    'Mar 3, 1987',
    'Mar. 3 1987',
  ]
  assert spelled(day, '{weekday} {d}{th} {m:02}') == 'Tuesday 3rd 03'
  assert spelled(datetime.date(2012, 11, 12), '{d}{th}') == '12th'
  assert spelled(datetime.date(2012, 11, 21), '{d}{th}') == '21st'
  data = load('dates', **(SUMS | {'examples': 300}))
  assert all(len(text) == 10 for text in texts(data.train, data)[1])


def test_the_captions_are_the_published_ones(data_folder):
  from nn_zoo.data import published
  from nn_zoo.data.lines import aligned

  path = [str(published.path('multi30k', f'test_2016_flickr.{side}')) for side in ('de', 'en')]
  german, english = aligned(*path)
  assert len(german) == len(english) == 1000
  assert german[0] == 'Ein Mann mit einem orangefarbenen Hut, der etwas anstarrt.'
  assert english[0] == 'A man in an orange hat starring at something.'
  with pytest.raises(InputError, match=r"^data.source='de' and data.target='de': expected two of"):
    load('multi30k', target='de')
