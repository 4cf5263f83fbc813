import numpy as np
import pytest

from nn_zoo.data.text_file import (
  UNKNOWN,
  bytes_of,
  decoded,
  encoded,
  read,
  text_file,
  tiny_shakespeare,
  written,
)
from nn_zoo.errors import InputError


def loaded(folder, content, validation=0.2, test=0.2, **fields):
  path = folder / 'text.txt'
  path.write_bytes(content if isinstance(content, bytes) else content.encode())
  return text_file(path=str(path), validation=validation, test=test, **fields)


def test_a_text_is_cut_where_it_stands_and_the_next_character_is_the_target(tmp_path):
  data = loaded(tmp_path, 'abcab' + 'ca' + 'bca', validation=2, test=3)
  assert data.vocabulary == (UNKNOWN, 'a', 'b', 'c')
  for part, text in ((data.train, 'abcab'), (data.validation, 'ca'), (data.test, 'bca')):
    assert part['inputs'].dtype == np.int32
    assert decoded(part['inputs'][0], data.vocabulary) == text[:-1]
    assert decoded(part['targets'][0], data.vocabulary) == text[1:]


def test_sizes_may_be_shares_and_a_part_of_none_has_no_row(tmp_path):
  data = loaded(tmp_path, 'ab' * 50, validation=0.1, test=0)
  assert [part['inputs'].shape for part in data[:3]] == [(1, 89), (1, 9), (0, 0)]


def test_characters_that_are_not_in_the_training_text_are_unknown_and_counted(tmp_path):
  data = loaded(tmp_path, 'aab' * 2 + 'a√☃a' + 'a😀', validation=4, test=2)
  assert decoded(data.validation['inputs'][0], data.vocabulary) == f'a{UNKNOWN}{UNKNOWN}'
  assert data.test['targets'].tolist() == [[0]]
  assert [remark.partition(': ')[2] for remark in data.remarks] == [
    '2 of 4 validation characters are not in the training text',
    '1 of 2 test characters are not in the training text',
  ]


def test_any_character_goes_there_and_back():
  known = (UNKNOWN, *sorted('\n aéß√☃😀'))
  text = '😀 aé\nß√☃'
  assert decoded(encoded(text, known), known) == text


@pytest.mark.parametrize(('kind', 'size'), [('bpe', 280), ('unigram', 30)])
def test_pieces_of_words_are_learnt_from_the_training_text_and_spell_all_of_it(
  tmp_path, kind, size
):
  text = 'the cat  saw\nthe rat. ' * 30 + 'the bat saw'
  data = loaded(tmp_path, text, validation=20, test=11, tokenizer=kind, vocabulary=size)
  count = bytes_of(data)
  assert not count[:4].any()
  assert len(count) == data.tokenizers[0].size
  for part, end in zip(data[:2], (text[:-31], text[-31:-11]), strict=True):
    tokens = np.append(part['inputs'][0], part['targets'][0, -1])
    assert part['targets'][0, :-1].tolist() == part['inputs'][0, 1:].tolist()
    assert written(tokens, data) == end
    assert len(tokens) < len(end)
    assert count[tokens].sum() == len(end)


def test_what_is_held_out_has_no_part_in_the_pieces(tmp_path):
  text, fields = 'the cat saw the rat. ' * 30, {'tokenizer': 'bpe', 'vocabulary': 280}
  one, other = (loaded(tmp_path, text + end, 20, 20, **fields) for end in ('a' * 40, 'xy' * 20))
  assert one.tokenizers[0].state == other.tokenizers[0].state


def test_a_text_that_is_one_piece_is_refused(tmp_path):
  with pytest.raises(
    InputError, match=r'text.txt: the training text is a single token; expected two'
  ):
    loaded(tmp_path, 'abab', 0, 0, tokenizer='bpe', vocabulary=270)


def test_bytes_are_those_of_utf8(tmp_path):
  text = 'aß√☃😀 ' * 9
  data = loaded(tmp_path, text, 0, 0)
  assert bytes_of(data).tolist() == [0, 1, 1, 2, 3, 3, 4]
  pieces = loaded(tmp_path, text, 0, 0, tokenizer='bpe', vocabulary=300)
  tokens = read('ß☃ é', pieces)
  assert bytes_of(pieces)[tokens].sum() == len('ß☃ é'.encode())
  assert written(tokens, pieces) == 'ß☃ é'


def test_line_ends_of_windows_and_a_byte_order_mark_are_left_out(tmp_path):
  data = loaded(tmp_path, b'\xef\xbb\xbfab\r\nab\r\n', validation=0, test=0)
  assert data.vocabulary == (UNKNOWN, '\n', 'a', 'b')


@pytest.mark.parametrize(
  ('content', 'sizes', 'line'),
  [
    ('', {}, r'text.txt: the text is empty; expected characters to learn from$'),
    (' \n\t\u2003\r\n', {}, r'text.txt: the text is blank; expected characters to learn from$'),
    (b'one\ntwo\nth\xe9ee\n', {}, r'text.txt: line 3 holds byte 0xe9, which is no UTF-8; save'),
    (
      'abcde',
      {'validation': 2, 'test': 2},
      r'leave 1 of 5 characters of .*text.txt to train; make',
    ),
    ('abcde', {'validation': 9}, r'^data.validation=9 and data.test=0.2 leave 0 of 5 characters'),
    (
      'abcde',
      {'test': -1},
      r'^data.test=-1: expected a fraction below 1, such as 0.1, or a number',
    ),
    ('abcde', {'validation': 1.5}, r'^data.validation=1.5: expected a fraction'),
  ],
)
def test_what_does_not_fit_is_one_line(tmp_path, content, sizes, line):
  with pytest.raises(InputError, match=line) as caught:
    loaded(tmp_path, content, **sizes)
  assert '\n' not in str(caught.value)


def test_a_file_that_is_not_there_is_named():
  with pytest.raises(InputError, match=r"^data.path='no.txt': cannot be read \(No such file"):
    text_file(path='no.txt', validation=0.1, test=0)


def test_tiny_shakespeare_is_the_published_text_cut_at_the_customary_place(data_folder):
  data = tiny_shakespeare(validation=111540)
  assert data.train['inputs'].shape == (1, 1003853)
  assert data.validation['inputs'].shape == (1, 111539)
  assert len(data.vocabulary) == 66
  assert decoded(data.train['inputs'][0, :14], data.vocabulary) == 'First Citizen:'
  assert not np.any(data.validation['targets'] == 0)
