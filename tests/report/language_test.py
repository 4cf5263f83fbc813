import numpy as np

from nn_zoo.report.language import BEFORE, sections


def test_the_end_of_what_was_read_and_what_was_written_are_shown_as_text():
  vocabulary = ('\N{REPLACEMENT CHARACTER}', '\n', '<', 'a', 'b')
  read = np.array([[4] + [3] * BEFORE])
  (section,) = sections(
    None,
    read,
    read,
    np.array([[2, 1, 4, 0]]),
    text=lambda tokens: ''.join(vocabulary[t] for t in tokens),
  )
  assert section.title == 'Sampled text'
  assert f'>{"a" * BEFORE}</span>&lt;\nb\N{REPLACEMENT CHARACTER}</code>' in section.html
