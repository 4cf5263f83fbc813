"""The report of translations: best and worst, lengths, and where the model looked."""

import re

import numpy as np
import pytest

from nn_zoo.data import tokenizer
from nn_zoo.data.pairs import encoded
from nn_zoo.errors import InputError
from nn_zoo.report.translation import sections

TEXTS = ['a cat sat on the mat', 'the $5 dog & a cat ran on']


@pytest.fixture(scope='module')
def data():
  return encoded((TEXTS, TEXTS[::-1]), ([], []), (TEXTS, TEXTS), kind='characters')


def test_texts_lengths_and_attention_are_shown(data):
  written = data.test['targets']['values'][:, None, 1:].copy()
  written[1, 0, 0] = tokenizer.END
  written[1, 0, 1:] = 0
  weight = np.random.default_rng(0).random(
    (written.shape[2], data.test['inputs']['values'].shape[1])
  )
  found = sections(
    *data.test.values(),
    written,
    tokenizers=data.tokenizers,
    attention=[(written[0, 0], weight)],
  )
  assert [section.title for section in found] == ['Translations', 'Lengths', 'Attention']
  assert found[0].html.index('Worst') < found[0].html.index('Best')
  worst = found[0].html.split('<h3>')[2]
  assert worst.index('the $5 dog &amp; a cat ran on') < worst.index('a cat sat on the mat')
  assert found[2].html.count('<svg') == 1
  assert [s.title for s in sections(*data.test.values(), written, tokenizers=data.tokenizers)] == [
    'Translations',
    'Lengths',
  ]


def test_the_score_of_a_text_is_that_of_sacrebleu(data):
  import sacrebleu

  written = data.test['targets']['values'][:, None, 1:].copy()
  written[0, 0, 16] = tokenizer.END  # 'a cat sat on the'
  written[0, 0, 17:] = 0
  html = sections(*data.test.values(), written, tokenizers=data.tokenizers)[0].html
  worst, best = (part.split('</tr>')[1] for part in html.split('<h3>')[2:])
  expected = sacrebleu.sentence_bleu('a cat sat on the', [TEXTS[0]]).score
  assert expected == pytest.approx(100 * np.exp(1 - 6 / 5))  # all its words, and one is missing
  assert re.findall('<td[^>]*>(.*?)</td>', worst) == [
    f'{expected:.2f}',
    *(TEXTS[0], TEXTS[0], 'a cat sat on the'),
  ]
  assert re.findall('<td[^>]*>(.*?)</td>', best)[0] == '100'


def test_what_does_not_match_is_one_line(data):
  with pytest.raises(InputError, match=r'^report: 1 predictions for 2 references'):
    sections(*data.test.values(), np.zeros((1, 1, 4), np.int32), tokenizers=data.tokenizers)
